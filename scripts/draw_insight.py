"""Take the pictures of a report and of an explanation for the documentation.

    python -m spacy birnn train configs/efficiency/demo.cfg -o training/demo
    python scripts/draw_insight.py training/demo/model-best docs

Evaluates a pipeline that was trained on the demo corpus, and opens the pages in the
system's Chromium.
"""

import argparse
import io
import shutil
import tempfile
from pathlib import Path

import spacy
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.diagnostics import explain, make_report
from spacy_birnn.diagnostics.evaluation import predict, use_confidence
from spacy_birnn.tagging.targets import Target

DEMO = Path(__file__).resolve().parent.parent / "assets" / "demo"
TEXT = "Ingrid Okafor of Corvena said in Bergen in May that she may leave Jordan."
WIDTH, HEIGHT = 1240, 860


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="a pipeline trained on the demo corpus")
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    arguments = parser.parse_args()
    nlp = spacy.load(arguments.model)
    use_confidence(nlp)
    pages = {
        "insight-report": report(nlp),
        "insight-explain": explain(nlp, TEXT).to_html("demo/model-best"),
    }
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for name, html in pages.items():
            path = Path(folder) / f"{name}.html"
            path.write_text(html, encoding="utf8")
            page.goto(path.as_uri())
            take(page, name, arguments.folder)
        browser.close()


def report(nlp: spacy.language.Language) -> str:
    """The report on the demo corpus' test file."""
    examples = list(AnyCorpus(DEMO / "test.conll")(nlp))
    predict(nlp, examples)
    return make_report(
        examples,
        [Target("ents")],
        model="demo/model-best",
        data="test.conll",
        training=list(AnyCorpus(DEMO / "train.conll")(nlp)),
        training_name="train.conll",
    ).to_html()


def take(page: Page, name: str, folder: Path) -> None:
    """Take the top of a page; of the report also its list of errors."""
    save(page, folder / f"{name}.png")
    errors = page.locator("#part0-errors")
    if errors.count():
        errors.scroll_into_view_if_needed()
        page.evaluate("document.getElementById('part0-errors').scrollIntoView()")
        save(page, folder / "insight-errors.png")


def save(page: Page, path: Path) -> None:
    """Write what the page shows, in as few colours as it takes."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
