"""benchmarks/transfer.py: what is scored out of domain, and the table."""

from argparse import Namespace
from pathlib import Path

import pytest
import transfer
from recipes.training import MODEL, OUTPUT
from records import read_results

from .pipeline.toys import trained

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def args(tmp_path, monkeypatch):
    """One trained pipeline, and files."""
    monkeypatch.setattr(transfer, "RESULTS", tmp_path / "results.json")
    folder = tmp_path / "conll2003-efficiency-seed0"
    (folder / MODEL).mkdir(parents=True)
    trained("birnn_ner").to_disk(folder / MODEL)
    (tmp_path / "eng.testa").write_text("Ann X X B-PER\n\nleft X X O\n\n")
    wikigold = tmp_path / "wikigold"
    wikigold.write_text("Ann I-PER\nOtto B-PER\n\nleft O\n\n")
    return Namespace(
        data=tmp_path,
        wikigold=wikigold,
        models=tmp_path,
        setting="efficiency",
        systems=["efficiency"],
        seeds=[0, 1],
    )


def test_what_is_trained_is_scored_once(args, capsys):
    transfer.run(args)
    told = capsys.readouterr().out
    assert "efficiency  0 F1 " in told
    assert "efficiency  1 is not among the models" in told
    (entry,) = read_results(transfer.RESULTS)
    for name in ("testa", "wikigold", "running"):
        assert all(0 <= entry[name][key] <= 1 for key in "prf")
    transfer.run(args)
    assert "F1" not in capsys.readouterr().out


def test_a_training_that_has_not_ended_is_not_scored(args):
    (args.models / "conll2003-efficiency-seed0" / OUTPUT / "checkpoint").touch()
    transfer.run(args)
    assert read_results(transfer.RESULTS) == []


def entry(system, seed, f1, setting=""):
    scores = {"p": f1 + 0.1, "r": f1 - 0.1, "f": f1}
    return {
        "system": system,
        "setting": setting,
        "seed": seed,
        "testa": {**scores, "f": f1 + 0.2},
        "wikigold": scores,
        "running": scores,
        "best_dev": f1 + 0.2,
    }


def test_the_table_has_spacys_best_setting():
    entries = [
        entry("spaCy", 0, 0.4, "efficiency"),
        entry("spaCy", 0, 0.5, "accuracy"),
        entry("efficiency", 0, 0.6),
        entry("efficiency", 1, 0.7),
    ]
    assert list(transfer.table(entries))[2:] == [
        "| `efficiency` | 2 | 85.00 ± 7.07 | 65.00 ± 7.07 | 75.00 ± 7.07 "
        "| 55.00 ± 7.07 | 65.00 ± 7.07 |",
        "| spaCy `ner` | 1 | 70.00 | 50.00 | 60.00 | 40.00 | 50.00 |",
    ]


def test_the_docs_say_what_was_measured():
    page = (DOCS / "accuracy.md").read_text("utf-8")
    assert "\n".join(transfer.table(read_results(transfer.RESULTS))) in page
