"""Make the demo corpus: news-like English with five entity types, from a grammar.

    python scripts/make_demo_corpus.py [assets/demo] [--seed 0]

The grammar and the word lists are in ``demo_grammar.txt`` beside this file. Open word
classes are shared out: a part of their members is met in training, a part only in
development and a part only in test, so that a model which learns names by heart fails
where one that reads context and spelling does not. Needs nothing but Python; the same
seed gives the same bytes.
"""

import argparse
import os
import random
from pathlib import Path
from typing import Dict, List, Tuple

GRAMMAR = Path(__file__).with_name("demo_grammar.txt")
SIZES = {"train": 1000, "dev": 200, "test": 300}
LABELS = ("PER", "ORG", "LOC", "DATE", "PRODUCT")
# Of each open class: the part that is met in training; the rest is halved between
# development and test, which draw from their own half every second time.
SHARED, OWN_RATE = 0.6, 0.5
HEADLINE_RATE, LOWER_RATE = 0.06, 0.03

Row = Tuple[str, str]  # a word and its IOB2 tag


class Grammar:
    """Sections of alternatives; expands a section to tagged words for one split."""

    def __init__(self, text: str, seed: int):
        self.closed: Dict[str, List[str]] = {}
        self.open: Dict[str, Dict[str, List[str]]] = {}
        for name, is_open, lines in read_sections(text):
            if is_open:
                members = [m.strip() for m in " ".join(lines).split(",")]
                self.open[name] = share_out(members, random.Random(f"{name}-{seed}"))
            else:
                self.closed[name] = [alt for line in lines for alt in weighted(line)]

    def expand(self, name: str, split: str, rng: random.Random) -> List[Row]:
        """Expand one section; a section named after a label makes one entity."""
        if name in self.open:
            own = split != "train" and rng.random() < OWN_RATE
            words = rng.choice(self.open[name][split if own else "train"]).split()
            return [(word, "O") for word in words]
        rows: List[Row] = []
        for piece in rng.choice(self.closed[name]).split():
            if piece.startswith("{"):
                rows += self.expand(piece[1:-1], split, rng)
            else:
                rows.append((piece, "O"))
        label = name.split(".")[0]
        return tag_entity(rows, label, name) if label in LABELS else rows


def read_sections(text: str) -> List[Tuple[str, bool, List[str]]]:
    """Split the grammar file into (name, is an open class, lines)."""
    sections: List[Tuple[str, bool, List[str]]] = []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            name, _, mark = line[1:-1].partition(" ")
            sections.append((name, mark == "!", []))
        elif line and not line.startswith("#"):
            sections[-1][2].append(line)
    return sections


def weighted(line: str) -> List[str]:
    """``3* text`` counts three times."""
    times, star, rest = line.partition("* ")
    return [rest] * int(times) if star and times.isdigit() else [line]


def share_out(members: List[str], rng: random.Random) -> Dict[str, List[str]]:
    """Share the members of an open class out between the three splits."""
    rng.shuffle(members)
    shared = round(SHARED * len(members))
    half = (shared + len(members)) // 2
    return {
        "train": members[:shared],
        "dev": members[shared:half],
        "test": members[half:],
    }


def tag_entity(rows: List[Row], label: str, name: str) -> List[Row]:
    """One entity over all words: nested ones are swallowed, a leading "the" is not."""
    if name == "LOC.upper":
        rows = [(word.upper(), tag) for word, tag in rows]
    if any(tag != "O" for _, tag in rows):
        return rows  # the entity is already inside, e.g. "the {ORG.daily}"
    start = 1 if rows[0][0] == "the" and len(rows) > 1 else 0
    tags = ["O"] * start + [f"B-{label}"] + [f"I-{label}"] * (len(rows) - start - 1)
    return [(word, tag) for (word, _), tag in zip(rows, tags, strict=True)]


def make_sentence(grammar: Grammar, split: str, rng: random.Random) -> List[Row]:
    """One sentence, now and then in the manner of a headline or of a transcript."""
    rows = grammar.expand("sentence", split, rng)
    rows = [(an(word, following), tag) for (word, tag), following in with_next(rows)]
    style = rng.random()
    if style < HEADLINE_RATE:
        rows = [(capital(word), tag) for word, tag in rows if word != "."]
    elif style < HEADLINE_RATE + LOWER_RATE:
        rows = [(word.lower(), tag) for word, tag in rows]
    first = 1 if rows[0][0] == '"' else 0
    if style >= HEADLINE_RATE + LOWER_RATE and rows[first][1] == "O":
        rows[first] = (capital(rows[first][0]), "O")
    return rows


def with_next(rows: List[Row]) -> List[Tuple[Row, str]]:
    return list(zip(rows, [word for word, _ in rows[1:]] + [""], strict=True))


def an(word: str, following: str) -> str:
    """The article, by the first letter of the word that follows."""
    vowel = following[:1] in set("aeioAEIO") and following.lower() not in ("one", "eu")
    return "an" if word == "a" and vowel else word


def capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def make_corpus(seed: int) -> Dict[str, str]:
    """The text of the three files; no sentence occurs twice."""
    grammar = Grammar(GRAMMAR.read_text(encoding="utf8"), seed)
    seen = set()
    texts = {}
    for split, size in SIZES.items():
        rng = random.Random(f"{split}-{seed}")
        blocks: List[str] = []
        while len(blocks) < size:
            rows = make_sentence(grammar, split, rng)
            key = tuple(word.lower() for word, _ in rows)
            if key not in seen:
                seen.add(key)
                blocks.append("".join(f"{word}\t{tag}\n" for word, tag in rows))
        texts[split] = "\n".join(blocks)
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo corpus.")
    parser.add_argument("out", nargs="?", type=Path, default=Path("assets/demo"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for split, text in make_corpus(args.seed).items():
        temporary = args.out / f"{split}.conll.part"
        temporary.write_text(text, encoding="utf8", newline="\n")
        os.replace(temporary, args.out / f"{split}.conll")


if __name__ == "__main__":
    main()
