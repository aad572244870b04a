"""The three decoders, against torch's cross entropy and enumeration."""

import itertools

import numpy
import pytest
import torch
from torch.nn import functional as F

from spacy_birnn.nn import decoder
from spacy_birnn.nn.crf.chain import ChainScores
from spacy_birnn.nn.crf.cross_entropy import Target
from spacy_birnn.nn.crf.forward_backward import forward_backward
from spacy_birnn.nn.decoder import (
    MAX_ONE_BY_ONE,
    MAX_SMALL_ROWS,
    PreparedDecoder,
    SequenceDecoder,
)
from spacy_birnn.nn.packing import Packing
from spacy_birnn.nn.votes import Mentions
from spacy_birnn.schemes import transition_constraints

DECODERS = ("crf", "constrained", "softmax")
LABELS = ["O", "B-X", "I-X", "E-X", "S-X"]
LENGTHS = [3, 0, 4, 1]
N = sum(LENGTHS)
ALLOWED = [torch.from_numpy(a) for a in transition_constraints(LABELS, "bioes")]


def make(decoder, n_in=6, votes=False):
    module = SequenceDecoder(n_in, len(LABELS), decoder, *ALLOWED, votes=votes)
    module = module.double()
    for param in module.crf.parameters():
        param.data.normal_()
    if votes:
        module.votes.votes.weight.data.normal_()
    return module


@pytest.fixture
def emissions():
    return 2 * torch.randn(N, len(LABELS), dtype=torch.float64)


def is_valid(labels):
    start, pairs, end = ALLOWED
    return bool(
        start[labels[0]]
        and end[labels[-1]]
        and all(pairs[a, b] for a, b in itertools.pairwise(labels))
    )


def enumerate_all(module, rows):
    """Every label sequence and its score, best first."""
    start, pairs, end = (w.detach() for w in module.crf.chain(rows.dtype))
    found = {}
    for labels in itertools.product(range(len(LABELS)), repeat=len(rows)):
        score = sum(row[i] for row, i in zip(rows, labels, strict=True))
        score = score + start[labels[0]] + end[labels[-1]]
        for a, b in itertools.pairwise(labels):
            score = score + pairs[a, b]
        if score.isfinite():
            found[labels] = score.item()
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("decoder", DECODERS)
def test_decode_marginals_and_k_best_equal_enumeration(decoder, emissions):
    rows, module = emissions[:3], make(decoder)
    scores = enumerate_all(module, rows)
    assert len(scores) == (5**3 if decoder == "softmax" else 13)
    assert decoder == "softmax" or all(is_valid(labels) for labels in scores)
    if decoder != "crf":  # nothing but the emissions counts
        for labels, score in scores.items():
            want = rows[range(3), labels].sum().item()
            assert score == pytest.approx(want)
    ranked = list(scores)
    probabilities = torch.tensor(list(scores.values())).double().softmax(0)
    assert tuple(module.decode(rows, [3]).tolist()) == ranked[0]
    (best,) = module.k_best(rows, [3], 5)
    assert [tuple(labels) for labels, _ in best] == ranked[:5]
    numpy.testing.assert_allclose(
        [log for _, log in best], probabilities.log()[:5], atol=1e-5
    )
    want = torch.zeros(3, len(LABELS), dtype=torch.float64)
    for labels, p in zip(ranked, probabilities, strict=True):
        want[range(3), labels] += p
    found = module.marginals(rows, [3]).double()
    torch.testing.assert_close(found, want, rtol=0, atol=1e-6)


@pytest.mark.parametrize("decoder", ["constrained", "softmax"])
def test_loss_of_single_tokens(decoder, emissions):
    labels = torch.tensor([0, 1, 3, -1, 4, -1, 2, 0])
    known = labels >= 0
    want = F.cross_entropy(emissions[known], labels[known], reduction="sum")
    assert make(decoder).loss(emissions, LENGTHS, labels).item() == pytest.approx(
        want.item()
    )
    assert make(decoder).loss(emissions, LENGTHS, torch.full((N,), -1)).item() == 0.0


def test_loss_of_the_crf_is_the_probability_of_what_is_known(emissions):
    module = make("crf")
    labels = torch.tensor([0, 1, 3, 1, -1, 3, 0, 4])
    want = 0.0
    for rows, gold in zip(emissions.split(LENGTHS), labels.split(LENGTHS), strict=True):
        if not len(rows):
            continue
        scores = enumerate_all(module, rows)
        known = [
            score
            for path, score in scores.items()
            if all(g in (-1, p) for g, p in zip(gold.tolist(), path, strict=True))
        ]
        for part, sign in ((list(scores.values()), 1), (known, -1)):
            want += sign * torch.tensor(part).double().logsumexp(0).item()
    found = module.loss(emissions, LENGTHS, labels)
    assert found.item() == pytest.approx(want, abs=1e-5)


def make_target(labels=None, weight=0.0, *, is_chain=True):
    """A teacher with transitions under the constraints of the scheme, or without."""
    teacher = make("crf")
    chain = ChainScores(
        *(scores.detach() for scores in teacher.crf.chain(torch.double))
    )
    if not is_chain:
        chain = ChainScores(*map(torch.zeros_like, chain))
    scores = torch.randn(N, len(LABELS), dtype=torch.float64)
    return Target(scores, chain, labels, weight)


@pytest.mark.parametrize("is_chain", [False, True])
@pytest.mark.parametrize("decoder", ["constrained", "softmax"])
@pytest.mark.parametrize("with_gold", [False, True])
def test_distillation_of_single_tokens(decoder, is_chain, with_gold, emissions):
    labels = torch.tensor([0, 1, 3, -1, 4, -1, 2, 0]) if with_gold else None
    target = make_target(labels, 0.3, is_chain=is_chain)
    packing = Packing.of(LENGTHS)
    shares = forward_backward(target.emissions, target.chain, packing).marginals
    if with_gold:
        for row, label in enumerate(labels.tolist()):
            if label >= 0:
                shares[row] *= 0.7
                shares[row, label] += 0.3
    want = -(shares * emissions.log_softmax(1)).sum()
    found = make(decoder).distillation_loss(emissions, LENGTHS, target)
    assert found.item() == pytest.approx(want.item())


@pytest.mark.parametrize("decoder", DECODERS)
def test_distillation_where_labels_are_not_permitted(decoder, emissions):
    emissions.requires_grad_()
    permitted = torch.ones(N, len(LABELS), dtype=torch.bool)
    permitted[:, 4] = False
    target = make_target(is_chain=False)
    loss = make(decoder).distillation_loss(emissions, LENGTHS, target, permitted)
    assert loss.isfinite()
    loss.backward()
    assert emissions.grad.isfinite().all()
    assert (emissions.grad[:, 4] == 0).all()
    assert emissions.grad[:, :4].abs().sum() > 0


def test_distillation_of_the_crf_is_that_of_the_chain(emissions):
    module, target = make("crf"), make_target()
    found = module.distillation_loss(emissions, LENGTHS, target)
    assert found.item() == module.crf.cross_entropy(emissions, LENGTHS, target).item()


@pytest.mark.parametrize("decoder", ["crf", "constrained"])
def test_only_valid_sequences(decoder):
    module = make(decoder)
    rows = 20 * torch.randn(600, len(LABELS), dtype=torch.float64)
    lengths = [1, 2, 3, 4, 5] * 40
    for path in module.decode(rows, lengths).split(lengths):
        assert is_valid(path.tolist())


def test_softmax_takes_the_best_label_of_each_token(emissions):
    found = make("softmax").decode(emissions, LENGTHS)
    assert torch.equal(found, emissions.argmax(1))


@pytest.mark.parametrize("decoder", DECODERS)
def test_permitted_labels_are_kept(decoder, emissions):
    module = make(decoder)
    permitted = torch.ones(N, len(LABELS), dtype=torch.bool)
    permitted[4] = torch.tensor([False, True, False, False, False])
    assert module.decode(emissions, LENGTHS, permitted)[4] == 1
    found = module.marginals(emissions, LENGTHS, permitted)[4]
    assert found.tolist() == pytest.approx([0, 1, 0, 0, 0], abs=1e-6)
    labels = torch.tensor([0, 0, 0, 0, 1, 3, 0, 0])
    bound = module.loss(emissions, LENGTHS, labels, permitted)
    assert bound < module.loss(emissions, LENGTHS, labels)
    for sequence in module.k_best(emissions, LENGTHS, 3, permitted)[2:3]:
        assert all(path[1] == 1 for path, _ in sequence)


@pytest.mark.parametrize("decoder", DECODERS)
def test_span_marginals_add_up_the_paths(decoder, emissions):
    rows = emissions[:3]
    module = make(decoder)
    best = module.k_best(rows, [3], 5**3)[0]
    want = sum(numpy.exp(log) for path, log in best if list(path[:2]) == [1, 3])
    found = module.span_marginals(rows, [3], [0], [2], [1, 3])
    assert found.tolist() == pytest.approx([want], abs=1e-5)


def test_only_the_crf_trains_transitions(emissions):
    trained = {
        decoder: [p for p in make(decoder).crf.parameters() if p.requires_grad]
        for decoder in DECODERS
    }
    assert trained["crf"]
    assert not trained["constrained"]
    assert not trained["softmax"]


def test_dropout_is_an_argument():
    module = make("crf", n_in=50)
    H = torch.randn(8, 50, dtype=torch.float64)
    assert torch.equal(module(H), module.linear(H))
    assert not torch.equal(module(H, 0.5), module.linear(H))
    assert torch.equal(module(H), module.linear(H))


def test_no_tokens():
    for kind in DECODERS:
        module = make(kind)
        rows = torch.zeros(0, len(LABELS), dtype=torch.float64)
        assert module.decode(rows, [0, 0]).shape == (0,)
        assert module.marginals(rows, [0]).shape == (0, len(LABELS))
        assert module.loss(rows, [0], torch.zeros(0, dtype=torch.long)).item() == 0.0
        assert module.k_best(rows, [0, 0], 3) == [[([], 0.0)]] * 2


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("lengths", [[1], [9], [3, 0, 5], [0, 0], [2, 1, 40, 7], []])
@pytest.mark.parametrize("kind", DECODERS)
def test_prepared_for_few_sequences(kind, lengths, masked, monkeypatch):
    module = make(kind).float()
    emissions, permitted = torch.randn(sum(lengths), len(LABELS)), None
    if masked:
        permitted = torch.rand(emissions.shape) > 0.3
        permitted[:, 0] = True
    want = module.decode(emissions, lengths, permitted)
    prepared = PreparedDecoder(module)
    if kind != "softmax":
        monkeypatch.setattr(module.crf, "viterbi", None)
    found = torch.from_numpy(prepared.decode(emissions, lengths, permitted))
    assert found.dtype == want.dtype
    assert torch.equal(found, want)


def test_many_sequences_are_decoded_side_by_side(monkeypatch):
    module, lengths = make("crf").float(), [2] * (MAX_ONE_BY_ONE + 1)
    emissions = torch.randn(sum(lengths), len(LABELS))
    want = module.decode(emissions, lengths)
    monkeypatch.setattr(decoder.SingleViterbi, "run", None)
    found = PreparedDecoder(module).decode(emissions, lengths)
    assert torch.equal(torch.from_numpy(found), want)


@torch.no_grad()
def test_later_changes_of_the_weights_do_not_reach_what_is_prepared():
    module, emissions = make("crf").float(), torch.randn(9, len(LABELS))
    prepared = PreparedDecoder(module)
    labels = prepared.decode(emissions, [9])
    for param in module.crf.parameters():
        param.mul_(-3.0)
    assert numpy.array_equal(prepared.decode(emissions, [9]), labels)
    anew = PreparedDecoder(module).decode(emissions, [9])
    assert not numpy.array_equal(anew, labels)


@pytest.mark.parametrize("n_tokens", [1, MAX_SMALL_ROWS, MAX_SMALL_ROWS + 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@torch.no_grad()
def test_prepared_emissions(dtype, n_tokens):
    module, H = make("crf").to(dtype), torch.randn(n_tokens, 6)
    found = torch.from_numpy(PreparedDecoder(module).emissions(H.numpy()))
    torch.testing.assert_close(found, module(H.to(dtype)))


@pytest.mark.parametrize("n_tokens", [3, MAX_SMALL_ROWS, MAX_SMALL_ROWS + 1])
@torch.no_grad()
def test_prepared_emissions_with_votes(n_tokens):
    module, H = make("crf", votes=True), torch.randn(n_tokens, 6, dtype=torch.float64)
    mentions = Mentions(torch.tensor([2, 0]), torch.tensor([2]))
    prepared = PreparedDecoder(module)
    for given in (mentions, Mentions(mentions.rows[:0], mentions.counts[:0]), None):
        found = torch.from_numpy(prepared.emissions(H.numpy(), given))
        torch.testing.assert_close(found, module(H, mentions=given))
    own = module.linear(H)
    torch.testing.assert_close(torch.from_numpy(prepared.emissions(H.numpy())), own)
    assert not torch.allclose(module(H, mentions=mentions)[[0, 2]], own[[0, 2]])


@torch.no_grad()
def test_own_emissions_are_taken_from_what_is_not_kept():
    module, H = make("crf", votes=True), torch.randn(3, 6, dtype=torch.float64)
    mentions, kept = Mentions(torch.tensor([0, 2]), torch.tensor([2])), torch.ones(3, 1)
    kept[0] = 0.0
    both, left = module(H, mentions=mentions), module(H, 0.0, mentions, kept)
    torch.testing.assert_close(left[1:], both[1:])
    torch.testing.assert_close(left[0], module.votes.votes.weight @ H[2])
