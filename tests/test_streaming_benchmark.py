"""benchmarks/streaming.py: what is trained, what is scored, and the table."""

import pytest
import streaming
from streams import cost, models, report
from streams.accuracy import score_all

from .pipeline.toys import trained


@pytest.mark.parametrize("corpus", models.EPOCHS)
def test_a_network_changes_the_encoder_alone(corpus):
    configs = {n.name: models.cell_of(corpus, n).config for n in models.NETWORKS}
    assert len(set(configs.values())) == len(models.NETWORKS)
    for network in models.NETWORKS:
        lines = configs[network.name].splitlines()
        assert f'cell = "{network.cell}"' in lines
        assert ("bidirectional = true" in lines) == network.both
        assert (f"lookahead = {network.lookahead}" in lines) == (
            network.lookahead is not None
        )


def test_every_delay_of_the_table_has_a_network():
    names = {network.name for network in models.NETWORKS}
    assert {name for row in report.ROWS.values() for name in row.values()} == names


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """One network that is trained, and a corpus."""
    nlp = trained("birnn_ner")
    network = models.NETWORKS[0]
    path = models.path_of("conll2003", network, 0, tmp_path / "models")
    path.mkdir(parents=True)
    nlp.to_disk(path)
    (path.parents[1] / "done").touch()
    (tmp_path / "eng.testa").write_text(
        "Anna X X B-PER\nBerg X X I-PER\nleft X X O\n\nOtto X X B-PER\n\n"
    )
    return tmp_path


@pytest.mark.slow
def test_what_is_trained_is_scored_once(toy, capsys):
    pytest.importorskip("matplotlib")
    results = toy / "results" / "accuracy.json"
    command = ["--results", str(toy / "results"), "accuracy"]
    command += ["--conll2003", str(toy), "--models", str(toy / "models")]
    streaming.main(command)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(models.LAGS)
    assert all(0.0 <= float(line.split()[-1]) <= 1.0 for line in told)
    streaming.main(command)
    assert capsys.readouterr().out == ""
    plot = toy / "plot.svg"
    streaming.main(["--results", str(toy / "results"), "report", "--plot", str(plot)])
    table = capsys.readouterr().out
    assert "LSTM, one direction" in table
    assert "GRU" not in table
    assert plot.read_text().startswith("<?xml")
    score_all(toy / "models", {}, results)
    assert capsys.readouterr().out == ""


def test_one_word_many_streams_and_a_soak(toy, monkeypatch):
    monkeypatch.setattr(cost, "PIECES", 2)
    monkeypatch.setattr(cost, "WORDS", 3)
    model = next(models.trained(toy / "models"))[-1]
    words = cost.words_of("conll2003", toy / "eng.testa")
    assert words == ["Anna", "Berg", "left", "Otto"]
    assert cost.one_word(model, words * 9, 1)["us_per_word"] > 0
    found = cost.side_by_side(model, words, 3, 0, 2)
    assert len(found["ratios"]) == 2
    rows = cost.soak(model, words, [5, 20], 0)["rows"]
    assert [row["word"] for row in rows] == [5, 20]
    assert all(row["rss_mb"] > 10 and row["state_bytes"] > 500 for row in rows)
