import json
import subprocess
import sys
import warnings

import pytest
import spacy
from spacy.tokens import Token

from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")
WORDS = [["Ann", "Lee", "ran"], ["No", "one"]]
ENTS = [[(0, 2, "PER")], []]


@pytest.fixture
def jsonl(tmp_path, cache):
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
    path = jsonl(
        {"t": ["Ann", "Lee", "ran"], "l": ["B-PER", "I-PER", "O"]},
        {"t": ["No", "one"], "l": ["O", None]},
        {"t": [], "l": []},
    )
    assert both(read(path, "t", "l", streaming=streaming)) == (WORDS, ENTS)


def test_splits_and_slices(jsonl):
    path = jsonl(*({"tokens": [str(i)], "ner_tags": ["O"]} for i in range(4)))
    assert words(read(path)) == [["0"], ["1"], ["2"], ["3"]]
    assert words(read(path, split="train[1:3]")) == [["1"], ["2"]]
    assert words(read(path, split="train[:25%]+train[3:]")) == [["0"], ["3"]]
    assert words(read(path, limit=1)) == [["0"]]
    assert words(read(path, joined=2)) == [["0"], ["1"], ["2", "3"]]


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
    with pytest.warns(UserWarning, match=r"^\[W101\] .*: 2 tags .*:1, token 1\."):
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


def test_datasets_is_imported_only_where_one_is_read():
    script = (
        "import sys, spacy_birnn.data.hub, spacy_birnn.data.corpus;"
        "assert not {'datasets', 'pyarrow', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=600)


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
    check(good, "B113", ":1, token 1", "'O'", target="pos")
    check(good | {"tokens": ["a"]}, "B132", "a.jsonl:2: ", "1 tokens", "2 labels")
    check(good | {"tokens": ["a", ""]}, "B112", ":2, token 2")
    check(good | {"tokens": None}, "B131", ":2: ", "'tokens'")
    check(good | {"tokens": ["a", None]}, "B131", ":2: ", "'tokens'")
    check(good | {"ner_tags": ["O", "PER"]}, "B114", ":2, token 2", "'ner_tags'")
    check(good | {"ner_tags": "O O"}, "B132", ":2: ", "no list")


@pytest.mark.parametrize("streaming", [False, True])
def test_labels_without_names(jsonl, streaming):
    path = jsonl({"tokens": ["a"], "ner_tags": [1]}, {"tokens": ["b"], "ner_tags": [0]})
    refused("B133", ":1: ", "'ner_tags'", path=path, streaming=streaming)


@pytest.mark.parametrize("streaming", [False, True])
def test_files_that_cannot_be_read(dataset, datasets, tmp_path, jsonl, streaming):
    dataset.to_parquet(tmp_path / "cut.parquet")
    data = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[:-50])
    (tmp_path / "cut.jsonl").write_text('{"tokens": ["a"], "ner_t')
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "other.csv").write_text("a,b")
    datasets.DatasetDict(train=dataset).save_to_disk(tmp_path / "splits")
    for name, code, part, settings in [
        ("cut.parquet", "B129", "", {}),
        ("cut.jsonl", "B129", "", {}),
        ("cut.jsonl", "B134", "has train", {"split": "test[:10%]"}),
        ("empty.jsonl", "B118", "", {}),
        ("none.jsonl", "B105", "", {}),
        ("other.csv", "B128", ".parquet", {}),
        ("splits", "B134", "train", {"split": "x"}),
    ]:
        path = tmp_path / name
        refused(code, str(path), part, path=path, streaming=streaming, **settings)
    nothing = jsonl({"tokens": [], "ner_tags": []}, name="nothing.jsonl")
    refused("B118", path=nothing, streaming=streaming)


def test_mistakes_in_the_settings(jsonl):
    refused("B104", path=None)
    refused("B135", "3", path=3)
    refused("B138", "-1", path="x", limit=-1)
    refused("B111", "'entities'", path="x", target="entities")
    path = jsonl({"tokens": ["a"], "ner_tags": ["O"]})
    refused("B103", "'bio'", path=path, scheme="bio")
    refused("B127", path=path, revision="main")
    refused("B127", path=path, name="small")


def test_a_saved_dataset_without_splits_is_sliced(dataset, tmp_path):
    dataset.save_to_disk(tmp_path / "saved")
    assert words(read(tmp_path / "saved", split="train[1:]")) == WORDS[1:]
    with pytest.raises(BirnnError, match=r"B134.*'test'"):
        read(tmp_path / "saved", split="test")


def test_a_class_without_a_name(datasets, tmp_path):
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=["O"])),
        }
    )
    saved = datasets.Dataset.from_dict(
        {"tokens": [["a"]], "ner_tags": [[0]]}, features=features
    )
    table = saved.data.table
    odd = table.set_column(1, table.schema.field(1), [[[7]]])
    datasets.Dataset(odd).save_to_disk(tmp_path / "saved")
    with pytest.raises(BirnnError, match="B133"):
        read(tmp_path / "saved")


def test_labels_that_are_no_spans_are_read_as_tags():
    with pytest.raises(BirnnError, match=r"^\[B149\]"):
        create_datasets_reader("a.jsonl", scheme="raw")
    create_datasets_reader("a.jsonl", scheme="raw", target="tag")
