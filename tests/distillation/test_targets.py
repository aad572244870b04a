"""What the teachers have said, on the disk."""

import numpy
import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_birnn.distillation.targets import GOLD, TEXTS, ShardWriter, Targets
from spacy_birnn.errors import BirnnError
from spacy_birnn.nn.crf.chain import ChainScores

NLP = spacy.blank("en")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


def write(targets, docs, kind=TEXTS, per_shard=2, vocab=NLP.vocab):
    """Each document as two pieces, or one; so many documents to a shard."""
    writer = ShardWriter(targets, kind, vocab)
    everything = []
    for number, doc in enumerate(docs, 1):
        scores = torch.randn(len(doc), 3).half()
        half = len(doc) // 2
        bounds = [(0, half), (half, len(doc))] if half else [(0, len(doc))]
        writer.add(doc, bounds, scores)
        everything += [(doc[i:j], scores[i:j].numpy()) for i, j in bounds]
        if number % per_shard == 0:
            writer.flush()
    writer.flush()
    return everything


def make(tmp_path, plan=None):
    targets = Targets(tmp_path / "targets")
    targets.begin(plan or {"labels": ["a"]}, resume=False)
    return targets


def check(pieces, expected):
    assert len(pieces) == len(expected)
    for piece, (span, scores) in zip(pieces, expected, strict=True):
        assert piece.words == [token.text for token in span]
        assert piece.spaces == [bool(token.whitespace_) for token in span]
        assert piece.norms == [token.norm_ for token in span]
        assert piece.emissions.dtype == numpy.float16
        assert numpy.array_equal(piece.emissions, scores)


@settings(max_examples=30)
@given(
    docs=st.lists(st.lists(WORDS, min_size=1, max_size=6), max_size=7),
    per_shard=st.integers(1, 4),
    first=st.integers(0, 9),
    size=st.integers(0, 9),
)
def test_pieces_come_back(tmp_path_factory, docs, per_shard, first, size):
    targets = make(tmp_path_factory.mktemp("targets"))
    made = [Doc(NLP.vocab, words=words) for words in docs]
    expected = write(targets, made, per_shard=per_shard)
    check(list(targets.pieces(TEXTS)), expected)
    some = list(targets.pieces(TEXTS, first, first + size))
    check(some, expected[first : first + size])
    assert targets.size(TEXTS)["documents"] == len(docs)
    assert targets.size(TEXTS)["tokens"] == sum(map(len, docs))


def test_norms_of_the_tokenizer_and_kinds_apart(tmp_path):
    targets = make(tmp_path)
    docs = [NLP.make_doc("I can't  go"), NLP.make_doc("They're")]
    expected = write(targets, docs)
    write(targets, docs[:1], GOLD)
    check(list(targets.pieces(TEXTS)), expected)
    assert targets.size(GOLD)["documents"] == 1
    norms = [norm for piece in targets.pieces(TEXTS) for norm in piece.norms]
    assert "not" in norms
    assert "are" in norms


def test_a_document_without_pieces_counts_as_read(tmp_path):
    targets = make(tmp_path)
    writer = ShardWriter(targets, TEXTS, NLP.vocab)
    writer.add(Doc(NLP.vocab), [], torch.zeros(0, 3).half())
    writer.flush()
    assert targets.size(TEXTS) == {"documents": 1, "pieces": 0, "tokens": 0}
    expected = write(targets, [NLP.make_doc("Ada left")])
    check(list(targets.pieces(TEXTS)), expected)


def test_the_chain_comes_back(tmp_path):
    targets = make(tmp_path)
    chain = ChainScores(torch.randn(3), torch.full((3, 3), -torch.inf), torch.zeros(3))
    targets.write_chain(chain)
    assert all(map(torch.equal, targets.chain(), chain))


def test_resuming_needs_the_same_plan(tmp_path):
    targets = make(tmp_path, {"labels": ["a"], "content of x": "1"})
    write(targets, [NLP.make_doc("Ada left")])
    targets.begin({"labels": ["a"], "content of x": "1"}, resume=True)
    assert targets.size(TEXTS)["documents"] == 1
    with pytest.raises(BirnnError, match=r"B455.*content of x has changed; labels was"):
        targets.begin({"labels": ["b"], "content of x": "2"}, resume=True)
    targets.begin({"labels": ["b"]}, resume=False)
    assert targets.size(TEXTS)["documents"] == 0


def test_damage_is_one_coded_line(tmp_path):
    targets = make(tmp_path)
    write(targets, [NLP.make_doc("Ada left")])
    (path,) = targets.folder.glob("texts-*")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BirnnError, match=f"B457.*{path}"):
        targets.size(TEXTS)
    (targets.folder / "plan.json").write_text("{")
    with pytest.raises(BirnnError, match=r"B457.*plan\.json"):
        targets.plan()
    with pytest.raises(BirnnError, match=r"B457.*chain\.safetensors"):
        targets.chain()


@pytest.mark.parametrize("what", ["altered", "gone", "plan"])
def test_damage_is_told_before_anything_goes_on(tmp_path, what):
    targets = make(tmp_path)
    docs = [Doc(NLP.vocab, words=["a", "b"]) for _ in range(4)]
    write(targets, docs)
    targets.finish()
    targets.begin({"labels": ["a"]}, resume=True)
    shard = targets.shards(TEXTS)[-1].path
    if what == "altered":
        data = bytearray(shard.read_bytes())
        data[-1] ^= 1
        shard.write_bytes(data)
    elif what == "gone":
        shard.unlink()
    else:
        (targets.folder / "plan.json").write_text("[]")
    with pytest.raises(BirnnError, match="B457"):
        targets.begin({"labels": ["a"]}, resume=True)
