"""Fitting a temperature: found again where it is known, and what is refused."""

import math
import random

import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.diagnostics.calibration import calibrate, fit_temperature
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.schemes import decode

from ..pipeline.toys import (
    FACTORIES,
    config,
    example,
    examples,
    shake,
    train,
    trained,
    untrained,
)

WORDS = [
    "Anna",
    "Berg",
    "lives",
    "in",
    "Old",
    "Harbour",
    "Tilda",
    "hired",
    "Otto",
    "May",
    "rains",
    "there",
]


def sampled_examples(nlp, temperature, count=400):
    """Short texts, annotated as a component's own distribution has it at a temperature:
    all label sequences are listed, and one is drawn."""
    (name,) = nlp.pipe_names
    pipe, draw = nlp.get_pipe(name), random.Random(0)
    size = 2 if pipe.target == "tag" else 3  # 36 and 41 label sequences
    texts = [draw.sample(WORDS, size) for _ in range(count)]
    docs = [Doc(nlp.vocab, words=words) for words in texts]
    pipe.temperature = temperature
    found = []
    for doc, best in zip(docs, pipe.k_best(docs, k=50)):
        labels, logs = zip(*best)
        weights = [math.exp(log) for log in logs]
        assert sum(weights) == pytest.approx(1.0)
        (chosen,) = draw.choices(labels, weights)
        reference = doc.copy()
        if pipe.target == "tag":
            reference = Doc(nlp.vocab, words=[t.text for t in doc], tags=list(chosen))
        else:
            spans, _ = decode(chosen, "bioes")
            spans = [reference[a:b] for a, b, _ in spans], [kind for *_, kind in spans]
            reference.set_ents(
                [
                    spacy.tokens.Span(reference, span.start, span.end, label=kind)
                    for span, kind in zip(*spans)
                ],
                default="outside",
            )
        found.append(Example(doc, reference))
    pipe.temperature = 1.0
    return found


@pytest.mark.parametrize("temperature", [0.5, 2.0])
@pytest.mark.parametrize(
    ("factory", "decoder"),
    [("birnn_ner", "crf"), ("birnn_ner", "constrained"), ("birnn_tagger", "softmax")],
)
def test_a_known_temperature_is_found_again(factory, decoder, temperature):
    nlp = untrained(factory, decoder=decoder)
    shake(nlp, 1.0)
    found = calibrate(nlp, sampled_examples(nlp, temperature))[factory]
    assert found.temperature == pytest.approx(temperature, rel=0.15)
    assert nlp.get_pipe(factory).temperature == pytest.approx(found.temperature)
    assert found.former == 1.0
    assert found.words == (800 if factory == "birnn_tagger" else 1200)
    assert found.loss_after < found.loss_before
    assert found.after.count == found.before.count
    assert found.after.accuracy == found.before.accuracy


@pytest.mark.parametrize(
    ("factory", "decoder"),
    [("birnn_ner", "crf"), ("birnn_ner", "constrained"), ("birnn_tagger", "softmax")],
)
def test_the_loss_has_its_minimum_there(factory, decoder):
    nlp = untrained(factory, decoder=decoder)
    shake(nlp, 1.0)
    data, pipe = sampled_examples(nlp, 1.3, count=40), nlp.get_pipe(factory)
    found = calibrate(nlp, data)[factory]
    emissions = pipe.emissions([example.predicted for example in data]).double()
    sequences = pipe.sequences([example.predicted for example in data])
    gold = torch.from_numpy(pipe.gold_labels(data, sequences))

    def loss(temperature):
        scale = torch.tensor(1.0 / temperature, dtype=torch.float64)
        of_all = get_decoder(pipe.model).calibration_loss(
            emissions, sequences.lengths, gold, scale
        )
        return of_all.item() / found.words

    best = found.temperature
    assert loss(best) == pytest.approx(found.loss_after)
    assert loss(1.0) == pytest.approx(found.loss_before)
    assert loss(best) < min(loss(best * 1.01), loss(best / 1.01))


def test_calibrated_again_it_stays():
    nlp = untrained()
    shake(nlp, 1.0)
    data = sampled_examples(nlp, 2.0, count=100)
    first = calibrate(nlp, data)["birnn_ner"]
    second = calibrate(nlp, data)["birnn_ner"]
    assert second.former == first.temperature
    assert second.temperature == pytest.approx(first.temperature)
    assert second.before == first.after


def test_what_is_not_annotated_does_not_count():
    nlp = untrained()
    shake(nlp, 1.0)
    data = sampled_examples(nlp, 2.0, count=100)
    alone = calibrate(nlp, data)["birnn_ner"]
    empty = [Example(e.predicted.copy(), e.predicted.copy()) for e in data]
    nlp.get_pipe("birnn_ner").temperature = 1.0
    mixed = calibrate(nlp, [*data, *empty])["birnn_ner"]
    assert mixed.words == alone.words
    assert mixed.temperature == pytest.approx(alone.temperature, rel=1e-5)
    assert mixed.after.count == alone.after.count


def test_several_components_each_after_the_ones_before():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_tagger", config=config())
    nlp.add_pipe("birnn_ner", config=config())
    data = [*examples(nlp, "ents"), *examples(nlp, "tag")]
    nlp.initialize(lambda: data)
    train(nlp, data, 10)
    ruler = nlp.add_pipe("entity_ruler", after="birnn_tagger")
    ruler.add_patterns([{"label": "PER", "pattern": "Anna"}])
    other = ("Otto rains .", ["B-LOC", "O", "O"], [], ["ADV", "PRON", "PUNCT"])
    data = [*data, example(nlp, other, "ents"), example(nlp, other, "tag")]
    found = calibrate(nlp, data)
    assert list(found) == ["birnn_tagger", "birnn_ner"]
    # what the ruler has found is no prediction of ours
    annotated = [e for e in data if e.reference.has_annotation("ENT_IOB")]
    n_ours = sum(
        ent.text != "Anna" for e in annotated for ent in nlp(e.reference.text).ents
    )
    assert found["birnn_ner"].after.count == n_ours
    before = {name: nlp.get_pipe(name).temperature for name in found}
    alone = calibrate(nlp, annotated, component="birnn_ner")
    assert list(alone) == ["birnn_ner"]
    assert nlp.get_pipe("birnn_tagger").temperature == before["birnn_tagger"]


@pytest.mark.parametrize("factory", FACTORIES)
def test_data_known_by_heart_says_nothing(factory):
    nlp = trained(factory)
    pipe = nlp.get_pipe(factory)
    with pytest.raises(BirnnError, match=rf"B446.*'{factory}'"):
        calibrate(nlp, examples(nlp, pipe.target))
    assert pipe.temperature == 1.0


def test_no_temperature_changes_where_one_fails():
    nlp = spacy.blank("en")
    for factory in ("birnn_tagger", "birnn_ner"):
        nlp.add_pipe(factory, config=config())
    data = [*examples(nlp, "ents"), *examples(nlp, "tag")]
    nlp.initialize(lambda: data)
    only_tags = examples(nlp, "tag")
    with pytest.raises(BirnnError, match=r"B445.*'birnn_ner'.*ents"):
        calibrate(nlp, only_tags)
    assert nlp.get_pipe("birnn_tagger").temperature == 1.0


def test_components_that_are_not_there():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(BirnnError, match=r"B440.*sentencizer"):
        calibrate(nlp, [])
    with pytest.raises(BirnnError, match=r"B441.*birnn_ner.*'other'"):
        calibrate(untrained(), [], component="other")


@pytest.mark.parametrize("minimum", [0.06, 0.7, 1.0, 19.0])
def test_fit_of_a_parabola(minimum):
    found = fit_temperature(lambda scale: (scale.log() + math.log(minimum)) ** 2)
    assert found == pytest.approx(minimum, rel=1e-6)


@pytest.mark.parametrize("minimum", [0.01, 100.0])
def test_fit_out_of_bounds(minimum):
    assert fit_temperature(lambda s: (s.log() + math.log(minimum)) ** 2) is None
