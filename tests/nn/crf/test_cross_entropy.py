"""The cross-entropy between two chains, against enumeration and plain autograd."""

import math

import pytest
import torch

from spacy_birnn.nn.crf.chain import ChainScores
from spacy_birnn.nn.crf.cross_entropy import Target

from .brute_force import (
    INF,
    SEEDS,
    enumerate_all,
    log_sum,
    make_batch,
    make_crf,
    naive_log_partition,
)


def make_teacher(n_labels, seed):
    """Another chain without constraints, and its emissions for the same batch."""
    teacher = make_crf(n_labels, 50 + seed, constrained=False)
    emissions, _, _ = make_batch(n_labels, 50 + seed)
    chain = ChainScores(*(s.detach() for s in teacher.chain(torch.float64)))
    return teacher, emissions, chain


def distributions(crf, emissions, lengths, allowed=None):
    """For each sequence {labels: log-probability}."""
    found = []
    for scores in enumerate_all(crf, emissions, lengths, allowed):
        total = log_sum(scores.values())
        found.append({labels: score - total for labels, score in scores.items()})
    return found


def target_of(student, teacher, gold, weight):
    """One sequence's target as {labels: probability}, by its definition."""
    both = {labels: log for labels, log in teacher.items() if labels in student}
    complete = gold is not None and all(label >= 0 for label in gold)
    is_learned = complete and tuple(gold) in student
    if gold is not None and not complete:
        both = {
            labels: log
            for labels, log in both.items()
            if all(g in (-1, label) for g, label in zip(gold, labels, strict=True))
        }
    total = log_sum(both.values())
    shares = {labels: math.exp(log - total) for labels, log in both.items()}
    if not is_learned:
        return shares
    mixed = {labels: (1 - weight) * share for labels, share in shares.items()}
    mixed[tuple(gold)] = mixed.get(tuple(gold), 0.0) + weight
    return mixed


def brute_force(crf, emissions, lengths, target, teacher, allowed):
    """The sum of all cross-entropies, by enumeration."""
    students = distributions(crf, emissions, lengths, allowed)
    teachers = distributions(teacher, target.emissions, lengths)
    golds = [None] * len(lengths)
    if target.labels is not None:
        golds = [rows.tolist() for rows in target.labels.split(lengths)]
    total = 0.0
    for student, other, gold in zip(students, teachers, golds, strict=True):
        shares = target_of(student, other, gold, target.gold_weight)
        total -= sum(share * student[labels] for labels, share in shares.items())
    return total


def make_gold(n_labels, seed, emissions):
    """Complete in some sequences, with gaps in others, missing in one."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(n_labels, (len(emissions),), generator=generator)
    labels[4:6] = -1  # two of the five tokens of the second sequence
    labels[9:13] = -1  # all of the fourth one
    return labels


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("weight", [None, 0.0, 0.3, 1.0])
def test_equals_enumeration(seed, constrained, weight, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed, constrained=constrained)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    teacher, teacher_emissions, chain = make_teacher(n_labels, seed)
    target = Target(teacher_emissions, chain)
    if weight is not None:
        gold = make_gold(n_labels, seed, emissions)
        target = Target(teacher_emissions, chain, gold, weight)
    for mask in (None, allowed):
        got = crf.cross_entropy(emissions, lengths, target, mask).item()
        want = brute_force(crf, emissions, lengths, target, teacher, mask)
        assert got == pytest.approx(want, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_are_those_of_autograd(seed, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed, scale=0.7)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    _, teacher_emissions, chain = make_teacher(n_labels, seed)
    gold = make_gold(n_labels, seed, emissions)
    target = Target(teacher_emissions, chain, gold, 0.4)
    teacher = make_crf(n_labels, 50 + seed, constrained=False)

    def enumerated(leaf, mask):
        """Autograd through scores and log-partition of the sequences one by one."""
        log_z = naive_log_partition(crf, leaf, lengths, mask)
        start, transitions, end = crf.start, crf.transitions, crf.end
        students = distributions(crf, leaf.detach(), lengths, mask)
        teachers = distributions(teacher, teacher_emissions, lengths)
        total, rows = 0.0, leaf.split(lengths)
        for i, (student, other) in enumerate(zip(students, teachers, strict=True)):
            shares = target_of(student, other, gold.split(lengths)[i].tolist(), 0.4)
            for labels, share in shares.items():
                if not labels:
                    continue
                score = start[labels[0]] + end[labels[-1]]
                for row, label in zip(rows[i], labels, strict=True):
                    score = score + row[label]
                for before, label in zip(labels, labels[1:], strict=False):
                    score = score + transitions[before, label]
                total = total + share * (log_z[i] - score)
        return total

    for mask in (None, allowed):
        grads = []
        for function in (
            lambda leaf, mask: crf.cross_entropy(leaf, lengths, target, mask),
            enumerated,
        ):
            leaf = emissions.clone().requires_grad_()
            loss = function(leaf, mask)
            grads.append(torch.autograd.grad(loss, [leaf, *crf.parameters()]))
        for got, want in zip(*grads, strict=True):
            torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-9)


def test_is_least_where_student_and_teacher_agree():
    crf = make_crf(4, 1)
    emissions, lengths, _ = make_batch(4, 1)
    emissions.requires_grad_()
    chain = ChainScores(*(s.detach() for s in crf.chain(torch.float64)))
    loss = crf.cross_entropy(emissions, lengths, Target(emissions.detach(), chain))
    for gradient in torch.autograd.grad(loss, [emissions, *crf.parameters()]):
        assert gradient.abs().max() < 1e-12
    entropy = crf.entropy(emissions.detach(), lengths).sum()
    assert loss.item() == pytest.approx(entropy.item())


def test_gold_alone_is_the_negative_log_likelihood():
    crf = make_crf(3, 2, constrained=False)
    emissions, lengths, _ = make_batch(3, 2)
    _, teacher_emissions, chain = make_teacher(3, 2)
    gold = torch.randint(3, (len(emissions),))
    target = Target(teacher_emissions, chain, gold, 1.0)
    got = crf.cross_entropy(emissions, lengths, target)
    assert got.item() == pytest.approx(crf.loss(emissions, lengths, gold).item())


def never_rising():
    """A CRF in which no label may be followed by a higher one."""
    crf = make_crf(3, 0)
    crf.transitions_forbidden = torch.ones(3, 3, dtype=torch.bool).triu(1)
    crf.start_forbidden = crf.end_forbidden = None
    return crf


def test_impossible_gold_leaves_the_teacher_and_is_counted():
    crf = never_rising()
    emissions, lengths, _ = make_batch(3, 0, lengths=(3, 2))
    _, teacher_emissions, chain = make_teacher(3, 0)
    gold = torch.tensor([0, 1, 2, 2, 1])  # only the second one is allowed
    target = Target(teacher_emissions[:5], chain, gold, 1.0)
    emissions.requires_grad_()
    loss = crf.cross_entropy(emissions, lengths, target)
    assert crf.impossible.item() == 1
    apart = [
        crf.cross_entropy(emissions[:3], [3], Target(teacher_emissions[:3], chain)),
        crf.loss(emissions[3:], [2], gold[3:]),
    ]
    assert loss.item() == pytest.approx(sum(apart).item())


def test_a_teacher_that_permits_nothing_costs_nothing():
    crf = make_crf(2, 0, constrained=False)
    chain = ChainScores(torch.tensor([-INF, -INF]), torch.zeros(2, 2), torch.zeros(2))
    emissions = torch.randn(3, 2, requires_grad=True)
    loss = crf.cross_entropy(emissions, [3], Target(torch.zeros(3, 2), chain))
    assert loss.item() == 0.0
    loss.backward()
    assert (emissions.grad == 0).all()


def test_half_precision_targets_and_long_sequences():
    crf = make_crf(5, 3, constrained=False, double=False)
    emissions = torch.randn(3000, 5)
    teacher = torch.randn(3000, 5)
    chain = ChainScores(*(s.detach() for s in crf.chain(torch.float32)))
    whole = crf.cross_entropy(emissions, [3000], Target(teacher, chain))
    half = crf.cross_entropy(emissions, [3000], Target(teacher.half(), chain))
    assert half.item() == pytest.approx(whole.item(), rel=1e-3)


def test_gold_that_is_not_complete_is_never_impossible():
    """A missing label is no label 0: that one may be forbidden."""
    crf = never_rising()
    emissions, lengths, _ = make_batch(3, 0, lengths=(3, 2))
    _, teacher_emissions, chain = make_teacher(3, 0)
    gold = torch.tensor([2, -1, 1, 2, 1])  # 0, then 1 would be forbidden
    crf.cross_entropy(emissions, lengths, Target(teacher_emissions[:5], chain, gold))
    assert crf.impossible.item() == 0
