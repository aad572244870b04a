import os

import pytest
import spacy
from spacy.tokens import Span

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.data.kept import KeptExamples

TEXT = "Ada B-PER\nleft O\n\nOslo B-LOC\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "dev.conll"
    path.write_text(TEXT)
    return path


@pytest.fixture
def nlp():
    return spacy.blank("en")


def content(examples):
    return [
        (
            example.text,
            [ent.label_ for ent in example.reference.ents],
            len(example.predicted.ents),
        )
        for example in examples
    ]


def test_reads_the_file_twice_and_no_more(path, nlp, monkeypatch):
    reader = AnyCorpus(path)
    n_read = 0
    read_file = reader.read_file

    def counted(*arguments):
        nonlocal n_read
        n_read += 1
        return read_file(*arguments)

    monkeypatch.setattr(reader, "read_file", counted)
    first = content(reader(nlp))
    assert [content(reader(nlp)) for _ in range(4)] == [first] * 4
    assert n_read == 2


def test_predictions_do_not_come_back(path, nlp):
    reader = AnyCorpus(path)
    expected = content(reader(nlp))
    for _ in range(4):
        examples = list(reader(nlp))
        assert content(examples) == expected
        for example in examples:
            example.predicted.ents = [Span(example.predicted, 0, 1, "WRONG")]


def test_a_file_that_changes_is_read_again(path, nlp):
    reader = AnyCorpus(path)
    for _ in range(3):
        assert len(list(reader(nlp))) == 2
    path.write_text(f"{TEXT}\nnew O\n")
    os.utime(path, ns=(0, 0))
    for _ in range(3):
        assert len(list(reader(nlp))) == 3


def test_another_pipeline_gets_docs_of_its_own_vocabulary(path, nlp):
    reader, other = AnyCorpus(path), spacy.blank("de")
    for each in (nlp, nlp, nlp, other, other, other, nlp):
        for example in reader(each):
            assert example.reference.vocab is each.vocab
            assert example.predicted.vocab is each.vocab


def test_a_reading_that_stops_early_is_not_kept(path, nlp):
    reader = AnyCorpus(path)
    for _ in range(3):
        next(iter(reader(nlp)))
    assert len(list(reader(nlp))) == 2
    next(iter(reader(nlp)))
    assert [len(list(reader(nlp))) for _ in range(3)] == [2, 2, 2]


def test_a_large_corpus_is_not_kept(path, nlp):
    reader = AnyCorpus(path)
    kept, n_read = KeptExamples(max_tokens=4), 0

    def read():
        nonlocal n_read
        n_read += 1
        return reader._read(nlp)

    for _ in range(4):
        assert len(list(kept.read(nlp, [path], read))) == 2
    assert n_read == 4


def test_a_file_that_changes_and_keeps_its_size_is_read_again(path, nlp):
    os.utime(path, ns=(0, 0))
    reader = AnyCorpus(path)
    before = [[[t.text for t in eg.reference] for eg in reader(nlp)] for _ in range(3)]
    path.write_text(TEXT.swapcase())
    os.utime(path, ns=(1, 1))
    after = [[t.text for t in eg.reference] for eg in reader(nlp)]
    assert after == [[word.swapcase() for word in words] for words in before[0]]
