"""One stream: against `nlp(doc)`, in pieces, with white space, breaks and mistakes."""

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_birnn import schemes
from spacy_birnn.errors import BirnnError

from ..toys import confidences, config, doc_of, examples, found, trained
from .streamed import (
    ENCODERS,
    KINDS,
    WORDS,
    assert_same,
    labels,
    pipeline,
    random_words,
    run,
    the_pipe,
    words_doc,
)

pytestmark = pytest.mark.cpu

MANY = 50


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(("factory", "decoder"), KINDS)
def test_all_labels_at_the_end_are_those_of_the_pipeline(factory, decoder, encoder):
    nlp = pipeline(factory, decoder, encoder, confidence=True)
    words = [*random_words(1), " ", *random_words(2), "\n\n", *random_words(3), " "]
    stream = the_pipe(nlp).stream(lag=None)
    assert stream.push(words[:5]) == []
    assert found(stream.doc()) == found(words_doc(nlp, words[:5]))
    assert stream.break_() == []
    assert stream.push(words[5:]) == []
    told = stream.finish()
    want = nlp(words_doc(nlp, words, starts=[5]))
    assert found(stream.doc()) == found(want)
    assert confidences(stream.doc()) == confidences(want)
    assert [(i, word) for i, word, _, _ in told] == list(enumerate(words))
    if factory == "birnn_tagger":
        assert labels(told) == [token.tag_ for token in want]
        shares = [share for *_, share in told if share is not None]
        assert shares == confidences(want)
    else:
        spans = want.ents or want.spans.get("chunks", ())
        places = [(s.start, s.end, s.label_) for s in spans]
        assert labels(told) == schemes.encode(places, len(words), "iob2")


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(("factory", "decoder"), KINDS)
def test_a_lag_over_the_whole_sentence_gives_the_same(factory, decoder, encoder):
    """Decisions, exact marginals of tokens, and those of spans on the document."""
    nlp = pipeline(factory, decoder, encoder, confidence=True)
    for seed in range(4):
        words = [*random_words(seed, 7), "\t", *random_words(seed + 9, 6), "\n"]
        whole, stream = (the_pipe(nlp).stream(lag=lag) for lag in (None, MANY))
        assert_same(run(stream, words), run(whole, words))
        assert found(stream.doc()) == found(whole.doc())
        one, other = confidences(stream.doc()), confidences(whole.doc())
        numpy.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("decoder", ["crf", "softmax"])
def test_probabilities_are_those_of_the_temperature(decoder):
    nlp = pipeline(decoder=decoder, confidence=True)
    words, pipe = random_words(1), the_pipe(nlp)
    before = run(pipe.stream(lag=MANY), words)
    pipe.temperature = 2.5
    whole, stream = (pipe.stream(lag=lag) for lag in (None, MANY))
    told = run(stream, words)
    assert_same(told, run(whole, words))
    assert labels(told) == labels(before)
    assert told[0].confidence != pytest.approx(before[0].confidence, abs=1e-3)
    one, other = confidences(stream.doc()), confidences(whole.doc())
    numpy.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(("factory", "decoder"), KINDS[::2])
@settings(max_examples=5, deadline=None)
@given(st.integers(0, 4), st.integers(0, 99), st.lists(st.integers(0, 11), max_size=5))
def test_labels_do_not_depend_on_how_words_arrive(
    factory, decoder, encoder, lag, seed, cuts
):
    pipe = the_pipe(pipeline(factory, decoder, encoder))
    words, edges = random_words(seed, 11), sorted(cuts)
    sizes = numpy.diff([0, *edges, 11]).tolist()
    one_by_one = run(pipe.stream(lag=lag), words)
    assert_same(run(pipe.stream(lag=lag), words, sizes), one_by_one)


@pytest.mark.parametrize("lag", [0, 1, 3])
@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("encoder", ["one way", "lookahead"])
@pytest.mark.parametrize("decoder", ["crf", "softmax"])
def test_the_whole_is_always_valid(decoder, encoder, scheme, lag):
    pipe = the_pipe(pipeline(decoder=decoder, encoder=encoder, scheme=scheme))
    prefixes = set()
    for seed in range(12):
        told = labels(run(pipe.stream(lag=lag), random_words(seed)))
        assert schemes.decode(told, "iob2")[1] == 0
        prefixes.update(label[0] for label in told)
    assert {"B", "I"} <= prefixes


@pytest.mark.parametrize("lag", [0, 2])
def test_labels_wait_for_so_many_words(lag):
    stream = the_pipe(pipeline()).stream(lag=lag)
    for n in range(1, 6):
        told = stream.push(["Anna"])
        assert [x.index for x in told] == ([n - 1 - lag] if n > lag else [])
    assert [x.index for x in stream.finish()] == list(range(5 - lag, 5))


def test_a_lookahead_reads_no_further():
    """With a lag of the lookahead, emissions are those of the whole text: the labels
    differ from the pipeline's by the decisions alone, and single tags do not."""
    nlp = pipeline("birnn_tagger", "softmax", "lookahead")
    for seed in range(4):
        words = random_words(seed)
        for lag in (2, 5):
            told = run(the_pipe(nlp).stream(lag=lag), words)
            assert labels(told) == [t.tag_ for t in nlp(words_doc(nlp, words))]


# --- sequences ------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["one way", "both ways"])
def test_after_a_break_all_is_new(encoder):
    pipe = the_pipe(pipeline(encoder=encoder))
    first, second = random_words(1), random_words(2)
    stream = pipe.stream(lag=2)
    told = stream.push(first) + stream.break_() + stream.push(second) + stream.finish()
    alone = [run(pipe.stream(lag=2), words) for words in (first, second)]
    shifted = [x._replace(index=x.index + len(first)) for x in alone[1]]
    assert_same(told, alone[0] + shifted)


@pytest.mark.parametrize("encoder", ["one way", "deep", "both ways"])
def test_a_break_may_carry_the_state(encoder):
    """The second sentence differs, and from what came before it alone."""
    pipe = the_pipe(pipeline(encoder=encoder))
    first, second = random_words(1), random_words(2)
    shares = []
    for before, carry in ((first, True), (first, False), (first[::-1], True)):
        stream = pipe.stream(lag=1)
        stream.push(before)
        stream.break_(carry=carry)
        told = stream.push(second) + stream.finish()
        shares.append([x.confidence for x in told])
    for other in shares[1:]:
        assert numpy.abs(numpy.subtract(shares[0], other)).max() > 1e-4


def test_sentences_of_a_doc_are_broken():
    nlp = pipeline()
    words = random_words(3) + random_words(4)
    doc = words_doc(nlp, words, starts=[5, 12])
    stream = the_pipe(nlp).stream(lag=MANY)
    told = stream.push(doc) + stream.finish()
    whole = the_pipe(nlp).stream(lag=None)
    whole.push(doc)
    assert_same(told, whole.finish())
    assert [t.is_sent_start for t in stream.doc()] == [t.is_sent_start for t in doc]
    assert stream.doc().text == doc.text


def test_docs_without_sentences_go_on():
    nlp = pipeline()
    words, stream = random_words(5), the_pipe(nlp).stream(lag=1)
    told = stream.push(words_doc(nlp, words[:6])) + stream.push(
        words_doc(nlp, words[6:])
    )
    assert_same(told + stream.finish(), run(the_pipe(nlp).stream(lag=1), words))


# --- white space ----------------------------------------------------------------------


def test_white_space_in_a_span_belongs_to_it():
    nlp = trained("birnn_ner")
    stream = nlp.get_pipe("birnn_ner").stream(lag=0)
    assert labels(stream.push(["Anna"])) == ["B-PER"]
    assert stream.push([" "]) == []  # the next word decides
    assert labels(stream.push(["Berg", "lives", "\n"])) == ["I-PER", "I-PER", "O", "O"]
    assert stream.finish() == []
    assert [(e.start, e.end) for e in stream.doc().ents] == [(0, 3)]


def test_white_space_after_a_span_does_not():
    stream = trained("birnn_ner").get_pipe("birnn_ner").stream(lag=0)
    assert labels(stream.push(["Anna", "Berg", " "])) == ["B-PER", "I-PER"]
    assert labels(stream.finish()) == ["O"]


@pytest.mark.parametrize("lag", [0, MANY])
def test_no_span_goes_on_after_a_blank_line(lag):
    nlp = trained("birnn_ner")
    for words in (["Anna", "\n\n", "Berg"], ["Anna", "\n", "\n", "Berg"]):
        told = labels(run(nlp.get_pipe("birnn_ner").stream(lag=lag), words))
        assert told[0][0] != "I"
        assert not told[-1].startswith("I-")
        assert set(told[1:-1]) == {"O"}
        if lag:
            ents = nlp(doc_of(nlp, " ".join(words))).ents
            places = [(e.start, e.end, e.label_) for e in ents]
            assert told == schemes.encode(places, len(words), "iob2")


def test_tags_of_white_space():
    pipe = trained("birnn_tagger").get_pipe("birnn_tagger")
    told = run(pipe.stream(lag=1), [" ", "Anna", "\n", "lives"])
    assert labels(told)[::2] == ["_SP", "_SP"]
    assert [x.confidence is None for x in told] == [True, False, True, False]


# --- confidence -----------------------------------------------------------------------


def test_tags_below_min_confidence_are_empty():
    words, nlp = random_words(1), pipeline("birnn_tagger", "crf", confidence=True)
    shares = sorted(x.confidence for x in run(the_pipe(nlp).stream(lag=1), words))
    least = (shares[5] + shares[6]) / 2
    nlp = pipeline("birnn_tagger", "crf", confidence=True, min_confidence=least)
    stream = the_pipe(nlp).stream(lag=1)
    told = run(stream, words)
    assert sum(label == "" for label in labels(told)) == 6
    assert all((x.label == "") == (x.confidence < least) for x in told)
    assert [token.tag_ for token in stream.doc()] == labels(told)


def test_spans_below_min_confidence_are_left_out_of_the_document():
    """Whether a span is sure enough is not known before it has ended."""
    words = random_words(1)
    everything = the_pipe(pipeline(confidence=True)).stream(lag=1)
    told = run(everything, words)
    shares = sorted(confidences(everything.doc()))
    assert len(shares) > 2
    pipe = the_pipe(
        pipeline(confidence=True, min_confidence=(shares[0] + shares[1]) / 2)
    )
    stream = pipe.stream(lag=1)
    assert run(stream, words) == told
    assert sorted(confidences(stream.doc())) == shares[1:]


# --- documents ------------------------------------------------------------------------


@pytest.mark.parametrize(("factory", "decoder"), KINDS[::2])
def test_words_without_a_label_are_not_annotated(factory, decoder):
    nlp = pipeline(factory, decoder, confidence=True)
    words, lag = random_words(1), 3
    stream = the_pipe(nlp).stream(lag=lag)
    told = stream.push(words)
    doc = stream.doc()
    assert [token.text for token in doc] == words
    if factory == "birnn_tagger":
        assert [token.tag_ for token in doc] == labels(told) + [""] * lag
        assert [token._.confidence for token in doc[-lag:]] == [None] * lag
    elif factory == "birnn_ner":
        assert [t.ent_iob_ or "-" for t in doc][-lag:] == ["-"] * lag
        prefixes = [label[0] for label in labels(told)]
        assert [token.ent_iob_ for token in doc[:-lag]] == prefixes
    else:
        ends = [span.end for span in doc.spans["chunks"]]
        assert max(ends) <= len(told)


def test_the_span_that_is_open_has_the_probability_so_far():
    stream = trained("birnn_ner", confidence=True).get_pipe("birnn_ner").stream()
    stream.push(["Anna"])
    (open_span,) = stream.doc().ents
    stream.push(["Berg"])
    stream.finish()
    (whole,) = stream.doc().ents
    assert len(whole) == 2
    assert 0.5 < open_span._.confidence <= 1.0
    assert 0.5 < whole._.confidence <= 1.0


def test_without_keeping_nothing_grows():
    nlp = pipeline()
    stream = the_pipe(nlp).stream(lag=1, keep=False)
    n_strings = len(nlp.vocab.strings)
    stream.push(random_words(1))
    size = len(stream.to_bytes())
    for i in range(50):
        stream.push([f"new{i}", "Anna"])
    assert len(nlp.vocab.strings) == n_strings
    assert len(stream.to_bytes()) < size + 50
    with pytest.raises(BirnnError, match=r"^\[B470\] .*keep=False"):
        stream.doc()


# --- mistakes -------------------------------------------------------------------------


def test_a_component_on_a_gpu(monkeypatch):
    monkeypatch.setattr("spacy_birnn.models.streaming.is_on_gpu", lambda _: True)
    with pytest.raises(BirnnError, match=r"^\[B463\] .*birnn_ner.* on a GPU"):
        the_pipe(pipeline()).stream()


@pytest.mark.parametrize("lag", [-1, 1.5, "2", True, 10**9, 10**20])
def test_a_wrong_lag(lag):
    with pytest.raises(BirnnError, match=r"^\[B464\] .*birnn_ner.* None for all"):
        the_pipe(pipeline()).stream(lag=lag)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("Anna", "a str"),
        (["Anna", 3], "3"),
        (["a", ""], "''"),
        (None, "a NoneType"),
        (["a", "\ud800"], "half a character"),
        (["a", " ", "\ud800"], "half a character"),
    ],
)
def test_what_are_no_words(words, what):
    stream = the_pipe(pipeline()).stream()
    with pytest.raises(BirnnError, match=rf"^\[B467\] .*not .*{what}"):
        stream.push(words)
    assert [x.index for x in stream.push(WORDS)] == list(range(len(WORDS)))


def test_a_finished_stream():
    stream = the_pipe(pipeline()).stream()
    stream.finish()
    for call in (lambda: stream.push(["a"]), stream.break_, stream.finish):
        with pytest.raises(BirnnError, match=r"^\[B466\] .*is finished"):
            call()


def test_deep_networks_of_both_directions_need_all_words():
    nlp = spacy.blank("en")
    made = config()
    made["model"]["tok2vec"]["encode"]["depth"] = 2
    pipe = nlp.add_pipe("birnn_ner", config=made)
    nlp.initialize(lambda: examples(nlp))
    with pytest.raises(BirnnError, match=r"^\[B465\] .*2 layers.*lag=None"):
        pipe.stream(lag=1)
    assert len(run(pipe.stream(lag=None), WORDS)) == len(WORDS)


def test_a_listener_cannot_be_streamed():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    made = config()
    made["model"]["tok2vec"] = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 96,
    }
    pipe = nlp.add_pipe("birnn_ner", config=made)
    nlp.initialize(lambda: examples(nlp))
    with pytest.raises(BirnnError, match=r"^\[B462\] .*no listener"):
        pipe.stream()


def test_other_embeddings_cannot_be_streamed():
    nlp = spacy.blank("en")
    made = config()
    made["model"]["tok2vec"]["embed"] = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 16,
        "attrs": ["NORM", "SHAPE"],
        "rows": [100, 100],
        "include_static_vectors": False,
    }
    pipe = nlp.add_pipe("birnn_ner", config=made)
    nlp.initialize(lambda: examples(nlp))
    with pytest.raises(BirnnError, match=r"^\[B462\] .*WordCharEmbed"):
        pipe.stream()


def test_a_component_that_is_not_initialized():
    pipe = spacy.blank("en").add_pipe("birnn_ner", config=config())
    with pytest.raises(BirnnError, match=r"^\[B001\]"):
        pipe.stream()


def test_a_stream_does_not_outlive_the_weights():
    nlp = pipeline()
    stream = the_pipe(nlp).stream()
    stream.push(WORDS)
    nlp.update(examples(nlp))
    with pytest.raises(BirnnError, match=r"^\[B468\] .*trained or loaded anew"):
        stream.push(WORDS)
    with pytest.raises(BirnnError, match=r"^\[B468\]"):
        stream.to_bytes()
    told = run(the_pipe(nlp).stream(), WORDS)
    assert [label.index for label in told] == list(range(len(WORDS)))


def test_all_labels_at_the_end_know_no_state_to_carry():
    stream = the_pipe(pipeline()).stream(lag=None)
    with pytest.raises(BirnnError, match=r"^\[B469\] .*needs a lag"):
        stream.break_(carry=True)


def test_nothing_and_empty_documents():
    nlp = pipeline()
    for lag in (0, 2, None):
        stream = the_pipe(nlp).stream(lag=lag)
        assert stream.push([]) == []
        assert stream.push(Doc(nlp.vocab)) == []
        assert stream.break_() == []
        assert stream.finish() == []
        assert len(stream.doc()) == 0
