"""The CRF against enumeration of all label sequences, and against plain autograd."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch

from spacy_birnn.nn import viterbi
from spacy_birnn.nn.crf import CRF
from spacy_birnn.nn.forward_backward import forward_backward
from spacy_birnn.nn.packing import Packing

INF = float("inf")
SEEDS = range(8)


def make_crf(n_labels, seed, *, constrained=True, scale=1.0, double=True):
    rng = np.random.default_rng(seed)
    masks = {}
    if constrained:
        masks["allowed_start"] = rng.random(n_labels) < 0.7
        masks["allowed_pairs"] = rng.random((n_labels, n_labels)) < 0.8
        masks["allowed_end"] = rng.random(n_labels) < 0.8
    crf = CRF(n_labels, **masks)
    if double:
        crf.double()
    generator = torch.Generator().manual_seed(seed)
    for parameter in crf.parameters():
        parameter.data.normal_(0, scale, generator=generator)
    return crf


def make_batch(n_labels, seed, *, lengths=(3, 0, 5, 1, 4, 2, 0), scale=2.0):
    generator = torch.Generator().manual_seed(100 + seed)
    total = sum(lengths)
    emissions = torch.randn(total, n_labels, generator=generator, dtype=torch.float64)
    allowed = torch.rand(total, n_labels, generator=generator) < 0.7
    return scale * emissions, list(lengths), allowed


def enumerate_all(crf, emissions, lengths, allowed=None):
    """For each sequence {labels: score} of everything that is permitted."""
    weights = crf.weights(emissions.dtype)
    start, transitions, end = (w.double().tolist() for w in weights)
    if allowed is None:
        allowed = torch.ones_like(emissions, dtype=torch.bool)
    everything = []
    for rows, mask in zip(
        emissions.double().split(lengths), allowed.split(lengths), strict=True
    ):
        rows, scores = rows.tolist(), {}
        options = [[i for i, ok in enumerate(m) if ok] for m in mask.tolist()]
        for labels in itertools.product(*options):
            score = sum(row[i] for row, i in zip(rows, labels, strict=True))
            if labels:
                score += start[labels[0]] + end[labels[-1]]
                score += sum(transitions[i][j] for i, j in itertools.pairwise(labels))
            if score > -INF:
                scores[labels] = score
        everything.append(scores)
    return everything


def log_sum(scores):
    if not scores:
        return -INF
    top = max(scores)
    return top + math.log(sum(math.exp(s - top) for s in scores))


def naive_log_partition(crf, emissions, lengths, allowed=None):
    """Log-sum-exp, one sequence and one token at a time, for autograd.

    Forbidden is -1e5 here: its exponential is 0, and autograd stays clear of NaN.
    """
    start, transitions, end = (w.clamp_min(-1e5) for w in crf.weights(emissions.dtype))
    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -1e5)
    log_z = []
    for rows in emissions.split(lengths):
        if not len(rows):
            log_z.append(rows.new_zeros(()))
            continue
        state = start + rows[0]
        for row in rows[1:]:
            state = torch.logsumexp(state[:, None] + transitions, 0) + row
        log_z.append(torch.logsumexp(state + end, 0))
    return torch.stack(log_z)


@pytest.fixture(params=[None, "log"])
def path(request, monkeypatch):
    """Run a test in scaled probabilities, then with every sequence in log space."""
    if request.param == "log":
        monkeypatch.setattr("spacy_birnn.nn.forward_backward.SAFETY", INF)
    return request.param


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


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_viterbi_and_k_best(seed, masked):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    mask = allowed if masked else None
    everything = enumerate_all(crf, emissions, lengths, mask)
    best = crf.viterbi(emissions, lengths, mask)
    assert best.dtype == torch.int64
    for k in (1, 3, 7, 2000):
        for labels, scores, paths in zip(
            best.split(lengths),
            everything,
            crf.k_best(emissions, lengths, k, mask),
            strict=True,
        ):
            ranked = sorted(scores.items(), key=lambda x: -x[1])[:k]
            log_z = log_sum(scores.values())
            assert [tuple(p) for p, _ in paths] == [labels for labels, _ in ranked]
            assert [logp for _, logp in paths] == pytest.approx(
                [score - log_z for _, score in ranked], rel=1e-9, abs=1e-9
            )
            assert all(type(logp) is float and logp <= 0 for _, logp in paths)
            if ranked:
                assert tuple(labels.tolist()) == ranked[0][0]


@pytest.mark.parametrize("seed", SEEDS)
def test_score_and_loss(seed, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, within = make_batch(n_labels, seed)
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
        for space in (None, within):
            # The complete mask goes the way of the ids, any other through the lattice.
            want, impossible = brute_force_loss(crf, emissions, lengths, options, space)
            crf.impossible.zero_()
            got = crf.loss(emissions, lengths, gold, space)
            assert got.item() == pytest.approx(want, rel=1e-8, abs=1e-8)
            assert crf.impossible.item() == impossible


def brute_force_loss(crf, emissions, lengths, options, space):
    everything = torch.ones_like(options) if space is None else space
    total, impossible = 0.0, 0
    for gold, every, open_, wide in zip(
        enumerate_all(crf, emissions, lengths, options & everything),
        enumerate_all(crf, emissions, lengths, everything),
        (options & everything).split(lengths),
        everything.split(lengths),
        strict=True,
    ):
        if gold:
            total += log_sum(every.values()) - log_sum(gold.values())
        elif not torch.equal(open_, wide):
            impossible += 1
    return total, impossible


def test_complete_mask_equals_ids():
    crf = make_crf(3, 0, constrained=False)
    emissions, lengths, _ = make_batch(3, 0)
    labels = torch.randint(3, (len(emissions),))
    one_hot = torch.nn.functional.one_hot(labels, 3).bool()
    want = crf.loss(emissions, lengths, labels)
    assert crf.loss(emissions, lengths, one_hot.numpy()).item() == want.item()
    assert crf.loss(emissions, Packing(lengths), labels.tolist()).item() == want.item()


def test_nothing_known_costs_nothing():
    crf = make_crf(3, 1)
    emissions, lengths, _ = make_batch(3, 1)
    emissions.requires_grad_()
    for gold in (
        torch.full((len(emissions),), -1),
        torch.ones(len(emissions), 3, dtype=torch.bool),
    ):
        loss = crf.loss(emissions, lengths, gold)
        assert loss.item() == 0.0
        loss.backward()
        for x in (emissions, *crf.parameters()):
            assert (x.grad == 0).all()
    # ... nor does such a sequence beside others.
    known = torch.full((len(emissions),), -1)
    known[:3] = torch.tensor(crf.k_best(emissions[:3], [3], 1)[0][0][0])
    emissions.grad = None
    loss = crf.loss(emissions, lengths, known)
    alone = crf.loss(emissions[:3], [3], known[:3])
    assert loss.item() == pytest.approx(alone.item())
    loss.backward()
    assert (emissions.grad[3:] == 0).all()
    assert emissions.grad[:3].abs().sum() > 0


def test_impossible_gold_is_left_out_and_counted():
    """0 may not follow itself; the first sequence breaks that."""
    pairs = np.array([[False, True], [True, True]])
    crf = CRF(2, allowed_pairs=pairs)
    emissions = torch.randn(5, 2, requires_grad=True)
    loss = crf.loss(emissions, [2, 3], [0, 0, 0, 1, 0])
    want = crf.loss(emissions[2:], [3], [0, 1, 0])
    assert loss.item() == pytest.approx(want.item())
    assert crf.impossible.item() == 1
    loss.backward()
    assert (emissions.grad[:2] == 0).all()
    assert emissions.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in crf.parameters())
    # The same where part of it is missing, and where `within` forbids the gold label.
    assert crf.loss(emissions, [5], [0, 0, -1, -1, -1]).item() == 0
    only = torch.tensor([[True, True]] * 4 + [[True, False]])
    assert crf.loss(emissions, [2, 3], [0, 1, 0, 1, 1], only).item() > 0
    assert crf.impossible.item() == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_equal_autograd(seed, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed, scale=0.7)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    upstream = torch.randn(len(lengths), dtype=torch.float64)
    for mask in (None, allowed):
        grads = []
        for function in (crf.log_partition, lambda *a: naive_log_partition(crf, *a)):
            leaf = emissions.clone().requires_grad_()
            inputs = [leaf, *crf.parameters()]
            log_z = function(leaf, lengths, mask)
            total = (upstream * log_z)[log_z > -5e4].sum()
            grads.append(torch.autograd.grad(total, inputs))
        for got, want in zip(*grads, strict=True):
            torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("constrained", [False, True])
def test_gradcheck(constrained, path):
    crf = make_crf(3, 3, constrained=constrained)
    emissions, lengths, _ = make_batch(3, 3, lengths=(3, 0, 2, 6))
    emissions.requires_grad_()
    inputs = (emissions, *crf.parameters())
    upstream = torch.randn(len(lengths), dtype=torch.float64)
    labels = torch.cat(
        [torch.tensor(best[0][0]) for best in crf.k_best(emissions, lengths, 1)]
    )
    some = labels.masked_fill(torch.arange(len(labels)) % 2 == 0, -1)

    def log_partition(*_):
        return crf.log_partition(emissions, lengths) @ upstream

    def score(*_):
        return crf.score(emissions, lengths, labels) @ upstream

    for function in (
        log_partition,
        score,
        lambda *_: crf.loss(emissions, lengths, labels),
        lambda *_: crf.loss(emissions, lengths, some),
    ):
        assert torch.autograd.gradcheck(function, inputs)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("masked", [False, True])
def test_span_marginals(seed, masked, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    mask = allowed if masked else None
    everything = enumerate_all(crf, emissions, lengths, mask)
    rng = np.random.default_rng(seed)
    starts, ends, paths, barred, free, want = [], [], [], [], [], []
    row = 0
    for scores, length in zip(everything, lengths, strict=True):
        log_z = log_sum(scores.values())
        for a, b in itertools.combinations(range(length + 1), 2):
            labels = tuple(rng.integers(n_labels, size=b - a).tolist())
            bar = int(rng.integers(-1, n_labels))
            with_span = {
                y: math.exp(score - log_z)
                for y, score in scores.items()
                if y[a:b] == labels
            }
            goes_on = [p for y, p in with_span.items() if b < length and y[b] == bar]
            starts.append(row + a)
            ends.append(row + b)
            paths += labels
            barred.append(bar)
            free.append(sum(with_span.values()))
            want.append(free[-1] - sum(goes_on))
        row += length
    got = crf.span_marginals(emissions, lengths, starts, ends, paths, barred, mask)
    assert got.tolist() == pytest.approx(want, rel=1e-9, abs=1e-15)
    logs = crf.span_log_marginals(emissions, lengths, starts, ends, paths, barred, mask)
    torch.testing.assert_close(logs.exp(), got)
    assert max(want) > 0.05
    got = crf.span_marginals(emissions, lengths, starts, ends, paths, None, mask)
    assert got.tolist() == pytest.approx(free, rel=1e-9, abs=1e-15)
    single = emissions.float()
    got = crf.float().span_marginals(single, lengths, starts, ends, paths, barred, mask)
    assert got.tolist() == pytest.approx(want, rel=1e-4, abs=1e-6)


def test_no_spans():
    crf = make_crf(2, 0)
    emissions, lengths, _ = make_batch(2, 0)
    assert crf.span_marginals(emissions, lengths, [], [], []).shape == (0,)


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


def test_viterbi_in_pieces(monkeypatch):
    """On a CPU many sequences are taken a few at a time: the same labels."""
    crf = make_crf(4, 2, constrained=False, double=False)
    lengths = [3, 7, 7, 2, 9, 1, 7]
    emissions = torch.randn(sum(lengths), 4)
    want = crf.viterbi(emissions, lengths)
    monkeypatch.setattr(viterbi, "AT_ONCE", 4 * 4 * 3)
    assert torch.equal(crf.viterbi(emissions, lengths), want)


def test_ties_go_to_the_lower_label():
    crf = CRF(3)
    emissions = torch.zeros(4, 3)
    assert crf.viterbi(emissions, [3, 1]).tolist() == [0, 0, 0, 0]
    first, second = crf.k_best(emissions, [3, 1], 3), crf.k_best(emissions, [3, 1], 3)
    assert first == second
    assert first[0][0][0] == [0, 0, 0]
    assert [p for p, _ in first[1]] == [[0], [1], [2]]


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


@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_trained_models_stay_in_scaled_probabilities(scale):
    """Log space is for the extreme: a confident model must not pay for it."""
    pairs = np.array([[True, True, False], [True, True, True], [True, True, True]])
    crf = CRF(3, allowed_pairs=pairs, allowed_start=np.array([True, True, False]))
    generator = torch.Generator().manual_seed(0)
    for parameter in crf.parameters():
        parameter.data.normal_(0, scale, generator=generator)
    gold = torch.tensor([0, 1, 2, 2, 0] * 40)
    emissions = scale * torch.randn(200, 3, generator=generator)
    emissions[torch.arange(200), gold] += 4 * scale
    weights = crf.weights(emissions.dtype)
    sound = forward_backward(emissions, weights, Packing([200]))
    assert sound.exact is None
    extreme = forward_backward(1e4 * emissions, weights, Packing([200]))
    assert extreme.exact is not None


def test_log_space_is_forced(path):
    crf = make_crf(3, 0)
    emissions, lengths, _ = make_batch(3, 0)
    weights = crf.weights(emissions.dtype)
    lattice = forward_backward(emissions, weights, Packing(lengths))
    assert (lattice.exact is not None) == (path == "log")


def test_constraints_forbid_what_emissions_favour():
    """Two labels that never meet, the first far ahead until only the second may end."""
    crf = CRF(
        2, allowed_pairs=np.eye(2, dtype=bool), allowed_end=np.array([False, True])
    )
    emissions = torch.zeros(300, 2, requires_grad=True)
    with torch.no_grad():
        emissions[:, 0] = 5.0
    log_z = crf.log_partition(emissions, [300])
    assert log_z.item() == pytest.approx(0.0, abs=1e-6)
    log_z.backward()
    torch.testing.assert_close(emissions.grad, torch.tensor([[0.0, 1.0]] * 300))
    assert crf.transitions.grad.tolist() == [[0, 0], [0, 299]]
    assert crf.viterbi(emissions, [300]).tolist() == [1] * 300
    # Both may end, but the way back costs as much: half of the mass was long lost.
    crf = CRF(2, allowed_pairs=np.eye(2, dtype=bool))
    emissions = torch.cat([torch.tensor([[5.0, 0.0]] * 100), torch.zeros(100, 2)])
    emissions[100:, 1] = 5.0
    marginals = crf.marginals(emissions, [200])
    torch.testing.assert_close(marginals, torch.full((200, 2), 0.5))


def test_impossible_lattice():
    crf = CRF(2, allowed_start=np.array([True, False]))
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
    crf = CRF(3, trainable=False, allowed_start=np.array([True, True, False]))
    assert list(crf.parameters()) == []
    assert crf.state_dict() == {}
    emissions = torch.randn(6, 3).log_softmax(1)
    emissions[0, 2] = 10.0
    best = crf.viterbi(emissions, [6])
    assert best[0] == emissions[0, :2].argmax()
    assert torch.equal(best[1:], emissions[1:].argmax(1))
    marginals = crf.marginals(emissions, [6])
    torch.testing.assert_close(marginals[1:], emissions[1:].exp())


def test_constraints_are_not_part_of_the_state():
    constrained = make_crf(3, 4)
    assert set(constrained.state_dict()) == {"start", "transitions", "end"}
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


def test_autocast_does_not_reach_the_recursion():
    crf = make_crf(5, 6, constrained=False, double=False)
    lengths = [20, 3]
    emissions = 3 * torch.randn(23, 5)
    want = crf.log_partition(emissions, lengths)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = crf.log_partition(emissions, lengths)
        marginals = crf.marginals(emissions, lengths)
    assert torch.equal(got, want)
    assert torch.equal(marginals, crf.marginals(emissions, lengths))


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
        CRF(3, allowed_start=np.ones(2, dtype=bool))
    with pytest.raises(ValueError, match="k must be"):
        crf.k_best(torch.zeros(4, 3), [4], 0)
