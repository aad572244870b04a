from pathlib import Path

import srsly
from thinc.api import Config

from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.training import identity
from spacy_birnn.training.dev_use import DevUse
from spacy_birnn.training.identity import checksum, describe, differences

TEXT = """
[paths]
train = {path!r}

[training]
dropout = 0.5
max_epochs = 3
patience = 10
max_steps = 0

[training.logger]
@loggers = "spacy.ConsoleLogger.v1"

[training.optimizer]
@optimizers = "Adam.v1"
"""


def make_config(path, **training):
    config = Config().from_str(TEXT.format(path=str(path)).replace("'", '"'))
    config["training"].update(training)
    return config


def test_what_may_differ_and_what_may_not(tmp_path):
    path = tmp_path / "train"
    path.write_text("a")
    before = describe(make_config(path), {}, None)
    free = {"max_epochs": 9, "patience": 0, "max_steps": 5, "logger": {"a": 1}}
    assert differences(before, describe(make_config(path, **free), {}, None)) == []
    found = differences(before, describe(make_config(path, dropout=0.1), {}, None))
    assert found == ["training.dropout was 0.5 and is 0.1"]
    found = differences(before, describe(make_config(path, new={"key": 1}), {}, None))
    assert found == ["training.new.key was '(not set)' and is 1"]
    path.write_text("b")
    found = differences(before, describe(make_config(path), {}, None))
    assert found == [f"the content of {path} has changed"]


def test_what_several_keys_name_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "train"
    path.write_text("a")
    read = []
    monkeypatch.setattr(identity, "checksum", lambda path: read.append(path) or "1")
    config = make_config(path)
    config["corpora"] = {"train": {"path": str(path)}}
    assert describe(config, {}, None)[f"content of {path}"] == "1"
    assert read == [path]


def test_each_file_of_a_list_counts(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_text("x")
    config = make_config("none")
    config["paths"]["train"] = list(map(str, paths))
    before = describe(config, {}, None)
    paths[1].write_text("y")
    found = differences(before, describe(config, {}, None))
    assert found == [f"the content of {paths[1]} has changed"]


def test_without_dev_is_another_training(tmp_path):
    config = make_config("none")
    before = describe(config, {"train": print, "dev": print}, None)
    now = describe(config, {"train": print, "dev": None}, None, DevUse.train)
    assert differences(before, now) == ["--dev was 'choose' and is 'train'"]


def test_no_more_than_a_few_are_named():
    found = differences({}, dict.fromkeys("abcdefgh", 1))
    assert len(found) == 6
    assert found[-1] == "and 3 more"


def test_a_folder_is_its_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("1")
    assert checksum(tmp_path / "a") == checksum(tmp_path / "b")
    (tmp_path / "b" / "x").rename(tmp_path / "b" / "y")
    assert checksum(tmp_path / "a") != checksum(tmp_path / "b")


def write_rows(path: Path, word):
    path.parent.mkdir()
    srsly.write_jsonl(path, [{"tokens": [word], "ner_tags": ["B-PER"]}])
    return {"train": create_datasets_reader(path)}


def test_a_dataset_is_its_fingerprint(tmp_path):
    config = make_config(tmp_path / "none")
    one = describe(config, write_rows(tmp_path / "one" / "a.jsonl", "Ada"), None)
    two = describe(config, write_rows(tmp_path / "two" / "a.jsonl", "Emmy"), None)
    assert differences(one, one) == []
    assert differences(one, two) == ["the dataset of train has changed"]


def test_a_corpus_that_becomes_a_stream(tmp_path):
    whole, stream = make_config(tmp_path), make_config(tmp_path, max_epochs=-1)
    [found] = differences(describe(stream, {}, None), describe(whole, {}, None))
    assert found == "reading of the training corpus was 'as a stream' and is 'whole'"


def test_steps_between_evaluations_that_are_chosen(tmp_path):
    """200 is what a config says that leaves it open."""
    config = make_config(tmp_path, eval_frequency=200)
    open_, chosen = describe(config, {}, None), describe(config, {}, 200)
    [found] = differences(open_, chosen)
    assert "eval_frequency was '(as it is worth its time)' and is 200" in found
