"""The temperature: all probabilities are of scores that it divides, labels are not."""

import math

import pytest
import torch

from .brute_force import SEEDS, enumerate_all, log_sum, make_batch, make_crf

TEMPERATURES = (0.4, 1.0, 3.0)


def distributions(crf, emissions, lengths, mask):
    """Of each sequence {labels: log-probability}, best first."""
    found = []
    for scores in enumerate_all(crf, emissions, lengths, mask):
        scaled = {y: score / crf.temperature.item() for y, score in scores.items()}
        log_z = log_sum(scaled.values())
        best_first = sorted(scaled.items(), key=lambda pair: -pair[1])
        found.append({y: score - log_z for y, score in best_first})
    return found


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("seed", SEEDS)
def test_probabilities_equal_enumeration(seed, temperature):
    crf = make_crf(3, seed)
    emissions, lengths, allowed = make_batch(3, seed)
    labels_before = crf.viterbi(emissions, lengths, allowed)
    crf.temperature.fill_(temperature)
    found = distributions(crf, emissions, lengths, allowed)
    # no label changes
    assert torch.equal(crf.viterbi(emissions, lengths, allowed), labels_before)
    # the best sequences and their probabilities
    best = crf.k_best(emissions, lengths, 4, allowed)
    for logs, paths in zip(found, best):
        want = list(logs.items())[:4]
        assert [tuple(labels) for labels, _ in paths] == [y for y, _ in want]
        assert [log for _, log in paths] == pytest.approx([log for _, log in want])
    # marginals of labels, and of the first label as a span
    marginals = crf.marginals(emissions, lengths, allowed)
    want = torch.zeros_like(marginals)
    row = 0
    for logs, length in zip(found, lengths):
        for labels, log in logs.items():
            for i, label in enumerate(labels):
                want[row + i, label] += math.exp(log)
        row += length
    torch.testing.assert_close(marginals, want)
    rows = list(range(len(emissions)))
    ends, labels = [i + 1 for i in rows], [0] * len(rows)
    spans = crf.span_marginals(
        emissions, lengths, rows, ends, labels, permitted=allowed
    )
    torch.testing.assert_close(spans, want[:, 0])


def test_loss_and_log_partition_do_without():
    crf = make_crf(3, 0)
    emissions, lengths, _ = make_batch(3, 0)
    gold = crf.viterbi(emissions, lengths)
    before = crf.loss(emissions, lengths, gold), crf.log_partition(emissions, lengths)
    crf.temperature.fill_(2.0)
    after = crf.loss(emissions, lengths, gold), crf.log_partition(emissions, lengths)
    torch.testing.assert_close(after, before, rtol=0, atol=0)


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_scaled_loss_and_its_gradient(seed, partial):
    crf = make_crf(3, seed)
    emissions, lengths, _ = make_batch(3, seed)
    gold = crf.viterbi(emissions, lengths)
    if partial:
        gold[::2] = -1
    scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    loss = crf.loss(emissions, lengths, gold, scale=scale)
    loss.backward()
    # as if the scores themselves were smaller
    other = make_crf(3, seed)
    for parameter in other.parameters():
        parameter.data.mul_(0.7)
    torch.testing.assert_close(loss, other.loss(0.7 * emissions, lengths, gold))
    step = 1e-6
    up, down = (
        crf.loss(emissions, lengths, gold, scale=(scale + d).detach())
        for d in (step, -step)
    )
    want = ((up - down) / (2 * step)).item()
    assert scale.grad.item() == pytest.approx(want, rel=1e-5, abs=1e-6)


def test_it_is_saved_and_files_of_before_have_none():
    crf = make_crf(3, 0)
    crf.temperature.fill_(1.5)
    state = crf.state_dict()
    other = make_crf(3, 1)
    other.load_state_dict(state)
    assert other.temperature.item() == 1.5
    del state["temperature"]
    other.load_state_dict(state)
    assert other.temperature.item() == 1.0
