"""Readings against the enumeration of all label sequences."""

import math

import numpy
import pytest
import spacy
import torch

from spacy_birnn.diagnostics import explain
from spacy_birnn.diagnostics.chain import Chain
from spacy_birnn.diagnostics.readings import span_readings
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.pipeline.codec import FlatSpan

from .pipes import untrained

TEXT = "a b c"


def enumerated(nlp, doc):
    """Each label sequence of a document as spans, with its probability."""
    pipe = nlp.get_pipe("birnn_ner")
    (sequences,) = pipe.k_best([doc], k=1000)
    assert sum(math.exp(log) for _, log in sequences) == pytest.approx(1.0)
    index = {label: i for i, label in enumerate(pipe.codec.labels)}
    for labels, log in sequences:
        ids = numpy.array([index[label] for label in labels])
        yield pipe.codec.repair(ids, [len(ids)]), math.exp(log)


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
@pytest.mark.parametrize("place", [(0, 1), (1, 2), (1, 3)])
def test_probabilities_are_sums_over_all_label_sequences(scheme, decoder, place):
    nlp = untrained(scheme, decoder)
    doc = nlp.make_doc(TEXT)
    chain = Chain(nlp, nlp.get_pipe("birnn_ner"), doc)
    types = nlp.get_pipe("birnn_ner").codec.types
    expected = {}
    for spans, probability in enumerated(nlp, doc):
        found = tuple(
            (s.start, s.end, types[s.type])
            for s in spans
            if s.start < place[1] and place[0] < s.end
        )
        expected[found] = expected.get(found, 0.0) + probability
    readings = span_readings(chain, FlatSpan(*place, 0), 100)
    assert len(readings) > 3
    for reading in readings:
        wanted = expected.get(tuple(reading.spans), 0.0)
        assert reading.probability == pytest.approx(wanted, rel=1e-4)
    probabilities = [reading.probability for reading in readings]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1.0 + 1e-6


def test_what_is_predicted_is_always_among_the_readings():
    """The best label sequence need not hold the most probable reading."""
    nlp = untrained(decoder="softmax")
    doc = nlp.make_doc("a b c")
    for count in (1, 2):
        for decision in explain(nlp, doc, readings=count).decisions:
            assert len(decision.readings) == count
            span = (decision.start, decision.end, decision.label)
            assert [span] in [reading.spans for reading in decision.readings]


def test_the_tag_that_is_predicted_is_always_among_the_readings():
    """The best sequence of a CRF need not hold the most probable tag of a word."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_tagger", config={"model": {"decoder": "crf"}})
    for label in "WXYZ":
        pipe.add_label(label)
    nlp.initialize()
    doc = nlp.make_doc("a b c d e f g h")
    surprises = 0
    for seed in range(4):
        torch.manual_seed(seed)
        for weights in get_decoder(pipe.model).crf.parameters():
            torch.nn.init.normal_(weights, std=1.5)
        for decision in explain(nlp, doc, readings=1).decisions:
            assert [r.spans[0][2] for r in decision.readings] == [decision.label]
        for decision in explain(nlp, doc, readings=2).decisions:
            assert decision.label in [r.spans[0][2] for r in decision.readings]
            surprises += decision.readings[0].spans[0][2] != decision.label
    assert surprises


@pytest.mark.parametrize("decoder", ["crf", "softmax"])
def test_confidence_is_the_pipeline_s_and_what_is_set_stays(decoder):
    """White space within, two sentences, an entity of an earlier component."""
    nlp = untrained(decoder=decoder)
    ruler = nlp.add_pipe("entity_ruler", before="birnn_ner")
    ruler.add_patterns([{"label": "Z", "pattern": "zero"}])
    nlp.add_pipe("sentencizer", first=True)
    doc = nlp("a b \n c. b a zero c a b")
    found = explain(nlp, doc).decisions
    earlier, *others = sorted(doc.ents, key=lambda e: e.label_ != "Z")
    assert (earlier.text, earlier._.confidence) == ("zero", None)
    ours = {(e.start, e.end, e.label_): e._.confidence for e in others}
    assert ours
    assert {(d.start, d.end, d.label): d.confidence for d in found} == {
        key: pytest.approx(value) for key, value in ours.items()
    }
    assert all(d.text == doc[d.start : d.end].text for d in found)


@pytest.mark.parametrize("settings", [{"readings": 0}, {"reach": -1}, {"reach": True}])
def test_numbers_that_are_none(settings):
    with pytest.raises(BirnnError, match=rf"^\[B429\] {next(iter(settings))} = "):
        explain(untrained(), "a b", **settings)
