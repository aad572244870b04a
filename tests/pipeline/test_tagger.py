"""`birnn_tagger`: tags, parts of speech and custom attributes."""

import math
import re

import pytest
import spacy
from spacy.tokens import Doc, Token
from spacy.training import Example

from spacy_birnn.errors import BirnnError

from .toys import SENTENCES, config, examples, shake, train, untrained

TAGS = [sentence[3] for sentence in SENTENCES]


def trained_on(target, **settings):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_tagger", config=config(target=target, **settings))
    data = examples(nlp, target)
    nlp.initialize(lambda: data)
    train(nlp, data, 40)
    return nlp, pipe


def test_tag_and_pos():
    for target, other in (("tag", "pos"), ("pos", "tag")):
        nlp, pipe = trained_on(target)
        assert pipe.labels == ("ADP", "ADV", "PRON", "PROPN", "PUNCT", "VERB")
        for (text, *_), tags in zip(SENTENCES, TAGS):
            doc = nlp(text)
            assert [getattr(t, f"{target}_") for t in doc] == tags
            assert {getattr(t, f"{other}_") for t in doc} == {""}
        assert nlp.evaluate(examples(nlp, target))[f"{target}_acc"] == 1.0


def test_custom_attribute():
    assert not Token.has_extension("birnn_test_slot")
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_tagger", config=config(target="_.birnn_test_slot"))
    assert Token.has_extension("birnn_test_slot")
    nlp, _ = trained_on("_.birnn_test_slot")
    doc = nlp(SENTENCES[1][0] + "  ")
    assert [t._.birnn_test_slot for t in doc] == [*TAGS[1], "_SP"]
    data = examples(nlp, "_.birnn_test_slot")
    assert nlp.evaluate(data)["birnn_test_slot_acc"] == 1.0


def test_the_default_of_an_attribute_is_no_value():
    """What an earlier component has set stays, a default does not."""
    Token.set_extension("birnn_test_default", default="O", force=True)
    nlp, _ = trained_on("_.birnn_test_default")
    doc = nlp(SENTENCES[1][0])
    assert [token._.birnn_test_default for token in doc] == TAGS[1]
    doc = nlp.make_doc(SENTENCES[1][0])
    doc[0]._.birnn_test_default = "mine"
    found = [token._.birnn_test_default for token in nlp(doc)]
    assert found == ["mine", *TAGS[1][1:]]
    Token.remove_extension("birnn_test_default")


def test_the_default_of_an_attribute_is_no_gold_either():
    """Neither learned nor scored."""
    Token.set_extension("birnn_test_default", default="O", force=True)
    nlp = spacy.blank("en")
    target = "_.birnn_test_default"
    pipe = nlp.add_pipe("birnn_tagger", config=config(target=target))
    words = SENTENCES[0][0].split()
    gold = Doc(nlp.vocab, words=words)
    for i, tag in enumerate(["A", "B"]):
        gold[i]._.birnn_test_default = tag
    data = [Example(Doc(nlp.vocab, words=words), gold)]
    nlp.initialize(lambda: data)
    assert pipe.labels == ("A", "B")
    train(nlp, data, 40)
    assert nlp.evaluate(data)["birnn_test_default_acc"] == 1.0
    predicted, other = Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)
    for i, tag in enumerate(["O", "B"]):
        other[i]._.birnn_test_default = tag
    predicted[1]._.birnn_test_default = "B"  # and "O" by default
    scores = pipe.scorer([Example(predicted, other)], **pipe.cfg)
    assert scores["birnn_test_default_acc"] == 1.0
    Token.remove_extension("birnn_test_default")


@pytest.mark.parametrize("target", ["ents", "_.", "_.a b", "TAG", "", "_.confidence"])
def test_unknown_target(target):
    nlp = spacy.blank("en")
    with pytest.raises(BirnnError, match=r"^\[B017\] Component 'birnn_tagger'"):
        nlp.add_pipe("birnn_tagger", config={"target": target})


def test_label_that_is_no_part_of_speech():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_tagger", config=config(target="pos"))
    with pytest.raises(BirnnError, match=r"^\[B018\].*'NN'"):
        nlp.get_pipe("birnn_tagger").initialize(
            lambda: examples(nlp, "pos"), nlp=nlp, labels=["NN", "ADP"]
        )


def test_tags_of_earlier_components_stay_unless_overwritten():
    for overwrite in (False, True):
        nlp, _ = trained_on("tag", overwrite=overwrite, confidence=True)
        words = SENTENCES[0][0].split()
        doc = nlp(Doc(nlp.vocab, words=words, tags=["X", "", "Y", "", "", "", ""]))
        kept = TAGS[0] if overwrite else ["X", TAGS[0][1], "Y", *TAGS[0][3:]]
        assert [t.tag_ for t in doc] == kept
        assert (doc[0]._.confidence is None) is not overwrite
        assert doc[1]._.confidence > 0.5


def test_white_space_gets_what_spacy_gives_it():
    for target, expected in (("tag", "_SP"), ("pos", "SPACE")):
        nlp, pipe = trained_on(target, confidence=True)
        doc = nlp("It  rains \n\n there")
        spaces = [t for t in doc if t.is_space]
        assert len(spaces) == 2
        assert {getattr(t, f"{target}_") for t in spaces} == {expected}
        assert {t._.confidence for t in spaces} == {None}
        (best,) = pipe.k_best([doc], k=1)
        assert [t for t, token in zip(best[0][0], doc) if token.is_space] == [
            expected
        ] * 2
        assert expected not in pipe.labels


def test_white_space_changes_nothing_for_the_words():
    nlp, _ = trained_on("tag", confidence=True)
    plain = nlp("Tilda hired Otto in May")
    spaced = nlp("Tilda   hired \n\n Otto in\tMay  ")
    words = [t for t in spaced if not t.is_space]
    assert [t.tag_ for t in words] == [t.tag_ for t in plain]
    for one, two in zip(words, plain):
        assert one._.confidence == pytest.approx(two._.confidence, abs=1e-5)


@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_confidence_is_the_sum_over_all_sequences(decoder):
    nlp = untrained("birnn_tagger", decoder=decoder, confidence=True)
    pipe = nlp.get_pipe("birnn_tagger")
    for words in (["Anna"], ["Anna", "hired"], ["a", " ", "b", "c"]):
        shake(nlp)
        doc = Doc(nlp.vocab, words=words)
        (best,) = pipe.k_best([doc], k=1000)
        nlp(doc)
        for token in doc:
            total = sum(
                math.exp(log) for tags, log in best if tags[token.i] == token.tag_
            )
            if token.is_space:
                assert token._.confidence is None
                continue
            assert type(token._.confidence) is float
            assert token._.confidence == pytest.approx(total, abs=1e-5)
            assert 0.0 <= token._.confidence <= 1.0


def test_missing_tags_are_learned_from_what_is_known():
    nlp, _ = trained_on("tag")
    words = SENTENCES[0][0].split()
    partly = Doc(nlp.vocab, words=words, tags=["ADV", *[""] * 6])
    data = [Example(Doc(nlp.vocab, words=words), partly)]
    before = [t.tag_ for t in nlp(SENTENCES[1][0])]
    assert train(nlp, data, 30) < 0.2
    assert nlp(SENTENCES[0][0])[0].tag_ == "ADV"
    assert before == TAGS[1]


@pytest.mark.parametrize("value", [7, 0, False, ["N"], []])
def test_labels_that_are_no_strings(value):
    """Neither at the start nor in an update."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_tagger", config=config(target="_.birnn_test_mixed"))
    data = examples(nlp, "_.birnn_test_mixed")
    nlp.initialize(lambda: data)
    data[0].reference[0]._.birnn_test_mixed = value
    told = rf"^\[B023\].*label {re.escape(repr(value))}"
    with pytest.raises(BirnnError, match=told):
        nlp.initialize(lambda: data)
    with pytest.raises(BirnnError, match=told):
        pipe.update(data)


def test_default_score_weights_are_those_of_the_default_target():
    nlp, _ = trained_on("tag")
    weights = nlp.config["training"]["score_weights"]
    assert weights == {"tag_acc": 1.0}
    assert nlp.evaluate(examples(nlp, "tag"))["tag_acc"] == 1.0
