"""Votes of other mentions in a component: what they are for, and that they are kept."""

import random
import warnings

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_birnn.errors import BirnnError

NAMES = ["oslo", "karl", "rome", "lise", "bern", "hugo"]


def make_documents(vocab, count, seed):
    """Two sentences each: `mister` or `towards` tells in one of them what a name is,
    and nothing does in the other one."""
    draw = random.Random(seed)
    docs = []
    for _ in range(count):
        name = draw.choice(NAMES)
        word, label = draw.choice([("mister", "B-PER"), ("towards", "B-LOC")])
        clear = ([word, name, "then"], ["O", label, "O"])
        unclear = ([name, "again", "now"], [label, "O", "O"])
        parts = [clear, unclear]
        draw.shuffle(parts)
        words, tags = ([*one, *other] for one, other in zip(*parts, strict=True))
        starts = [True, False, False] * 2
        docs.append(Doc(vocab, words=words, ents=tags, sent_starts=starts))
    return docs


def examples_of(docs):
    for doc in docs:
        words, starts = zip(*((t.text, t.is_sent_start) for t in doc), strict=True)
        plain = Doc(doc.vocab, words=list(words), sent_starts=list(starts))
        yield Example(plain, doc)


def trained(votes, epochs=8):
    nlp = spacy.blank("en")
    encode = {
        "@architectures": "spacy-birnn.BiRNNEncoder.v1",
        "width": 24,
        "dropout": 0.0,
    }
    model = {"votes": votes, "tok2vec": {"encode": encode}}
    nlp.add_pipe("birnn_ner", config={"model": model})
    fix_random_seed(0)
    examples = list(examples_of(make_documents(nlp.vocab, 120, 0)))
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01)
    for _ in range(epochs):
        for first in range(0, len(examples), 20):
            nlp.update(examples[first : first + 20], sgd=optimizer, drop=0.1)
    return nlp


@pytest.fixture(scope="module")
def voting():
    return trained(votes=0.2)


def score(nlp):
    return nlp.evaluate(list(examples_of(make_documents(nlp.vocab, 60, 1))))["ents_f"]


def test_one_sentence_tells_the_label_of_a_word_in_another(voting):
    """Without votes half of the names are guessed."""
    assert score(voting) > 0.98
    assert score(trained(votes=0.0)) < 0.9


def test_a_saved_pipeline_gives_the_same_labels(voting, tmp_path):
    voting.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    docs = [eg.predicted for eg in examples_of(make_documents(voting.vocab, 60, 2))]
    both = [
        [
            [(ent.start, ent.end, ent.label_) for ent in nlp(doc.copy()).ents]
            for doc in docs
        ]
        for nlp in (voting, loaded)
    ]
    assert both[0] == both[1]
    assert score(loaded) == score(voting)


def test_a_stream_says_that_it_reads_no_votes(voting):
    with pytest.warns(UserWarning, match=r"^\[W496\] Component 'birnn_ner'"):
        stream = voting.get_pipe("birnn_ner").stream()
    stream.push(["mister", "karl", "then"])
    stream.finish()
    assert [(ent.text, ent.label_) for ent in stream.doc().ents] == [("karl", "PER")]


def test_a_stream_that_waits_for_the_whole_text_counts_them(voting):
    doc = make_documents(voting.vocab, 1, 5)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stream = voting.get_pipe("birnn_ner").stream(lag=None)
    stream.push([token.text for token in doc])
    stream.finish()
    expected = voting(Doc(voting.vocab, words=[token.text for token in doc]))
    assert [ent.label_ for ent in stream.doc().ents] == [
        ent.label_ for ent in expected.ents
    ]
    assert expected.ents


@pytest.mark.parametrize("votes", [0.0, 0.2])
def test_a_model_keeps_the_votes_that_it_was_trained_with(voting, tmp_path, votes):
    nlp = voting if votes else trained(0.0, epochs=1)
    nlp.to_disk(tmp_path / "saved")
    other = {"components.birnn_ner.model.votes": 0.2 - votes}
    with pytest.raises(BirnnError, match=r"^\[B024\].*votes = (True|False), but"):
        spacy.load(tmp_path / "saved", config=other)
    assert spacy.load(tmp_path / "saved").get_pipe("birnn_ner").labels
