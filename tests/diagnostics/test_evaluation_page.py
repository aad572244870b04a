"""The report as a page: what it holds, and how it behaves in a real browser."""

import random
import re

import pytest
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.diagnostics import make_report
from spacy_birnn.diagnostics.training_log import LoggedStep
from spacy_birnn.tagging.targets import Target

from .screens import check_screen
from .toys import VOCAB, doc_of

LABELS = ["PER", "LOC", "ORG", "MISC"]
WORDS = [
    "said",
    "the",
    "Kösk",
    "😀",
    "of",
    "<b>bold</b>",
    "Rome",
    "Ada",
    "x" * 30,
    "'s",
]


def made_up(count, seed=0, length=25):
    """Examples with entities at random, half of them wrong, and confidences."""
    draw = random.Random(seed)
    examples = []
    for _ in range(count):
        words = [draw.choice(WORDS) for _ in range(length)]
        sides = []
        for _ in range(2):
            tags = ["O"] * length
            for start in range(0, length - 2, 6):
                if draw.random() < 0.7:
                    label = draw.choice(LABELS[: draw.randint(1, 4)])
                    tags[start] = f"B-{label}"
                    if draw.random() < 0.4:
                        tags[start + 1] = f"I-{label}"
            sides.append(tags)
        n_predicted = sum(tag.startswith("B") for tag in sides[0])
        confidences = [draw.random() for _ in range(n_predicted)]
        predicted = doc_of(words, sides[0], confidences=confidences)
        examples.append(Example(predicted, doc_of(words, sides[1])))
    return examples


def report_of(examples, **settings):
    names = {"model": "runs/model-best", "data": "dev.conll"}
    return make_report(examples, [Target("ents")], **names, **settings)


@pytest.fixture(scope="module")
def compared():
    examples = made_up(120)
    # The baseline has to read the same words: its predictions are drawn anew.
    other = []
    for number, example in enumerate(examples):
        doc = example.reference.copy()
        doc.set_ents(list(doc.ents)[: number % 3])
        other.append(Example(doc, example.reference))
    log = [
        LoggedStep(i * 10, 0.5 + i / 100, None if not i else 9 / i) for i in range(9)
    ]
    return report_of(
        examples,
        baseline=other,
        baseline_name="runs/older",
        baseline_targets=[Target("ents")],
        training=made_up(50, seed=1),
        training_name="train.conll",
        log=log,
    ).to_html()


def test_one_file_that_needs_nothing_else(compared):
    assert not re.search(r'(src|href)="(?!#)', compared)
    assert "@import" not in compared
    assert "url(" not in compared.replace("url(#", "")
    assert "Content-Security-Policy" in compared
    ids = re.findall(r'\bid="([^"]+)"', compared)
    assert len(ids) == len(set(ids))


def test_a_training_without_dev_has_no_curve_of_scores():
    log = [LoggedStep(i, None, 1.0 if i else None) for i in range(3)]
    page = report_of(made_up(20), log=log).to_html()
    assert "without a development set" in page
    assert "curve-loss" in page
    assert "curve-score" not in page


def test_words_of_the_data_are_no_markup(compared):
    assert "<b>bold" not in compared
    assert "\\u003cb\\u003ebold" in compared


def test_same_evaluation_same_bytes():
    first, second = (report_of(made_up(20)).to_html() for _ in range(2))
    assert first == second


def test_a_report_of_4000_sentences_is_below_3_megabytes():
    html = report_of(made_up(4000)).to_html()
    assert len(html.encode()) < 3_000_000
    assert len(html) > 1_000_000  # nearly each has an error, and all are there


def test_tags_and_confusions_in_context():
    rows = [("a b c d", "NVNA", "NNNA"), ("a b e f", "NVNA", "NNVA")]
    examples = []
    for text, gold, predicted in rows:
        words = text.split()
        sides = [Doc(VOCAB, words=words, tags=list(tags)) for tags in (predicted, gold)]
        examples.append(Example(*sides))
    report = make_report(examples, [Target("tag")], model="m", data="d")
    html = report.to_html()
    assert "The most frequent confusions" in html
    assert html.index("<b>V</b> → <b>N</b>") < html.index("<b>N</b> → <b>V</b>")
    assert re.search(r"<p>a <mark [^>]*>b</mark> c d</p>", html)
    assert "Unknown words" not in html


def test_nothing_wrong_and_nothing_there():
    doc = doc_of(["a", "b"], ["B-PER", "O"])
    html = report_of([Example(doc, doc)]).to_html()
    assert "There are no errors." in html
    doc = doc_of(["a", "b"], ["O", "O"])
    assert "<h2" in report_of([Example(doc, doc)]).to_html()


# --- in a browser ---------------------------------------------------------------------

SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 500);
})"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_fits_the_screen_in_both_schemes(open_page, compared, width, scheme):
    page = open_page(compared, width, 800, scheme)
    check_screen(page, width, scheme)
    assert page.locator("ol.errors > li").count() == 20
    assert page.problems == []


@pytest.mark.slow
def test_filters_search_and_pages(open_page, compared):
    page = open_page(compared)
    status = page.locator("[role=status]")
    total = int(re.search(r"of ([\d,]+)", status.text_content())[1].replace(",", ""))
    shown = page.locator("ol.errors > li")

    def count():
        found = re.search(r"([\d,]+) errors?$", status.text_content())
        return int(found[1].replace(",", ""))

    sure = [float(x) for x in page.locator("ol.errors .sure").all_text_contents()]
    assert sure == sorted(sure, reverse=True)
    page.get_by_role("button", name="Next").click()
    assert status.text_content().startswith("21–40 of")
    # One kind only.
    for name in ("type", "boundary", "type and boundary", "spurious"):
        page.locator(".chip", has_text=re.compile(rf"^\s*{name} \d")).click()
    assert 0 < count() < total
    assert set(page.locator("ol.errors .kind").all_text_contents()) == {"missed"}
    page.get_by_label("Gold").select_option(label="ORG")
    assert page.locator("ol.errors .goldlabel").first.text_content() == "gold ORG"
    by_type = count()
    page.get_by_label("Who errs").select_option(label="both err")
    assert count() < by_type
    page.get_by_role("button", name="Clear").click()
    page.locator("[role=status]", has_text=f"of {total:,} errors").wait_for()
    # Search, from the keyboard; case does not matter.
    page.keyboard.press("/")
    page.keyboard.type("KÖSK")
    assert 0 < count() < total
    assert all("Kösk" in text for text in shown.locator(".context").all_inner_texts())
    page.keyboard.type("nowhere")
    assert count() == 0
    assert page.get_by_role("button", name="Next").is_disabled()
    assert page.problems == []


@pytest.mark.slow
def test_marks_stand_where_the_spans_are(open_page):
    """Also beyond characters of two UTF-16 units, and where the sides cross."""
    words = ["😀", "Ada", "Lovelace", "King", "left"]
    gold = doc_of(words, ["O", "B-PER", "I-PER", "O", "O"])
    predicted = doc_of(words, ["O", "O", "B-ORG", "I-ORG", "O"], confidences=[0.5])
    page = open_page(report_of([Example(predicted, gold)]).to_html())
    item = page.locator("ol.errors .context")
    assert item.locator("mark.predicted").text_content() == "Lovelacegold PER KingORG"
    assert "".join(item.locator(".gold").all_text_contents()) == "Ada Lovelace"
    assert page.locator("ol.errors .kind").text_content() == "type and boundary"


@pytest.mark.slow
def test_everything_is_reached_with_the_keyboard(open_page, compared):
    page = open_page(compared)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(e => e.name || e.textContent.trim())(document.activeElement)"
            )
        )
    wanted = {
        "kind",
        "text",
        "gold",
        "predicted",
        "seen",
        "by",
        "order",
        "Clear",
        "Next",
    }
    assert wanted <= reached
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    assert page.locator("[role=status]").text_content().startswith("21–40")


@pytest.mark.slow
def test_no_layout_shift_with_20000_sentences(open_page):
    page = open_page(report_of(made_up(20_000, length=12)).to_html())
    assert page.locator("ol.errors > li").count() == 20
    assert page.evaluate(SHIFT) < 0.001
    # To scroll through all of it shifts nothing either.
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 900):
        page.evaluate(f"window.scrollTo(0, {top})")
    assert page.evaluate(SHIFT) < 0.001
    assert page.problems == []


@pytest.mark.slow
def test_a_confusion_leads_to_its_errors(open_page):
    words = ["a", "b", "c"]
    sides = [Doc(VOCAB, words=words, tags=list(tags)) for tags in ("NNV", "VNN")]
    report = make_report([Example(*sides)], [Target("tag")], model="m", data="d")
    page = open_page(report.to_html())
    page.get_by_role("button", name="All of them").first.click()
    page.locator("[role=status]", has_text=re.compile("^1–1 of 1 error$")).wait_for()
    assert page.locator("ol.errors > li").count() == 1
    assert page.problems == []


@pytest.mark.slow
def test_explanation_fits_the_screen(open_page):
    from spacy_birnn.diagnostics import explain

    from .pipes import untrained

    html = explain(untrained(), "a <b> c 😀 b").to_html("m")
    for width, scheme in ((360, "dark"), (1600, "light")):
        page = open_page(html, width, 800, scheme)
        check_screen(page, width, scheme)
        assert page.locator("section").count() >= 1
        assert page.problems == []
