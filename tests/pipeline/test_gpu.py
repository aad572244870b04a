"""On a GPU: the same predictions as on a CPU, and what cuDNN asks for."""

import numpy
import pytest
import spacy
import torch
from measures.gpu import count_kernels
from thinc.api import Adam, get_current_ops, set_current_ops

from .toys import FACTORIES, config, emissions, examples, found, texts, train, untrained

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
]


@pytest.fixture(autouse=True)
def _gpu():
    """A GPU for one test; cuDNN's complaint about scattered weights is an error."""
    before = get_current_ops()
    spacy.require_gpu()
    yield
    set_current_ops(before)


def loaded_on_cpu(folder):
    spacy.require_cpu()
    return spacy.load(folder)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("factory", FACTORIES)
def test_trains_on_a_gpu_and_predicts_the_same_on_a_cpu(factory, cell, tmp_path):
    nlp = untrained(factory, cell=cell, confidence=True)
    train(nlp, examples(nlp, FACTORIES[factory]), 40)
    scores = emissions(nlp, nlp.pipe(texts()))
    want = [found(doc) for doc in nlp.pipe(texts())]
    nlp.to_disk(tmp_path)
    cpu = loaded_on_cpu(tmp_path)
    others = emissions(cpu, cpu.pipe(texts()))
    for one, other in zip(scores, others, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
    assert [found(doc) for doc in cpu.pipe(texts())] == want


def test_the_batch_does_not_matter():
    """cuDNN would round to TF32, whose error depends on the company."""
    nlp = untrained()
    docs = list(map(nlp.make_doc, filter(None, texts())))
    alone = [emissions(nlp, [doc])[0] for doc in docs]
    for one, other in zip(alone, emissions(nlp, docs), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    assert torch.backends.cudnn.allow_tf32  # is left as it was


def test_averages_take_the_place_of_the_weights_for_a_while():
    nlp = untrained()
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(20):
        nlp.update(examples(nlp), sgd=optimizer)
    docs = [eg.reference for eg in examples(nlp)]
    own = emissions(nlp, docs)
    with nlp.use_params(optimizer.averages):
        averaged = emissions(nlp, docs)
    assert abs(own[0] - averaged[0]).max() > 1e-3
    numpy.testing.assert_array_equal(emissions(nlp, docs)[0], own[0])
    nlp.update(examples(nlp), sgd=optimizer)  # the weights are one buffer again


def test_mixed_precision_differs_and_learns_the_same():
    settings = config()
    settings["model"]["tok2vec"]["encode"]["precision"] = "bf16"
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    docs = [eg.reference for eg in examples(nlp)]
    full = spacy.blank("en")
    full.add_pipe("birnn_ner", config=config())
    full.initialize(lambda: examples(full))
    full.get_pipe("birnn_ner").from_bytes(nlp.get_pipe("birnn_ner").to_bytes())
    difference = abs(emissions(nlp, docs)[0] - emissions(full, docs)[0]).max()
    assert 0 < difference < 0.05
    train(nlp, examples(nlp), 40)
    assert nlp.evaluate(examples(nlp))["ents_f"] == 1.0


@pytest.mark.parametrize("n_labels", [9, 60])
def test_kernels_follow_the_longest_sequence_alone(n_labels):
    least = count_kernels(3, 4)
    for n_sequences in (4, 200):
        found = count_kernels(n_labels, n_sequences)
        assert all(found[work] < 1.5 * least[work] for work in least)
