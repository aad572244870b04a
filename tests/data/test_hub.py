import json
import os
import subprocess
import sys
import warnings

import pytest
import spacy
from spacy.tokens import Token

from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")
NAMES = ["O", "B-PER", "I-PER"]
TAGS = ["DET", "NOUN", "VERB"]
TOKENS = [["Ann", "Lee", "ran"], ["No", "one"], []]
LABELS = [[1, 2, 0], [0, -1], []]
WORDS = [["Ann", "Lee", "ran"], ["No", "one"]]
ENTS = [[(0, 2, "PER")], []]


@pytest.fixture(scope="module")
def datasets():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets
    datasets.disable_progress_bars()
    return datasets


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, datasets):
    """Keep what ``datasets`` writes inside of the test."""
    path = tmp_path / "cache"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", path)
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", path / "downloads")
    return path


@pytest.fixture
def dataset(datasets):
    return datasets.Dataset.from_dict(
        {"tokens": TOKENS, "ner_tags": LABELS, "upos": LABELS, "id": ["a", "b", "c"]},
        features=datasets.Features(
            {
                "tokens": datasets.Sequence(datasets.Value("string")),
                "ner_tags": datasets.Sequence(datasets.ClassLabel(names=NAMES)),
                "upos": datasets.Sequence(datasets.ClassLabel(names=TAGS)),
                "id": datasets.Value("string"),
            }
        ),
    )


@pytest.fixture
def jsonl(tmp_path):
    def write(*rows, name="a.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


def read(path, *args, **kwargs):
    return [eg.reference for eg in create_datasets_reader(path, *args, **kwargs)(NLP)]


def words(docs):
    return [[token.text for token in doc] for doc in docs]


def ents(docs):
    return [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in docs]


def both(docs):
    return words(docs), ents(docs)


@pytest.mark.parametrize("streaming", [False, True])
def test_every_kind_of_file(dataset, datasets, tmp_path, jsonl, streaming):
    dataset.to_parquet(tmp_path / "folder" / "train.parquet")
    dataset.save_to_disk(tmp_path / "saved")
    datasets.DatasetDict(train=dataset, test=dataset.select([1])).save_to_disk(
        tmp_path / "splits"
    )
    arrow = next((tmp_path / "saved").glob("*.arrow"))
    for path in ("folder/train.parquet", "folder", "saved", "splits", arrow):
        docs = read(tmp_path / path, streaming=streaming)
        assert both(docs) == (WORDS, ENTS)
        # The label -1 is no class: it is not known.
        assert [t.ent_iob_ for doc in docs for t in doc] == ["B", "I", "O", "O", ""]
    docs = read(tmp_path / "splits", split="test", streaming=streaming)
    assert words(docs) == WORDS[1:]
    names = [[NAMES[i] if i >= 0 else None for i in row] for row in LABELS]
    path = jsonl(*({"t": t, "l": x} for t, x in zip(TOKENS, names, strict=True)))
    assert both(read(path, "t", "l", streaming=streaming)) == (WORDS, ENTS)


def test_splits_and_slices(jsonl):
    path = jsonl(*({"tokens": [str(i)], "ner_tags": ["O"]} for i in range(4)))
    assert words(read(path, split="validation")) == [["0"], ["1"], ["2"], ["3"]]
    assert words(read(path, split="train[1:3]")) == [["1"], ["2"]]
    assert words(read(path, limit=1)) == [["0"]]


def test_both_sides_know_words_and_sentence_starts(jsonl):
    path = jsonl({"tokens": ["a", "b"], "ner_tags": ["B-X", "O"]})
    (eg,) = create_datasets_reader(path)(NLP)
    for doc in (eg.predicted, eg.reference):
        assert words([doc]) == [["a", "b"]]
        assert [t.is_sent_start for t in doc] == [True, False]
    assert not eg.predicted.has_annotation("ENT_IOB")


def test_targets(dataset, tmp_path):
    path = tmp_path / "a.parquet"
    dataset.to_parquet(path)
    docs = read(path, labels="upos", target="pos")
    assert [[t.pos_ for t in doc] for doc in docs] == [
        ["NOUN", "VERB", "DET"],
        ["DET", ""],
    ]
    docs = read(path, labels="ner_tags", target="tag")
    assert [t.tag_ for t in docs[0]] == ["B-PER", "I-PER", "O"]
    docs = read(path, labels="upos", target="_.hub_slot")
    assert [t._.hub_slot for t in docs[1]] == ["DET", None]
    Token.remove_extension("hub_slot")
    first, second = read(path, target="chunks", spans_key="np")
    assert [(s.start, s.end, s.label_) for s in first.spans["np"]] == [(0, 2, "PER")]
    assert "np" not in second.spans


@pytest.mark.parametrize("streaming", [False, True])
def test_the_scheme_is_told_from_the_labels(jsonl, streaming):
    path = jsonl(
        {"tokens": ["a", "b"], "ner_tags": ["I-X", "I-X"]},
        {"tokens": ["a", "b"], "ner_tags": ["I-X", "B-X"]},
    )
    assert ents(read(path, streaming=streaming)) == [
        [(0, 2, "X")],
        [(0, 1, "X"), (1, 2, "X")],
    ]
    reader = create_datasets_reader(path, scheme="iob2", streaming=streaming)
    with pytest.warns(UserWarning, match=r"^\[W101\] .*: 2 tags .* iob2 .*, row 0"):
        assert len(list(reader(NLP))) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(reader(NLP))) == 2


def test_resolves_from_a_config(jsonl):
    path = jsonl({"tokens": ["a"], "ner_tags": ["S-X"]})
    config = spacy.util.load_config_from_str(
        f"""
        [corpus]
        @readers = "spacy-birnn.DatasetsCorpus.v1"
        path = "{path}"
        tokens = "tokens"
        labels = "ner_tags"
        target = "ents"
        name = null
        split = "train"
        revision = null
        streaming = false
        """
    )
    (example,) = spacy.registry.resolve(config)["corpus"](NLP)
    assert ents([example.reference]) == [[(0, 1, "X")]]


# --- mistakes -------------------------------------------------------------------------


def refused(code, *parts, path, **settings):
    with pytest.raises(BirnnError) as error:
        read(path, **settings)
    message = str(error.value)
    assert message.startswith(f"[{code}] ")
    assert "\n" not in message
    assert all(part in message for part in parts)


@pytest.mark.parametrize("streaming", [False, True])
def test_mistakes_in_a_file(jsonl, streaming):
    def check(row, code, *parts, **settings):
        path = jsonl({"tokens": ["x"], "ner_tags": ["O"]}, row)
        refused(code, *parts, path=path, streaming=streaming, **settings)

    good = {"tokens": ["a", "b"], "ner_tags": ["O", "B-X"]}
    check(good, "B130", "'tags'", "tokens, ner_tags", labels="tags")
    check(good, "B130", "'words'", "tokens, ner_tags", tokens="words")
    check(good, "B113", "row 0, token 0", "'O'", target="pos")
    check(good | {"tokens": ["a"]}, "B132", "row 1", "1 tokens", "2 labels")
    check(good | {"tokens": ["a", ""]}, "B112", "row 1, token 1")
    check(good | {"tokens": None}, "B131", "row 1", "'tokens'")
    check(good | {"tokens": ["a", None]}, "B131", "row 1", "'tokens'")
    check(good | {"ner_tags": ["O", "PER"]}, "B114", "row 1, token 1", "'ner_tags'")
    check(good | {"ner_tags": None}, "B132", "row 1", "no list")


@pytest.mark.parametrize("streaming", [False, True])
def test_labels_without_names(jsonl, streaming):
    path = jsonl({"tokens": ["a"], "ner_tags": [1]}, {"tokens": ["b"], "ner_tags": [0]})
    refused("B133", "row 0", "'ner_tags'", path=path, streaming=streaming)


@pytest.mark.parametrize("streaming", [False, True])
def test_files_that_cannot_be_read(dataset, datasets, tmp_path, jsonl, streaming):
    dataset.to_parquet(tmp_path / "cut.parquet")
    data = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[:-50])
    (tmp_path / "cut.jsonl").write_text('{"tokens": ["a"], "ner_t')
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "other.csv").write_text("a,b")
    datasets.DatasetDict(train=dataset).save_to_disk(tmp_path / "splits")
    for name, code, part in [
        ("cut.parquet", "B129", ""),
        ("cut.jsonl", "B129", ""),
        ("empty.jsonl", "B118", ""),
        ("none.jsonl", "B105", ""),
        ("other.csv", "B128", ".parquet"),
        ("splits", "B134", "train"),
    ]:
        path = tmp_path / name
        refused(code, str(path), part, path=path, streaming=streaming, split="x")
    nothing = jsonl({"tokens": [], "ner_tags": []}, name="nothing.jsonl")
    refused("B118", path=nothing, streaming=streaming)


def test_mistakes_in_the_settings(jsonl):
    refused("B104", path=None)
    refused("B111", "'entities'", path="x", target="entities")
    path = jsonl({"tokens": ["a"], "ner_tags": ["O"]})
    refused("B103", "'bio'", path=path, scheme="bio")
    refused("B127", path=path, revision="main")
    refused("B127", path=path, name="small")


# --- downloads ------------------------------------------------------------------------


@pytest.mark.parametrize("streaming", [False, True])
def test_addresses_of_files(server, answer, dataset, tmp_path, streaming):
    dataset.to_parquet(tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    server.answers["/right.parquet"] = answer(data)
    server.answers["/wrong.parquet"] = answer(b"<html>no such thing</html>")
    server.answers["/cut.parquet"] = answer(data, lost=100)
    url = server.url + "/right.parquet?download=true"
    assert both(read(url, streaming=streaming)) == (WORDS, ENTS)
    url = server.url + "/wrong.parquet"
    refused("B129", url, path=url, streaming=streaming)
    url = server.url + "/cut.parquet"
    refused("B126", url, path=url, streaming=streaming)
    url = server.url + "/none.parquet"
    refused("B125", url, "404", path=url, streaming=streaming)
    refused("B128", path=server.url + "/page", streaming=streaming)


def test_a_reader_downloads_once(server, answer):
    row = json.dumps({"tokens": ["a"], "ner_tags": ["O"]}).encode()
    server.answers["/a.jsonl"] = answer(row)
    reader = create_datasets_reader(server.url + "/a.jsonl")
    assert [len(list(reader(NLP))) for _ in range(3)] == [1, 1, 1]
    assert server.requests == ["GET /a.jsonl"]
    server.answers["/a.jsonl"] = answer(row.replace(b"a", b"b", 1).replace(b"b", b"a"))
    again = create_datasets_reader(server.url + "/a.jsonl")
    assert len(list(again(NLP))) == 1


_COMMIT = "c" * 40
_CARD = """---
configs:
- config_name: big
  data_files: [{split: test, path: big.parquet}]
- config_name: small
  data_files: [{split: test, path: small.parquet}]
---
"""
_SCRIPT = """
import json, sys, spacy
from spacy_birnn.data.hub import create_datasets_reader
for settings in json.loads(sys.argv[1]):
    try:
        examples = list(create_datasets_reader(**settings)(spacy.blank("en")))
        print(json.dumps([[t.text for t in eg.reference] for eg in examples]))
    except ValueError as error:
        print(json.dumps(str(error)))
"""


class Hub:
    """As much of the Hub as it takes to load one dataset, ``me/toy``."""

    def __init__(self, server, answer, files):
        self.answer = answer
        self.files = {
            name: answer(data, {"X-Repo-Commit": _COMMIT, "ETag": f'"{name}"'})
            for name, data in files.items()
        }
        server.route = self.route
        server.missing = answer(
            b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": _COMMIT}
        )

    def route(self, path):
        api = "/api/datasets/me/toy"
        if path in (api, f"{api}/revision/v1", f"{api}/revision/{_COMMIT}"):
            names = [{"rfilename": name} for name in self.files]
            return self._json({"id": "me/toy", "sha": _COMMIT, "siblings": names})
        if path == f"{api}/tree/{_COMMIT}":
            return self._json(
                {"type": "file", "path": name, "size": len(file.body), "oid": "0" * 40}
                for name, file in self.files.items()
            )
        for revision in ("v1", _COMMIT):
            start = f"/datasets/me/toy/resolve/{revision}/"
            if path.startswith(start):
                return self.files.get(path.removeprefix(start))
        return None

    def _json(self, value):
        value = value if isinstance(value, dict) else list(value)
        return self.answer(json.dumps(value).encode("utf-8"))


@pytest.fixture
def load_from_hub(server, answer, dataset, tmp_path):
    """Read ``me/toy`` in a process of its own, which knows of our Hub only."""
    for name, part in (("big", [0, 1]), ("small", [1])):
        dataset.select(part).to_parquet(tmp_path / f"{name}.parquet")
    files = {
        f"{name}.parquet": (tmp_path / f"{name}.parquet").read_bytes()
        for name in ("big", "small")
    }
    hub = Hub(server, answer, {"README.md": _CARD.encode(), **files})

    def load(*settings):
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _SCRIPT, json.dumps(settings)],
            env={
                **os.environ,
                "HF_ENDPOINT": server.url,
                "HF_HOME": str(tmp_path / "home"),
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_XET": "1",
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        return [json.loads(line) for line in result.stdout.splitlines()]

    return hub, load


@pytest.mark.slow
def test_hub_ids(load_from_hub):
    toy = {"path": "me/toy", "split": "test", "revision": "v1"}
    _, load = load_from_hub
    small, stream, big, split, name = load(
        toy | {"name": "small"},
        toy | {"name": "small", "streaming": True},
        toy | {"name": "big"},
        toy | {"name": "big", "split": "train"},
        toy | {"name": "huge"},
    )
    assert small == stream == WORDS[1:]
    assert big == WORDS
    assert split.startswith("[B129] me/toy: ")
    assert "train" in split
    assert name.startswith("[B129] me/toy: ")
    assert "huge" in name


@pytest.mark.slow
def test_hub_files_that_arrive_wrong_or_cut(load_from_hub):
    hub, load = load_from_hub
    hub.files["big.parquet"] = hub.files["big.parquet"]._replace(lost=200)
    hub.files["small.parquet"] = hub.files["small.parquet"]._replace(body=b"no" * 500)
    toy = {"path": "me/toy", "split": "test", "revision": "v1"}
    for message in load(
        toy | {"name": "small"},
        toy | {"name": "small", "streaming": True},
        toy | {"name": "big"},
    ):
        assert message.startswith("[B129] me/toy: ")
        assert "\n" not in message
