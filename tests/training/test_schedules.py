import math
from itertools import islice

import pytest
import torch

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.schedules import epoch_decay, plateau, warmup_cosine


def first(schedule, n):
    return list(islice(schedule, n))


def test_cosine_rises_and_falls():
    rates = first(warmup_cosine(1.0, 3, 7, 0.2), 9)
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    falling = [0.2 + 0.8 * (1 + math.cos(math.pi * t / 4)) / 2 for t in range(4)]
    assert rates[3:7] == pytest.approx(falling)
    assert rates[7:] == [0.2, 0.2]


def test_cosine_equals_torch_after_the_warm_up():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs, annealing = [], torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for _ in range(10):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        annealing.step()
    assert first(warmup_cosine(0.3, 0, 10), 10) == pytest.approx(theirs, abs=1e-9)


def test_epochs_by_steps():
    rates = first(epoch_decay(0.1, 0.5, 2), 6)
    assert rates == [0.1, 0.1, 0.1 / 1.5, 0.1 / 1.5, 0.05, 0.05]


def test_epochs_of_a_loop():
    schedule = epoch_decay(0.1, 0.5)
    schedule.in_loop = True
    assert next(schedule) == 0.1
    schedule.epoch = 2
    assert next(schedule) == 0.05
    other = epoch_decay(0.1, 0.5)
    other.restore(schedule.state())
    assert next(other) == 0.05


def test_plateau_falls_when_the_score_does_not_rise():
    schedule = plateau(1.0, factor=0.5, patience=2, min_rate=0.2)
    scores = [0.1, 0.3, 0.3, 0.2, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    restarts = [schedule.judge(score) for score in scores]
    assert [i for i, restart in enumerate(restarts) if restart] == [3, 6, 8]
    assert next(schedule) == 0.2
    assert not any(schedule.judge(0.0) for _ in range(5))


def test_plateau_without_restart_and_its_state():
    schedule, other = (plateau(1.0, patience=2, restart=False) for _ in range(2))
    assert schedule.state()["best"] is None
    assert not any(schedule.judge(score) for score in (0.5, 0.4))
    other.restore(schedule.state())
    for each in (schedule, other):
        assert not each.judge(0.5)
        assert each.rate == 0.5


@pytest.mark.parametrize("make", [lambda: epoch_decay(0.1, 0.5), lambda: plateau(0.1)])
def test_without_a_loop_a_second_rate_is_an_error(make):
    schedule = make()
    assert next(schedule) == 0.1
    with pytest.raises(BirnnError, match="B056.*'spacy-birnn train'"):
        next(schedule)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: warmup_cosine(-1.0, 0, 10), "B052"),
        (lambda: warmup_cosine(1.0, 10, 10), "B055"),
        (lambda: warmup_cosine(1.0, 0, 10, 2.0), "B054"),
        (lambda: epoch_decay(0.1, -1.0), "B052"),
        (lambda: epoch_decay(0.1, 0.1, 0), "B053"),
        (lambda: plateau(0.1, factor=1.0), "B057"),
        (lambda: plateau(0.1, patience=0), "B053"),
        (lambda: plateau(0.1, min_rate=1.0), "B054"),
    ],
)
def test_values_out_of_range(make, code):
    with pytest.raises(BirnnError, match=rf"^\[{code}\] spacy-birnn\."):
        make()
