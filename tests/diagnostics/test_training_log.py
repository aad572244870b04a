"""Logs of training, ours and spaCy's, and what is none."""

import json

import pytest

from spacy_birnn.diagnostics.training_log import LoggedStep, best_step, read_log
from spacy_birnn.errors import BirnnError

LINES = [
    {"step": 0, "score": 0.0, "losses": {"a": 8.0}},
    {"step": 10, "score": 0.5, "losses": {"a": 20.0, "b": 5.0}},
]


def test_steps_scores_and_loss_per_step(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, LINES)) + '\n{"step": 20, "sc')
    assert read_log(path) == [LoggedStep(0, 0.0, None), LoggedStep(10, 0.5, 2.5)]


def test_a_training_without_dev_has_no_scores(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({**row, "score": None}) + "\n" for row in LINES))
    log = read_log(path)
    assert log == [LoggedStep(0, None, None), LoggedStep(10, None, 2.5)]
    assert best_step(log) is None


def test_the_best_step_is_the_first_of_equals():
    scores = [0.1, None, 0.5, 0.5, 0.2]
    log = [LoggedStep(step, score, None) for step, score in enumerate(scores)]
    assert best_step(log) is log[2]


def test_gradients_of_our_own_logs(tmp_path):
    path = tmp_path / "log.jsonl"
    measured = {"ner": {"gradients": {"emissions": 2.0}}}
    row = {**LINES[0], "clipped": 0.25, "gradients": {"components": measured}}
    path.write_text(json.dumps(row) + "\n")
    assert read_log(path) == [LoggedStep(0, 0.0, None, 0.25, measured)]


def test_a_last_line_without_its_end_counts_if_it_is_whole(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, LINES)))
    assert len(read_log(path)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "B422"),
        ("\n", "B422"),
        ("Ada B-PER\n", "log.jsonl:1: .* not JSON"),
        ('{"step": 1, "score": 1}\n[1]\n', "log.jsonl:2: .* no JSON object"),
        ('{"step": 1}\n', "'score' is missing"),
        ('{"step": "1", "score": 1}\n', "'step' is missing, or no number"),
        ('{"step": NaN, "score": 1}\n', "'step' is missing, or no number"),
        ('{"step": Infinity, "score": 1}\n', "'step' is missing, or no number"),
        ('{"step": 1, "score": 1, "clipped": "x"}\n', "'clipped' is missing, or no"),
        ('{"step": 1, "score": 1, "gradients": [1]}\n', "'gradients' is no JSON obj"),
        (
            '{"step": 1, "score": 1, "gradients": {"components": ["x"]}}\n',
            "'components' is no JSON object",
        ),
        (
            '{"step": 1, "score": 1, "gradients": {"components": {"a": 1}}}\n',
            "'components.a' is no JSON object",
        ),
    ],
)
def test_what_is_no_log(tmp_path, text, message):
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    with pytest.raises(BirnnError, match=message):
        read_log(path)


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(BirnnError, match="B107"):
        read_log(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xff\n")
    with pytest.raises(BirnnError, match="UTF-8"):
        read_log(tmp_path / "latin")
