"""White-space tokens are no part of a sequence: spans go through them."""

import math

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed

from spacy_birnn.models.sequence_tagger import get_decoder

from .toys import SENTENCES, config, doc_of, found, shake, train, trained, untrained

SPACES = ["\n", "\n   ", "  ", "\t", "\u00a0", "\r\n", "\u2003"]
DECODERS = ["crf", "constrained", "softmax"]


def broken(nlp, space, target="ents"):
    """The sentences with white space after each of their words, and the same gold."""
    data = []
    for text, ents, chunks, _ in SENTENCES:
        words = [word for word in text.split() for word in (word, space)][:-1]
        tags = []
        for i, tag in enumerate(ents if target == "ents" else chunks):
            tags += [f"I{tag[1:]}" if tag[0] == "I" else "O"] * bool(i) + [tag]
        reference = Doc(nlp.vocab, words=words, ents=tags)
        if target == "spans":
            reference.spans["chunks"] = list(reference.ents)
            reference.set_ents([], default="missing")
        data.append(Example(Doc(nlp.vocab, words=words), reference))
    return data


def texts_of(spans):
    return [span.text for span in spans]


def test_the_case():
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config())
    text = "They flew to New\nYork today ."
    data = [Example.from_dict(nlp.make_doc(text), {"entities": [(13, 21, "LOC")]})]
    nlp.initialize(lambda: data)
    train(nlp, data, 40)
    assert texts_of(nlp(text).ents) == ["New\nYork"]
    scores = nlp.evaluate(data)
    assert scores["ents_f"] == scores["ents_seqeval_strict_f"] == 1.0


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("factory", ["birnn_ner", "birnn_chunker"])
def test_spans_are_the_same_with_and_without(factory, space):
    nlp = trained(factory, confidence=True)
    for example in broken(nlp, space, nlp.get_pipe(factory).target):
        words = [token.text for token in example.reference if not token.is_space]
        plain = nlp(Doc(nlp.vocab, words=words))
        doc = nlp(example.predicted)
        assert found(doc)[:2] == found(example.reference)[:2]
        if factory == "birnn_ner":
            for one, two in zip(doc.ents, plain.ents, strict=True):
                assert one._.confidence == pytest.approx(two._.confidence, abs=1e-5)
        else:
            scores = plain.spans["chunks"].attrs["scores"]
            expected = pytest.approx(scores, abs=1e-5)
            assert doc.spans["chunks"].attrs["scores"] == expected


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_learned_from_broken_text(decoder, scheme):
    """A gold entity with white space inside is one entity."""
    nlp = untrained(decoder=decoder, scheme=scheme)
    data = broken(nlp, "\n")
    train(nlp, data, 60)
    for example in data:
        assert found(nlp(example.predicted)) == found(example.reference)
        words = [token.text for token in example.reference if not token.is_space]
        ents = nlp(Doc(nlp.vocab, words=words)).ents
        assert len(ents) == len(example.reference.ents)


def test_the_loss_is_that_of_the_words():
    nlp = trained(steps=5)
    pipe = nlp.get_pipe("birnn_ner")
    losses = []
    for space in ("\n", None):
        data = broken(nlp, "\n") if space else broken(nlp, "x")
        if not space:
            data = [
                Example(
                    doc_of(nlp, text), Doc(nlp.vocab, words=text.split(), ents=ents)
                )
                for text, ents, *_ in SENTENCES
            ]
        scores = pipe.model.predict([example.predicted for example in data])
        losses.append(pipe.get_loss(data, scores)[0])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_white_space_at_the_edge_of_gold_is_trimmed():
    nlp = untrained()
    words = ["in", "\n", "Old", " ", "Harbour", "\n", "Otto", " "]
    trimmed = ["O", "O", "B-LOC", "I-LOC", "I-LOC", "O", "B-PER", "O"]
    wide = ["O", "B-LOC", "I-LOC", "I-LOC", "I-LOC", "I-LOC", "B-PER", "I-PER"]
    examples = [
        Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words, ents=ents))
        for ents in (trimmed, wide)
    ]
    pipe = nlp.get_pipe("birnn_ner")
    scores = pipe.model.predict([examples[0].predicted])
    losses = [pipe.get_loss([example], scores)[0] for example in examples]
    assert losses[0] == losses[1] > 0
    train(nlp, examples[1:], 60)
    for example in examples:
        assert nlp.evaluate([example])["ents_f"] == 1.0
    doc = nlp(Doc(nlp.vocab, words=words))
    assert [(e.start, e.end) for e in doc.ents] == [(2, 5), (6, 7)]


def test_two_entities_of_one_type_with_white_space_at_the_second():
    """The second begins with its white space: it does not continue the first."""
    nlp = untrained()
    words = ["Anna", " ", "Otto"]
    ents = ["B-PER", "B-PER", "I-PER"]
    data = [Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words, ents=ents))]
    train(nlp, data, 40)
    doc = nlp(data[0].predicted)
    assert [(e.start, e.end) for e in doc.ents] == [(0, 1), (2, 3)]


def test_an_entity_of_white_space_alone_is_no_entity():
    nlp = untrained()
    reference = Doc(nlp.vocab, words=["a", " ", "b"], ents=["O", "B-PER", "O"])
    data = [Example(Doc(nlp.vocab, words=["a", " ", "b"]), reference)]
    train(nlp, data, 40)
    assert not nlp(data[0].predicted).ents
    assert nlp.evaluate(data)["ents_f"] is None  # nothing to find, nothing found


@pytest.mark.parametrize("decoder", DECODERS)
def test_preset_entities_are_untouched(decoder):
    """Whatever the model says, also where they begin, end or are white space."""
    nlp = untrained(decoder=decoder)
    words = ["Anna", " ", "Otto", "\n", "Berg", " ", "in", " ", "Rio"]
    given = [(1, 2, "A"), (3, 6, "B")]
    for _ in range(10):
        shake(nlp)
        doc = Doc(nlp.vocab, words=words)
        doc.set_ents([Span(doc, *span) for span in given], default="missing")
        doc = nlp(doc)
        spans = [(e.start, e.end, e.label_) for e in doc.ents]
        assert set(given) <= set(spans)
        assert sum(end - start for start, end, _ in spans) == sum(
            token.ent_iob_ in "BI" for token in doc
        )
        assert not any(start < 3 < end for start, end, _ in spans if start != 3)


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("decoder", DECODERS)
def test_k_best(decoder, scheme):
    """White space inside a span is `I-X`, else `O`; the words are as without it."""
    nlp = untrained(decoder=decoder, scheme=scheme)
    shake(nlp)
    pipe = nlp.get_pipe("birnn_ner")
    spaced = Doc(nlp.vocab, words=["\n", "Anna", " ", "\n", "Berg", " "])
    (best,) = pipe.k_best([spaced], k=200)
    (plain,) = pipe.k_best([Doc(nlp.vocab, words=["Anna", "Berg"])], k=200)
    assert len(best) == len(plain)
    n_inside = 0
    for (tags, log), (words, other) in zip(best, plain):
        first, one, *inner, two, last = tags
        assert [one, two] == words
        assert log == pytest.approx(other, abs=1e-5)
        goes_on = one[:2] in ("B-", "I-") and two[:2] in ("I-", "E-")
        goes_on = goes_on and one[2:] == two[2:]
        n_inside += goes_on
        assert inner == [f"I{one[1:]}" if goes_on else "O"] * 2
        assert (first, last) == ("O", "O")
    assert n_inside
    assert sum(math.exp(log) for _, log in best) == pytest.approx(1.0)


def test_k_best_where_a_sentence_ends():
    """Labels that would continue a span, in two sentences, do not hold it together."""
    nlp = untrained(decoder="softmax")
    pipe = nlp.get_pipe("birnn_ner")
    shake(nlp)
    words, starts = ["Anna", " ", "Berg"], [True, False, True]
    doc = Doc(nlp.vocab, words=words, sent_starts=starts)
    (best,) = pipe.k_best([doc], k=1000)
    assert {tags[1] for tags, _ in best} == {"O"}


def test_no_span_crosses_a_blank_line():
    nlp = untrained()
    pipe = nlp.get_pipe("birnn_ner")
    words = ["Anna", "\n", "Berg", "GAP", "Old", " ", "Harbour"]
    for gap in (["\n\n"], ["\n", "\n"], ["\r\n \r\n"], ["\u2029", " ", "\n"]):
        doc = Doc(nlp.vocab, words=[*words[:3], *gap, *words[4:]])
        assert pipe.sequences([doc]).lengths == [2, 2]
        for _ in range(5):
            shake(nlp)
            for entity in nlp(doc.copy()).ents:
                assert entity.end <= 3 or entity.start >= 3 + len(gap)
    for gap in (["\n"], [" ", "\t"], ["\r\n"]):
        doc = Doc(nlp.vocab, words=[*words[:3], *gap, *words[4:]])
        assert pipe.sequences([doc]).lengths == [4]


def test_words_are_read_in_their_context_across_a_blank_line():
    nlp = untrained()
    words = ["Anna", "hired", "\n\n", "Otto"]
    spaced = nlp.get_pipe("birnn_ner").model.predict([Doc(nlp.vocab, words=words)])[0]
    del words[2]
    plain = nlp.get_pipe("birnn_ner").model.predict([Doc(nlp.vocab, words=words)])[0]
    assert abs(spaced[[0, 1, 3]] - plain).max() < 1e-5


def test_a_gold_entity_across_a_blank_line_is_two():
    nlp = untrained()
    words = ["Old", "\n\n", "Harbour", "rains"]
    reference = Doc(nlp.vocab, words=words, ents=["B-LOC", "I-LOC", "I-LOC", "O"])
    data = [Example(Doc(nlp.vocab, words=words), reference)]
    train(nlp, data, 40)
    doc = nlp(data[0].predicted)
    assert [(e.start, e.end) for e in doc.ents] == [(0, 1), (2, 3)]


def test_documents_end_at_blank_lines_of_their_own():
    """A line break that ends a document and one that begins the next are not two."""
    nlp = untrained()
    pipe = nlp.get_pipe("birnn_ner")
    docs = [Doc(nlp.vocab, words=words) for words in (["a", "\n"], ["\n", "b"], ["\n"])]
    assert pipe.sequences(docs).lengths == [1, 1]
    assert not get_decoder(pipe.model).crf.impossible
