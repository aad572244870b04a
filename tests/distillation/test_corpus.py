"""The corpus that a student learns from."""

import pytest
import spacy
import torch
from spacy.tokens import Doc

from spacy_birnn.data.joining import POSITION
from spacy_birnn.distillation.corpus import SENTENCES, DistilledCorpus, make_example
from spacy_birnn.distillation.targets import GOLD, TEXTS, Piece, ShardWriter, Targets
from spacy_birnn.errors import BirnnError
from spacy_birnn.nn.crf.chain import ChainScores
from spacy_birnn.pipeline.soft_labels import SOFT_LABELS

NLP = spacy.blank("en")


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.conll"
    path.write_text("Ada B-PER\nleft O\n\nOslo B-LOC\n\n")
    return path


@pytest.fixture
def targets(tmp_path):
    """Two annotated sentences, and seven of texts, one token each."""
    made = Targets(tmp_path / "targets")
    made.begin({"labels": ["LOC", "PER"]}, resume=False)
    made.write_chain(ChainScores(torch.zeros(9), torch.zeros(9, 9), torch.zeros(9)))
    for kind, docs in (
        (GOLD, ["Ada left", "Oslo"]),
        (TEXTS, [f"w{i}" for i in range(7)]),
    ):
        writer = ShardWriter(made, kind, NLP.vocab)
        for text in docs:
            doc = Doc(NLP.vocab, words=text.split())
            writer.add(doc, [(0, len(doc))], torch.randn(len(doc), 9).half())
        writer.flush()
    return made


def prepared(targets, gold, **settings):
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    reader = {"@readers": "spacy-birnn.Corpus.v1", "path": gold and str(gold)}
    nlp.config["corpora"]["train"] = reader
    corpus = DistilledCorpus(targets, **settings)
    corpus.prepare(nlp)
    list(corpus(nlp))  # as initialization reads it
    return corpus, nlp


def texts_of(examples):
    return [example.reference.text.strip() for example in examples]


def test_epochs_go_round_the_texts(targets, gold):
    corpus, _ = prepared(targets, gold, sentences=3)
    found = [texts_of(corpus.of_epoch(epoch)) for epoch in range(3)]
    assert found == [
        ["Ada left", "Oslo", "w0", "w1", "w2"],
        ["Ada left", "Oslo", "w3", "w4", "w5"],
        ["Ada left", "Oslo", "w6", "w0", "w1"],
    ]
    assert texts_of(corpus.of_epoch(1)) == found[1]  # in any order
    positions = [eg.reference.user_data[POSITION] for eg in corpus.of_epoch(2)]
    assert positions == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("with_gold", "sentences", "expected"),
    [(True, None, 2), (False, None, 7), (True, 0, 0), (True, 99, 7)],
)
def test_how_many_sentences(targets, gold, with_gold, sentences, expected):
    if not with_gold:
        for path in targets.folder.glob("gold-*"):
            path.unlink()
    path = gold if with_gold else None
    corpus, nlp = prepared(targets, path, sentences=sentences)
    n_gold = 2 if with_gold else 0
    assert len(corpus.of_epoch(5)) == n_gold + expected
    assert len(list(corpus(nlp))) == n_gold + expected
    assert SENTENCES > 7


def test_examples_have_soft_labels_and_what_gold_there_is(targets, gold):
    corpus, nlp = prepared(targets, gold, gold_weight=0.3)
    examples = corpus.of_epoch(0)
    stored = [*targets.pieces(GOLD), *targets.pieces(TEXTS, 0, 2)]
    for example, piece in zip(examples, stored, strict=True):
        soft = example.reference.user_data[SOFT_LABELS]
        assert (soft.emissions == piece.emissions).all()
        assert soft.teacher.gold_weight == 0.3
        assert soft.teacher.labels == nlp.get_pipe("birnn_ner").prepare_labels()[0]
        assert SOFT_LABELS not in example.predicted.user_data
    known = [eg.reference.has_annotation("ENT_IOB") for eg in examples]
    assert known == [True, True, False, False]
    assert nlp.get_pipe("birnn_ner").labels == ("LOC", "PER")


def test_a_sentence_is_as_readers_make_them():
    piece = Piece(["ca", "n't", "go"], [False, True, False], ["can", "not", "go"], None)
    example = make_example(NLP.vocab, piece)
    assert example.predicted is not example.reference
    for doc in (example.predicted, example.reference):
        assert doc.text == "can't go"
        assert [token.norm_ for token in doc] == piece.norms
        assert [token.is_sent_start for token in doc] == [True, False, False]
        assert not doc.has_annotation("TAG")


def test_gold_that_has_changed_is_seen(targets, gold):
    gold.write_text("Ada B-PER\n\nOslo B-LOC\n")
    with pytest.raises(BirnnError, match="B459"):
        prepared(targets, gold)
    gold.write_text("Oslo B-LOC\n")
    with pytest.raises(BirnnError, match="B459"):
        prepared(targets, gold)


def test_the_identity_is_of_all_that_counts(targets):
    settings = [{}, {"gold_weight": 0.4}, {"sentences": 3}]
    found = [DistilledCorpus(targets, **s) for s in settings]
    assert len({corpus.fingerprint for corpus in found}) == 1
    assert [corpus.settings for corpus in found] == [
        {"gold weight": 0.5, "sentences": found[0].n_sentences},
        {"gold weight": 0.4, "sentences": found[0].n_sentences},
        {"gold weight": 0.5, "sentences": 3},
    ]


@pytest.mark.parametrize(
    "settings", [{"gold_weight": 1.1}, {"gold_weight": -0.1}, {"sentences": -1}]
)
def test_arguments_out_of_range(targets, settings):
    with pytest.raises(BirnnError, match=f"B458.*{next(iter(settings))}"):
        DistilledCorpus(targets, **settings)
