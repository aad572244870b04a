"use strict";
// The list of errors: filtered, searched and shown a page at a time.
const PER_PAGE = 20;
const CONTEXT = 240; // characters shown on either side of an error

function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key === "hue") made.style.setProperty("--h", value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function startExplorer(id) {
  const root = document.getElementById(id);
  const data = JSON.parse(document.getElementById(id + "-data").textContent);
  const form = root.querySelector("form");
  const list = root.querySelector("ol.errors");
  const status = root.querySelector("[role=status]");
  const [back, on] = root.querySelectorAll(".pager button");
  const haystacks = data.sentences.map(([text]) => text.toLowerCase());
  let found = [], page = 0;

  function label(side) { return side ? side[2] : -1; }

  function fits(error, wanted) {
    const [kind, sentence, gold, predicted, by, seen] = error;
    return (!wanted.kinds || wanted.kinds.has(kind))
      && (wanted.gold === null || label(gold) === wanted.gold)
      && (wanted.predicted === null || label(predicted) === wanted.predicted)
      && (wanted.by === null || by === wanted.by)
      && (wanted.seen === null || seen === wanted.seen)
      && (!wanted.text || haystacks[sentence].includes(wanted.text));
  }

  function choice(name) {
    const field = form.elements[name];
    return field && field.value !== "" ? Number(field.value) : null;
  }

  function filter() {
    const boxes = [...form.querySelectorAll("[name=kind]")];
    const wanted = {
      kinds: boxes.length ? new Set(boxes.filter(b => b.checked).map(b => Number(b.value))) : null,
      gold: choice("gold"), predicted: choice("predicted"),
      by: choice("by"), seen: choice("seen"),
      text: form.elements.text.value.trim().toLowerCase(),
    };
    found = data.errors.filter(error => fits(error, wanted));
    if (form.elements.order.value === "text") found.sort((a, b) => a[1] - b[1]);
    show(0);
  }

  function show(number) {
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    page = Math.min(Math.max(number, 0), pages - 1);
    const first = page * PER_PAGE, shown = found.slice(first, first + PER_PAGE);
    list.start = first + 1;
    list.replaceChildren(...shown.map(item));
    const range = found.length ? `${first + 1}–${first + shown.length} of ` : "";
    status.textContent = `${range}${found.length.toLocaleString("en")} ${found.length === 1 ? "error" : "errors"}`;
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
  }

  function name(side) {
    if (!side) return element("span", {className: "soft"}, "nothing");
    const shown = data.labels[side[2]] || "nothing";
    return element("span", {}, element("span", {className: "swatch", hue: data.hues[side[2]]}), shown);
  }

  function item(error) {
    const [kind, sentence, gold, predicted, by, seen] = error;
    const kinds = data.kinds[kind];
    const head = element("div", {className: "head"},
      element("span", {className: "kind"}, element("span", {className: "dot kind-" + kinds[0]}), kinds[1]),
      element("span", {}, "gold ", name(gold), " → predicted ", name(predicted)));
    if (predicted && predicted[3] !== undefined) {
      const sure = predicted[3];
      head.append(element("span", {className: "sure num"},
        element("meter", {min: 0, max: 1, value: sure, title: "confidence"}), sure.toFixed(3)));
    }
    if (seen !== undefined && seen >= 0) head.append(element("span", {className: "soft"}, data.seen[seen]));
    if (by !== undefined && by >= 0) head.append(element("span", {className: "soft"}, data.by[by]));
    const [text, right, doc, number] = data.sentences[sentence];
    head.append(element("span", {className: "place num"}, `document ${doc + 1}, sentence ${number + 1}`));
    const context = element("p", {className: "context"});
    fill(context, text, right, gold, predicted, false);
    return element("li", {}, head, context);
  }

  // Text with the predicted span filled and the gold one underlined; right spans framed.
  function fill(place, text, right, gold, predicted, whole) {
    const chars = Array.from(text); // offsets count code points
    const sides = [gold, predicted].filter(Boolean);
    const from = Math.min(...sides.map(s => s[0])), to = Math.max(...sides.map(s => s[1]));
    let start = 0, end = chars.length;
    if (!whole && chars.length > 2 * CONTEXT + to - from) {
      start = Math.max(0, from - CONTEXT);
      end = Math.min(chars.length, to + CONTEXT);
      while (start > 0 && start < from && chars[start - 1] !== " ") start++;
      while (end < chars.length && end > to && chars[end] !== " ") end--;
    }
    const marks = [...right.map(s => [s, "other"]), ...(predicted ? [[predicted, "predicted"]] : [])];
    const cuts = new Set([start, end]);
    for (const [side] of [...marks, [gold]]) {
      if (side) for (const cut of side.slice(0, 2)) if (cut > start && cut < end) cuts.add(cut);
    }
    const bounds = [...cuts].sort((a, b) => a - b);
    const pieces = [];
    let mark = null, marked = null;
    for (let i = 0; i + 1 < bounds.length; i++) {
      const [a, b] = [bounds[i], bounds[i + 1]];
      const over = marks.find(([s]) => s[0] <= a && b <= s[1]);
      let piece = chars.slice(a, b).join("");
      if (gold && gold[0] <= a && b <= gold[1]) {
        piece = element("span", {className: "gold", hue: data.hues[gold[2]]}, piece);
      }
      const parts = [piece];
      if (gold && gold[1] === b) {
        parts.push(element("small", {className: "goldlabel", hue: data.hues[gold[2]]}, "gold " + data.labels[gold[2]]));
      }
      if (!over) { pieces.push(...parts); continue; }
      if (marked !== over[0]) {
        marked = over[0];
        mark = element("mark", {className: over[1], hue: data.hues[marked[2]]});
        pieces.push(mark);
      }
      mark.append(...parts);
      if (marked[1] === b) mark.append(element("small", {}, data.labels[marked[2]] || "nothing"));
    }
    place.replaceChildren(start > 0 ? "… " : "", ...pieces, end < chars.length ? " … " : "");
    if (start > 0 || end < chars.length) {
      place.append(element("button", {
        type: "button", className: "plain",
        onclick: () => fill(place, text, right, gold, predicted, true),
      }, "whole sentence"));
    }
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  back.addEventListener("click", () => { show(page - 1); list.scrollIntoView(); });
  on.addEventListener("click", () => { show(page + 1); list.scrollIntoView(); });
  filter();
  return (gold, predicted) => {
    form.reset();
    form.elements.gold.value = gold;
    form.elements.predicted.value = predicted;
    filter();
    root.scrollIntoView();
    form.elements.text.focus({preventScroll: true});
  };
}

const explorers = {};
document.addEventListener("click", event => {
  const button = event.target.closest("[data-explorer]");
  if (button) explorers[button.dataset.explorer](button.dataset.gold, button.dataset.predicted);
});
document.addEventListener("keydown", event => {
  if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
  const field = document.querySelector("[name=text]");
  if (field) { event.preventDefault(); field.focus(); }
});
