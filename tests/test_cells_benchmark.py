"""benchmarks/cells.py: equal parameters, the recipes and the table."""

from pathlib import Path

import cells
import pytest
from cells import DEFAULT, VARIANTS
from recipes.cells import make_config
from recipes.corpora import CORPORA
from records import read_results
from spacy.util import load_config_from_str

DOCS = Path(__file__).parents[1] / "docs"


def test_all_encoders_have_as_many_parameters():
    assert len({variant[:2] for variant in VARIANTS}) == 6
    for variant in VARIANTS:
        few = variant._replace(hidden=variant.hidden - 1)
        assert cells.parameters(variant) == pytest.approx(
            cells.parameters(DEFAULT), rel=0.006
        )
        assert cells.parameters(few) < cells.parameters(variant)


@pytest.mark.parametrize("corpus", cells.TASKS)
def test_the_encoder_alone_differs_from_the_recipe(corpus):
    recipe = make_config(CORPORA[corpus], "efficiency", {})
    recipe["training"]["max_epochs"] = cells.EPOCHS
    recipe["corpora"]["train"]["limit"] = cells.SENTENCES
    (component,) = recipe["components"].values()
    tok2vec = component["model"]["tok2vec"]
    for variant in VARIANTS:
        config = load_config_from_str(cells.cell_of(corpus, variant).config)
        tok2vec["encode"].update(variant.settings)
        assert config.to_str() == recipe.to_str()
    embed = tok2vec["embed"]
    assert 100 + embed["char_width"] == cells.INPUT_WIDTH


def test_the_table_marks_what_is_not_known():
    trained = {"what": "training", "corpus": "conll2000", "dev": {"sentences": 0.95}}
    timed = {
        "what": "speed",
        "corpus": "conll2000",
        "tokens_per_second": {"median": 120_000.0},
        "over_default": {"median": 1.5},
    }
    own = VARIANTS[0]._asdict()
    _, _, first, *_ = cells.table([{**trained, **own}, {**timed, **own}])
    assert first == (
        "| RNN | 1 | 379 | 201,249 | – | – | 95.00 | 120,000 (1.50) | – | – |"
    )


def test_the_docs_say_what_was_measured():
    page = (DOCS / "performance.md").read_text("utf-8")
    assert "\n".join(cells.table(read_results(cells.RESULTS))) in page
