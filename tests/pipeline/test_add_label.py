"""New labels on a trained component."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_birnn import schemes
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder

from .toys import (
    FACTORIES,
    confidences,
    config,
    example,
    examples,
    found,
    shake,
    texts,
    train,
    trained,
    untrained,
)

every_factory = pytest.mark.parametrize("factory", FACTORIES)
every_decoder = pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])

NEW = (
    "Rain often hired Anna",
    ["B-ORG", "I-ORG", "O", "B-PER"],
    ["B-ORG", "I-ORG", "B-VP", "B-NP"],
    ["ORG", "ADV", "VERB", "PROPN"],
)


def outputs(nlp):
    """All that a pipeline says of texts."""
    docs = list(nlp.pipe(texts()))
    (name,) = nlp.pipe_names
    best = nlp.get_pipe(name).k_best(docs, k=3)
    return [found(doc) for doc in docs], [confidences(doc) for doc in docs], best


def assert_equal(one, two):
    assert one[0] == two[0]
    for a, b in zip(one[1], two[1], strict=True):
        assert a == pytest.approx(b, abs=1e-5)
    for a, b in zip(one[2], two[2], strict=True):
        assert [tags for tags, _ in a] == [tags for tags, _ in b]
        assert [log for _, log in a] == pytest.approx([log for _, log in b], abs=1e-4)


@every_factory
@every_decoder
@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_nothing_changes_until_the_label_is_taught(factory, decoder, scheme):
    nlp = trained(factory, decoder=decoder, scheme=scheme, confidence=True)
    pipe = nlp.get_pipe(factory)
    before, labels = outputs(nlp), pipe.labels
    assert [pipe.add_label(label) for label in ("ORG", "ORG", "AAA")] == [1, 0, 1]
    assert pipe.labels == (*labels, "ORG", "AAA")
    assert nlp.pipe_labels[factory] == [*labels, "ORG", "AAA"]
    assert_equal(outputs(nlp), before)
    # Nor in an update that does not hold it.
    data, target = examples(nlp, pipe.target), pipe.target
    scores = pipe.model.predict([eg.predicted for eg in data])
    _, gradients = pipe.get_loss(data, scores)
    new = [i for label in ("ORG", "AAA") for i in pipe.label_ids(label)]
    assert all((gradient[:, new] == 0).all() for gradient in gradients)
    assert pipe.cfg["masked"] == ["ORG", "AAA"]
    train(nlp, [example(nlp, NEW, target)], 1)
    assert pipe.cfg["masked"] == ["AAA"]


@every_factory
@every_decoder
def test_the_new_label_is_learned(factory, decoder):
    nlp = trained(factory, decoder=decoder)
    pipe = nlp.get_pipe(factory)
    data = [*examples(nlp, pipe.target), example(nlp, NEW, pipe.target)]
    pipe.add_label("ORG")
    train(nlp, data, 60)
    for eg in data:
        assert found(nlp(eg.predicted.copy())) == found(eg.reference)


@every_factory
def test_the_masked_label_is_part_of_what_is_saved(factory, tmp_path):
    nlp = trained(factory, confidence=True)
    pipe = nlp.get_pipe(factory)
    pipe.add_label("ORG")
    before = outputs(nlp)
    other = spacy.blank("en")
    other.add_pipe(factory, config=config(confidence=True))
    other.from_bytes(nlp.to_bytes())
    nlp.to_disk(tmp_path)
    for loaded in (other, spacy.load(tmp_path)):
        assert_equal(outputs(loaded), before)
        again = loaded.get_pipe(factory)
        assert (again.labels, again.cfg["masked"]) == (pipe.labels, ["ORG"])
        train(loaded, [example(loaded, NEW, pipe.target)], 60)
        doc = loaded(NEW[0])
        assert found(doc) == found(example(loaded, NEW, pipe.target).reference)


@every_factory
def test_weights_that_were_there_stay(factory):
    nlp = trained(factory, decoder="crf")
    pipe = nlp.get_pipe(factory)
    old = {k: v.clone() for k, v in get_decoder(pipe.model).state_dict().items()}
    pipe.add_label("ORG")
    decoder = get_decoder(pipe.model)
    labels, scheme = pipe.prepare_labels()
    assert decoder.linear.out_features == len(labels) == pipe.model.get_dim("nO")
    for name, tensor in decoder.state_dict().items():
        kept = tuple(map(slice, old[name].shape))
        assert (tensor[kept] == old[name]).all()
    added = decoder.linear.weight[len(old["linear.weight"]) :].detach()
    assert 0 < abs(added).max() < 1
    _, pairs, _ = schemes.transition_constraints(labels, scheme)
    transitions = decoder.crf.chain(added.dtype).transitions
    assert numpy.array_equal(transitions.isfinite().cpu().numpy(), pairs)


def test_new_labels_obey_the_scheme():
    nlp = trained()
    pipe = nlp.get_pipe("birnn_ner")
    pipe.add_label("ORG")
    train(nlp, [example(nlp, NEW)], 1)
    for _ in range(5):
        shake(nlp)
        for best in pipe.k_best(nlp.pipe(texts()[:3]), 20):
            assert best
            for tags, _ in best:
                assert schemes.decode(tags, "bioes")[1] == 0


@every_factory
def test_optimizers_go_on(factory):
    """Moments and averages of the smaller layer do not fit the larger one."""
    nlp = untrained(factory)
    pipe = nlp.get_pipe(factory)
    optimizer = Adam(0.02, use_averages=True)
    data = examples(nlp, pipe.target)
    nlp.update(data, sgd=optimizer)
    pipe.add_label("ORG")
    data.append(example(nlp, NEW, pipe.target))
    for _ in range(60):
        nlp.update(data, sgd=optimizer, drop=0.0)
    with nlp.use_params(optimizer.averages):
        doc = nlp(NEW[0])
    assert found(doc) == found(data[-1].reference)


def test_a_label_that_nobody_added_is_an_error_that_says_how():
    nlp = trained()
    message = r"^\[B014\].*'ORG'.*nlp.get_pipe\('birnn_ner'\).add_label\('ORG'\)"
    with pytest.raises(BirnnError, match=message):
        nlp.update([example(nlp, NEW)])


@every_factory
@pytest.mark.parametrize("label", ["", 7, "  ", "a\tb", "a\n", "a\u2028b"])
def test_labels_that_cannot_be_used(factory, label):
    nlp = trained(factory)
    pipe = nlp.get_pipe(factory)
    before = pipe.labels
    with pytest.raises(BirnnError, match=r"^\[B023\]"):
        pipe.add_label(label)
    assert pipe.labels == before


def test_a_label_that_is_no_part_of_speech():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_tagger", config=config(target="pos"))
    nlp.initialize(lambda: examples(nlp, "pos"))
    before = pipe.labels
    with pytest.raises(BirnnError, match=r"^\[B018\].*'NN'"):
        pipe.add_label("NN")
    assert pipe.labels == before
    assert nlp("Anna hired")[0].pos_


def test_initialize_again_forgets_what_was_masked():
    nlp = trained()
    pipe = nlp.get_pipe("birnn_ner")
    pipe.add_label("ORG")
    nlp.initialize(lambda: examples(nlp))
    assert pipe.labels == ("LOC", "ORG", "PER")
    assert pipe.cfg["masked"] == []


def test_partial_gold_beside_a_masked_label():
    """What is missing may not be the masked label either."""
    nlp = trained(confidence=True)
    pipe = nlp.get_pipe("birnn_ner")
    words = ["Anna", "hired", "Otto"]
    reference = Doc(nlp.vocab, words=words, ents=["", "O", ""])
    data = [Example(Doc(nlp.vocab, words=words), reference)]
    scores = pipe.model.predict([data[0].predicted])
    before, _ = pipe.get_loss(data, scores)
    pipe.add_label("ORG")
    scores = pipe.model.predict([data[0].predicted])
    after, _ = pipe.get_loss(data, scores)
    assert after == pytest.approx(before, abs=1e-5)
    assert pipe.cfg["masked"] == ["ORG"]
