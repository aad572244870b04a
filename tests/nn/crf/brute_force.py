"""Little CRFs, and what they should say by enumerating all label sequences."""

import itertools
import math

import numpy
import torch

from spacy_birnn.nn.crf.crf import CRF

INF = float("inf")
SEEDS = range(8)


def make_crf(n_labels, seed, *, constrained=True, scale=1.0, double=True):
    rng = numpy.random.default_rng(seed)
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
    chain = crf.chain(emissions.dtype)
    start, transitions, end = (scores.double().tolist() for scores in chain)
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
    start, transitions, end = (w.clamp_min(-1e5) for w in crf.chain(emissions.dtype))
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


def brute_force_loss(crf, emissions, lengths, options, mask):
    everything = torch.ones_like(options) if mask is None else mask
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
