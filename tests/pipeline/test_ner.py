"""`birnn_ner`: what it writes, what it leaves, and how sure it says it is."""

import math

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_birnn import schemes
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.pipeline.candidates import PredictedSpan

from .toys import (
    SENTENCES,
    config,
    doc_of,
    example,
    examples,
    found,
    shake,
    texts,
    train,
    trained,
    untrained,
)

ALL = 1000


def ents(doc):
    return [(e.start, e.end, e.label_) for e in doc.ents]


def enumerate_spans(pipe, doc, keep_preset=False):
    """The probability of every span: the sum over all sequences that contain it."""
    sequences = pipe.sequences([doc], keep_preset=keep_preset)
    emissions = pipe.emissions([doc])
    inputs = sequences.select(emissions), sequences.lengths
    permitted = sequences.permitted_on(emissions.device)
    decoder = get_decoder(pipe.model)
    totals, offset = {}, 0
    for best in decoder.k_best(*inputs, ALL, permitted):
        assert sum(math.exp(log) for _, log in best) == pytest.approx(1.0)
        for ids, log in best:
            tags = [pipe.codec.labels[i] for i in ids]
            for start, end, label in schemes.decode(tags, pipe.codec.scheme)[0]:
                span = (*sequences.tokens(start + offset, end + offset), label)
                totals[span] = totals.get(span, 0.0) + math.exp(log)
        offset += len(best[0][0])
    return totals


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_confidence_is_the_sum_over_all_sequences(decoder, scheme):
    nlp = untrained(decoder=decoder, scheme=scheme, confidence=True)
    pipe = nlp.get_pipe("birnn_ner")
    n_found = 0
    for text in ("Anna", "Old Harbour", "Anna hired Otto", "a   b c"):
        for starts in (None, [True] + [i % 2 == 0 for i in range(1, 20)]):
            shake(nlp)
            doc = nlp.make_doc(text)
            if starts:
                doc = Doc(
                    nlp.vocab,
                    words=[t.text for t in doc],
                    sent_starts=starts[: len(doc)],
                )
            totals = enumerate_spans(pipe, doc)
            nlp(doc)
            n_found += len(doc.ents)
            for entity in doc.ents:
                key = (entity.start, entity.end, entity.label_)
                assert type(entity._.confidence) is float
                assert entity._.confidence == pytest.approx(totals[key], abs=1e-5)
    assert n_found >= 5


@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_confidence_beside_entities_that_stay(decoder):
    nlp = untrained(decoder=decoder, confidence=True)
    pipe = nlp.get_pipe("birnn_ner")
    n_found = 0
    for _ in range(6):
        shake(nlp)
        doc = doc_of(nlp, "Anna hired Otto there")
        doc.set_ents([Span(doc, 1, 2, label="ORG")], default="missing")
        totals = enumerate_spans(pipe, doc, keep_preset=True)
        nlp(doc)
        assert (1, 2, "ORG") in ents(doc)
        for entity in doc.ents:
            if entity.label_ == "ORG":
                assert entity._.confidence is None
                continue
            n_found += 1
            total = totals[entity.start, entity.end, entity.label_]
            assert entity._.confidence == pytest.approx(total, abs=1e-5)
    assert n_found >= 4


def test_no_confidence_by_default():
    nlp = trained()
    doc = nlp(texts()[0])
    assert doc.ents
    assert [e._.confidence for e in doc.ents] == [None] * len(doc.ents)
    assert not doc.user_data


def test_confidence_is_not_that_of_a_chunk_of_the_same_words():
    nlp = trained(confidence=True)
    alone = nlp(SENTENCES[0][0]).ents[0]._.confidence
    chunker = trained("birnn_chunker", confidence=True, steps=3)
    nlp.add_pipe("birnn_chunker", source=chunker)
    doc = nlp(SENTENCES[0][0])
    assert doc.ents[0]._.confidence == alone
    assert len(doc.spans["chunks"].attrs["scores"]) == len(doc.spans["chunks"])


# --- entities of earlier components ---------------------------------------------------


def rule(nlp, text, label, **more):
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": label, "pattern": text, **more}])


def test_entities_of_a_ruler_stay():
    nlp = trained()
    rule(nlp, "lives in Old", "RULE", id="kept")
    doc = nlp(SENTENCES[0][0])
    assert (2, 5, "RULE") in ents(doc)
    assert (0, 2, "PER") in ents(doc)
    assert [e.ent_id_ for e in doc.ents if e.label_ == "RULE"] == ["kept"]


def test_confidences_of_earlier_entities_go_with_them():
    doc = trained(confidence=True)(SENTENCES[0][0])
    assert all(ent._.confidence for ent in doc.ents)
    unsure = trained()
    stays = unsure(doc.copy())
    assert [e._.confidence for e in stays.ents] == [e._.confidence for e in doc.ents]
    replaced = trained(overwrite=True)(doc)
    assert [ent._.confidence for ent in replaced.ents] == [None] * len(stays.ents)
    assert not any("confidence" in key for key in replaced.user_data)


def test_overwrite_replaces_all_earlier_entities():
    """Also where the model says O, and blocked tokens."""
    nlp = trained(overwrite=True)
    expected = ents(nlp(SENTENCES[0][0]))
    rule(nlp, "lives in Old", "RULE", id="gone")
    doc = nlp(SENTENCES[0][0])
    assert ents(doc) == expected == [(0, 2, "PER"), (4, 6, "LOC")]
    assert {token.ent_id_ for token in doc} == {""}
    doc = doc_of(nlp, SENTENCES[0][0])
    doc.set_ents([Span(doc, 2, 3, label="X", kb_id="Q1")], blocked=[doc[0:2]])
    doc = nlp.get_pipe("birnn_ner")(doc)
    assert ents(doc) == expected
    assert {token.ent_kb_id_ for token in doc} == {""}


def test_blocked_tokens_and_ids_stay():
    nlp = trained()
    doc = doc_of(nlp, SENTENCES[0][0])
    given = Span(doc, 2, 3, label="ORG", kb_id="Q1", span_id="s1")
    doc.set_ents([given], blocked=[doc[0:2]], default="missing")
    nlp(doc)
    assert ents(doc) == [(2, 3, "ORG"), (4, 6, "LOC")]
    assert [t.ent_iob_ for t in doc] == ["B", "B", "B", "O", "B", "I", "O"]
    assert [t.ent_type_ for t in doc[:2]] == ["", ""]
    assert (doc.ents[0].kb_id_, doc.ents[0].ent_id_) == ("Q1", "s1")
    assert doc.ents[1].kb_id_ == doc.ents[1].ent_id_ == ""


def test_adjacent_entities_stay_apart():
    nlp = untrained()
    doc = doc_of(nlp, "Anna Otto Tilda")
    doc.set_ents([Span(doc, 0, 1, label="PER"), Span(doc, 1, 2, label="PER")])
    nlp(doc)
    assert ents(doc)[:2] == [(0, 1, "PER"), (1, 2, "PER")]


# --- sentences ------------------------------------------------------------------------


def test_entities_end_with_their_sentence():
    nlp = untrained()
    for _ in range(5):
        shake(nlp)
        words = list("abcdef")
        doc = nlp(Doc(nlp.vocab, words=words, sent_starts=[1, -1, 1, -1, -1, 1]))
        for entity in doc.ents:
            assert entity.sent.start <= entity.start < entity.end <= entity.sent.end


def test_a_document_without_sentence_starts_is_one_sequence():
    nlp = trained()
    words = " ".join(sentence[0] for sentence in SENTENCES).split()
    starts = [False] * len(words)
    for at in (0, 7, 13):
        starts[at] = True
    per_sentence = nlp(Doc(nlp.vocab, words=words, sent_starts=starts))
    gold = [e for s in SENTENCES for e in Doc(nlp.vocab, s[0].split(), ents=s[1]).ents]
    assert [e.text for e in per_sentence.ents] == [e.text for e in gold]
    alone = [nlp(sentence[0]) for sentence in SENTENCES]
    emissions = nlp.get_pipe("birnn_ner").model.predict
    (joined,) = emissions([per_sentence])
    assert abs(joined[:7] - emissions(alone)[0]).max() < 1e-5
    (whole,) = emissions([Doc(nlp.vocab, words=words)])
    assert abs(whole[:7] - joined[:7]).max() > 1e-3


# --- training -------------------------------------------------------------------------


def test_learns_from_other_tokens():
    """Where predicted and reference tokens differ, what can be aligned is learned."""
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config())
    reference = Doc(
        nlp.vocab,
        words=["Anna", "Berg", "lives", "in", "Rio", "-", "Tinto", "!"],
        spaces=[True, True, True, True, False, False, False, False],
        ents=["B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC", "I-LOC", "O"],
    )
    predicted = Doc(
        nlp.vocab,
        words=["Anna", " ", "Berg", "lives", "in", "Rio-Tinto", "!"],
        spaces=[True, False, True, True, True, False, False],
    )
    data = [Example(predicted, reference)]
    nlp.initialize(lambda: data)
    assert train(nlp, data, 50) < 0.1
    doc = nlp(predicted.copy())
    assert [e.text for e in doc.ents] == ["Anna  Berg", "Rio-Tinto"]


def test_partly_annotated_documents_are_learned():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config())
    words = ["Anna", "saw", "Otto", "today"]
    data = [
        Example(
            Doc(nlp.vocab, words=words),
            Doc(nlp.vocab, words=words, ents=["B-PER", "O", "", ""]),
        ),
        *examples(nlp)[:1],
        Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)),
    ]
    nlp.initialize(lambda: data)
    train(nlp, data, 40)
    doc = nlp(Doc(nlp.vocab, words=words))
    assert (0, 1, "PER") in ents(doc)
    assert doc[1].ent_iob_ == "O"


def test_labels_are_those_of_the_entities():
    nlp = untrained()
    assert nlp.get_pipe("birnn_ner").labels == ("LOC", "PER")
    assert nlp.pipe_labels["birnn_ner"] == ["LOC", "PER"]


def test_scores():
    nlp = trained()
    scores = nlp.evaluate(examples(nlp))
    assert scores["ents_f"] == scores["ents_seqeval_f"] == 1.0
    assert found(nlp(SENTENCES[2][0]))[0] == []
    new = example(nlp, ("Anna", ["B-NEW"], ["O"], ["X"]))
    assert nlp.evaluate([new])["ents_per_type"]["NEW"]["r"] == 0.0


def test_types_whose_hashes_fill_all_bits():
    """Some lie beyond the integers that numpy takes for signed ones, some do not."""
    nlp = spacy.blank("en")
    types = ["PER", "product", "creative-work", "group", "corporation", "Ωmega"]
    keys = [nlp.vocab.strings.add(name) for name in types]
    assert min(keys) < 2**63 < max(keys)
    pipe = nlp.add_pipe("birnn_ner", config=config())
    for name in types:
        pipe.add_label(name)
    doc = Doc(nlp.vocab, words=["word"] * 2 * len(types))
    spans = [PredictedSpan(2 * i, 2 * i + 2, name) for i, name in enumerate(types)]
    pipe.set_annotations([doc], [spans])
    found = [(entity.start, entity.end, entity.label_) for entity in doc.ents]
    assert found == [(span.start, span.end, span.label) for span in spans]


def test_documents_of_another_vocabulary():
    """It may never have heard of the types."""
    pipe = trained().get_pipe("birnn_ner")
    docs = [Doc(Vocab(), words=texts()[0].split()) for _ in range(2)]
    pipe.set_annotations(docs, pipe.predict(docs))
    assert all([entity.label_ for entity in doc.ents] == ["PER", "LOC"] for doc in docs)
