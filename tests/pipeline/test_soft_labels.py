"""Components that learn from soft labels."""

import numpy
import pytest
import torch
from spacy.training import Example
from thinc.api import Adam, to_numpy

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.nn.crf.chain import ChainScores
from spacy_birnn.nn.crf.cross_entropy import Target
from spacy_birnn.pipeline.soft_labels import (
    SOFT_LABELS,
    SoftLabels,
    TeacherChain,
    attach,
    join_soft_labels,
)

from .toys import FACTORIES, SENTENCES, examples, trained, untrained


def labels_of(pipe):
    return list(pipe.model.get_ref("emissions").attrs["labels"])


def zeros(size):
    return ChainScores(torch.zeros(size), torch.zeros(size, size), torch.zeros(size))


def unlabelled(nlp, text):
    return Example(nlp.make_doc(text), nlp.make_doc(text))


def teach(teacher, batch, gold_weight=0.5):
    """Attach what a pipeline of ours says; it has the labels of the student."""
    pipe = teacher.get_pipe(teacher.pipe_names[0])
    crf = get_decoder(pipe.model).crf
    chain = ChainScores(*(scores.detach() for scores in crf.chain(torch.float32)))
    common = TeacherChain(labels_of(pipe), chain, gold_weight)
    for example in batch:
        doc = teacher.make_doc(example.predicted.text)
        scores = pipe.emissions([doc]).half().cpu().numpy()
        attach(example, SoftLabels(scores, common))
    return batch


@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
@pytest.mark.parametrize("factory", FACTORIES)
def test_a_student_becomes_like_its_teacher(factory, decoder):
    teacher = trained(factory, decoder=decoder)
    student = untrained(factory, decoder=decoder)
    lines = [sentence[0] for sentence in SENTENCES]
    batch = teach(teacher, [unlabelled(student, text) for text in lines])
    optimizer, losses = Adam(0.02, grad_clip=0.0, L2=0.0), []
    for _ in range(40):
        found = student.update(batch, sgd=optimizer, drop=0.0)
        losses.append(sum(found.values()))
    assert losses[-1] < 0.3 * losses[0]
    pipes = [nlp.get_pipe(factory) for nlp in (teacher, student)]
    docs = [[nlp.make_doc(line) for line in lines] for nlp in (teacher, student)]
    predictions = [p.predict(d) for p, d in zip(pipes, docs, strict=True)]
    assert predictions[0] == predictions[1]


def test_the_gradient_is_that_of_the_decoder():
    """White space takes no part, and a sentence's share is its own."""
    nlp = trained()
    pipe = nlp.get_pipe("birnn_ner")
    lines = ["Anna Berg lives .", "\n\n \n", "Otto  hired x \n\n in May"]
    batch = [unlabelled(nlp, line) for line in lines]
    n_tokens = sum(len(example.predicted) for example in batch)
    labels = labels_of(pipe)
    common = TeacherChain(labels, zeros(len(labels)))
    soft = numpy.random.default_rng(0).normal(size=(n_tokens, len(labels)))
    soft = soft.astype("float16")
    bounds = numpy.cumsum([0, *(len(example.predicted) for example in batch)])
    for example, start, end in zip(batch, bounds, bounds[1:], strict=False):
        attach(example, SoftLabels(soft[start:end], common))
    docs = [example.predicted for example in batch]
    scores = pipe.model.predict(docs)
    loss, gradients = pipe.get_loss(batch, scores)
    sequences = pipe.sequences(docs)
    rows = pipe.emissions(docs).requires_grad_()
    teacher = torch.from_numpy(soft[sequences.rows]).to(rows.device)
    chain = ChainScores(*(part.to(rows.device) for part in common.chain))
    target = Target(teacher, chain)
    crf = get_decoder(pipe.model).crf
    want = crf.cross_entropy(sequences.select(rows), sequences.lengths, target)
    want = want / len(sequences.lengths)
    assert loss == pytest.approx(want.item(), rel=1e-5)
    (expected,) = torch.autograd.grad(want, rows)
    found = to_numpy(pipe.model.ops.xp.concatenate(gradients))
    numpy.testing.assert_allclose(found, expected.cpu().numpy(), atol=1e-6)
    is_space = numpy.array([token.is_space for doc in docs for token in doc])
    assert not found[is_space].any()
    assert found[~is_space].any()


def test_gold_is_mixed_in():
    nlp = trained()
    pipe = nlp.get_pipe("birnn_ner")
    docs = [example.predicted for example in examples(nlp)]
    scores = pipe.model.predict(docs)
    plain, _ = pipe.get_loss(examples(nlp), scores)
    losses = {}
    for weight in (0.0, 0.5, 1.0):
        batch = examples(nlp)
        labels = labels_of(pipe)
        common = TeacherChain(labels, zeros(len(labels)), weight)
        for example in batch:
            uniform = numpy.zeros((len(example.predicted), len(labels)), "float16")
            attach(example, SoftLabels(uniform, common))
        losses[weight], _ = pipe.get_loss(batch, scores)
    assert losses[1.0] == pytest.approx(plain, rel=1e-4)
    assert losses[0.5] == pytest.approx((losses[0.0] + losses[1.0]) / 2, rel=1e-5)
    assert losses[0.0] > losses[1.0]


def test_another_order_of_labels_is_refused():
    nlp = trained()
    pipe = nlp.get_pipe("birnn_ner")
    batch = [unlabelled(nlp, "Anna left")]
    labels = labels_of(pipe)
    other = TeacherChain(labels[::-1], zeros(len(labels)))
    attach(batch[0], SoftLabels(numpy.zeros((2, len(labels)), "float16"), other))
    with pytest.raises(BirnnError, match="B450"):
        nlp.update(batch)


def test_joined_unless_one_lacks_them():
    nlp = untrained()
    common = TeacherChain(["A", "B"], zeros(2))
    batch = [unlabelled(nlp, "a b"), unlabelled(nlp, "c")]
    assert join_soft_labels([]) is None
    parts = [numpy.ones((2, 2), "float16"), numpy.zeros((1, 2), "float16")]
    attach(batch[0], SoftLabels(parts[0], common))
    assert join_soft_labels(batch) is None
    assert join_soft_labels(batch[:1]) is batch[0].reference.user_data[SOFT_LABELS]
    attach(batch[1], SoftLabels(parts[1], common))
    joined = join_soft_labels(batch)
    assert numpy.array_equal(joined.emissions, numpy.concatenate(parts))
    assert joined.teacher is common
