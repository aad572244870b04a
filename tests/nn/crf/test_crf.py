"""The CRF against enumeration of all label sequences."""

import copy
import math

import numpy
import pytest
import torch

from spacy_birnn.nn.crf.crf import CRF

from .brute_force import (
    INF,
    SEEDS,
    brute_force_loss,
    enumerate_all,
    log_sum,
    make_batch,
    make_crf,
    naive_log_partition,
)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_log_partition_and_marginals(seed, masked, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    mask = allowed if masked else None
    everything = enumerate_all(crf, emissions, lengths, mask)
    want = [log_sum(scores.values()) for scores in everything]
    got = crf.log_partition(emissions, lengths, mask)
    assert got.dtype == torch.float64
    assert got.tolist() == pytest.approx(want, rel=1e-9, abs=1e-9)

    marginals = torch.zeros_like(emissions)
    row = 0
    for scores, log_z, length in zip(everything, want, lengths, strict=True):
        for labels, score in scores.items():
            for t, label in enumerate(labels):
                marginals[row + t, label] += math.exp(score - log_z)
        row += length
    got = crf.marginals(emissions, lengths, mask)
    torch.testing.assert_close(got, marginals, rtol=1e-7, atol=1e-12)
    assert (got[marginals == 0] == 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_score_and_loss(seed, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, permitted = make_batch(n_labels, seed)
    everything = enumerate_all(crf, emissions, lengths)
    labels = torch.cat(
        [torch.randint(n_labels, (n,)) for n in lengths]
    )  # some of them forbidden
    golds = [tuple(y.tolist()) for y in labels.split(lengths)]
    scores = [s.get(gold, -INF) for s, gold in zip(everything, golds, strict=True)]
    assert crf.score(emissions, lengths, labels).tolist() == pytest.approx(scores)

    missing = torch.rand(len(labels)) < 0.5
    some = labels.masked_fill(missing, -1)
    as_mask = torch.nn.functional.one_hot(labels, n_labels).bool() | missing[:, None]
    random_mask = torch.rand(len(labels), n_labels) < 0.7
    complete = torch.nn.functional.one_hot(labels, n_labels).bool()
    for gold, options in [
        (labels, complete),
        (complete, complete),
        (some, as_mask),
        (as_mask, as_mask),
        (random_mask, random_mask),
    ]:
        for mask in (None, permitted):
            # The complete mask goes the way of the ids, any other through the lattice.
            want, impossible = brute_force_loss(crf, emissions, lengths, options, mask)
            crf.impossible.zero_()
            got = crf.loss(emissions, lengths, gold, mask)
            assert got.item() == pytest.approx(want, rel=1e-8, abs=1e-8)
            assert crf.impossible.item() == impossible


def test_batch_invariance():
    """A sequence alone, and among others: the same to 1e-6 in float32."""
    n_labels = 9
    crf = make_crf(n_labels, 5, constrained=False, double=False)
    lengths = [17, 1, 40, 0, 8, 9, 33, 40, 2]
    emissions = 3 * torch.randn(sum(lengths), n_labels)
    log_z = crf.log_partition(emissions, lengths)
    marginals = crf.marginals(emissions, lengths).split(lengths)
    labels = crf.viterbi(emissions, lengths).split(lengths)
    paths = crf.k_best(emissions, lengths, 4)
    for i, rows in enumerate(emissions.split(lengths)):
        alone = [len(rows)]
        torch.testing.assert_close(
            crf.log_partition(rows, alone)[0], log_z[i], rtol=1e-6, atol=1e-6
        )
        torch.testing.assert_close(
            crf.marginals(rows, alone), marginals[i], rtol=0, atol=1e-6
        )
        assert torch.equal(crf.viterbi(rows, alone), labels[i])
        assert [p for p, _ in crf.k_best(rows, alone, 4)[0]] == [p for p, _ in paths[i]]


def test_nothing_to_do():
    crf = CRF(3)
    for lengths in ([], [0], [0, 0]):
        emissions = torch.zeros(0, 3, requires_grad=True)
        zeros = [0.0] * len(lengths)
        assert crf.log_partition(emissions, lengths).tolist() == zeros
        assert crf.score(emissions, lengths, []).tolist() == zeros
        assert crf.viterbi(emissions, lengths).shape == (0,)
        assert crf.marginals(emissions, lengths).shape == (0, 3)
        assert crf.k_best(emissions, lengths, 2) == [[([], 0.0)]] * len(lengths)
        for gold in ([], torch.ones(0, 3, dtype=torch.bool)):
            loss = crf.loss(emissions, lengths, gold)
            assert loss.item() == 0.0
            loss.backward()
        assert all((p.grad == 0).all() for p in crf.parameters())


def test_float32_against_float64():
    crf = make_crf(17, 7, constrained=False, double=False)
    lengths = [32] * 16 + [1, 5, 64]
    emissions = 3 * torch.randn(sum(lengths), 17)
    got = crf.log_partition(emissions, lengths)
    got.sum().backward()
    grads = [p.grad.double() for p in crf.parameters()]
    marginals = crf.marginals(emissions, lengths)
    crf.double().zero_grad()
    want = crf.log_partition(emissions.double(), lengths)
    want.sum().backward()
    assert (got.double() - want).abs().max() < 1e-4
    exact = crf.marginals(emissions.double(), lengths)
    assert (marginals - exact).abs().max() < 1e-5
    for grad, parameter in zip(grads, crf.parameters(), strict=True):
        torch.testing.assert_close(grad, parameter.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [100.0, 1e4])
@pytest.mark.parametrize("constrained", [False, True])
def test_extreme_scores(scale, constrained):
    """Differences that no scaled float32 can hold: exact, finite, gradients too."""
    crf = make_crf(4, 11, constrained=constrained, scale=3.0, double=False)
    emissions, lengths, _ = make_batch(4, 11, lengths=(5, 3, 0, 4), scale=scale)
    leaf = emissions.float().requires_grad_()
    emissions = leaf.detach().double()
    everything = enumerate_all(crf, emissions, lengths)
    want = torch.tensor([log_sum(s.values()) for s in everything])
    got = crf.log_partition(leaf, lengths)
    torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-4)
    got.sum().backward()
    exact = crf.marginals(emissions, lengths)
    torch.testing.assert_close(leaf.grad.double(), exact, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        exact.sum(1), torch.ones(len(exact), dtype=torch.float64)
    )
    double = copy.deepcopy(crf).double()
    reference = emissions.clone().requires_grad_()
    naive = naive_log_partition(double, reference, lengths).sum()
    for got, want in zip(
        (p.grad for p in crf.parameters()),
        torch.autograd.grad(naive, double.parameters()),
        strict=True,
    ):
        torch.testing.assert_close(got.double(), want, rtol=1e-4, atol=1e-5)
    best = [max(s, key=s.get) for s in everything]
    assert crf.viterbi(leaf, lengths).tolist() == [i for b in best for i in b]


def test_impossible_lattice():
    crf = CRF(2, allowed_start=numpy.array([True, False]))
    emissions = torch.randn(3, 2, requires_grad=True)
    allowed = torch.tensor([[False, True], [True, True], [True, True]])
    log_z = crf.log_partition(emissions, [2, 1], allowed)
    assert log_z[0] == -INF
    assert log_z[1].isfinite()
    assert crf.k_best(emissions, [2, 1], 2, allowed)[0] == []
    marginals = crf.marginals(emissions, [2, 1], allowed)
    assert marginals[:2].tolist() == [[0, 0], [0, 0]]
    assert crf.viterbi(emissions, [2, 1], allowed).shape == (3,)
    log_z[0].backward()
    assert (emissions.grad == 0).all()


def test_not_a_number_is_not_hidden():
    crf = CRF(2)
    emissions = torch.zeros(5, 2)
    emissions[1, 0] = float("nan")
    log_z = crf.log_partition(emissions, [2, 3])
    assert log_z[0].isnan()
    assert log_z[1].item() == pytest.approx(3 * math.log(2))
    assert crf.loss(emissions, [2, 3], [0, 0, 1, 1, 1]).isnan()


def test_constrained_decoding_has_no_parameters():
    crf = CRF(3, trainable=False, allowed_start=numpy.array([True, True, False]))
    assert list(crf.parameters()) == []
    assert set(crf.state_dict()) == {"temperature"}
    emissions = torch.randn(6, 3).log_softmax(1)
    emissions[0, 2] = 10.0
    best = crf.viterbi(emissions, [6])
    assert best[0] == emissions[0, :2].argmax()
    assert torch.equal(best[1:], emissions[1:].argmax(1))
    marginals = crf.marginals(emissions, [6])
    torch.testing.assert_close(marginals[1:], emissions[1:].exp())


def test_constraints_are_not_part_of_the_state():
    constrained = make_crf(3, 4)
    names = {"start", "transitions", "end", "temperature"}
    assert set(constrained.state_dict()) == names
    free = CRF(3).double()
    free.load_state_dict(constrained.state_dict())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_reduced_precision_is_computed_in_float32(dtype):
    crf = make_crf(3, 6, constrained=False, double=False)
    emissions = torch.randn(7, 3).to(dtype).requires_grad_()
    got = crf.log_partition(emissions, [4, 3])
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, crf.log_partition(emissions.float(), [4, 3]))
    got.sum().backward()
    assert emissions.grad.dtype == dtype


def test_long_sequence():
    """10^4 tokens in float32 against float64: no recursion, no drift."""
    crf = make_crf(5, 8, constrained=False, double=False)
    emissions = 3 * torch.randn(10_000, 5, generator=torch.Generator().manual_seed(0))
    got = crf.log_partition(emissions, [10_000])
    marginals = crf.marginals(emissions, [10_000])
    labels = crf.viterbi(emissions, [10_000])
    crf.double()
    want = crf.log_partition(emissions.double(), [10_000])
    assert got.item() == pytest.approx(want.item(), rel=1e-6)
    exact = crf.marginals(emissions.double(), [10_000])
    assert (marginals - exact).abs().max() < 1e-5
    assert torch.equal(labels, crf.viterbi(emissions.double(), [10_000]))


def test_wrong_arguments():
    crf = CRF(3)
    with pytest.raises(ValueError, match="emissions"):
        crf.viterbi(torch.zeros(4, 2), [4])
    with pytest.raises(ValueError, match="emissions"):
        crf.viterbi(torch.zeros(4, 3), [5])
    with pytest.raises(ValueError, match="constraints"):
        CRF(3, allowed_start=numpy.ones(2, dtype=bool))
    with pytest.raises(ValueError, match="k must be"):
        crf.k_best(torch.zeros(4, 3), [4], 0)
