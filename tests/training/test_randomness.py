import random

import numpy
import torch

from spacy_birnn.training.randomness import get_states, set_states


def draw():
    return [
        random.random(),
        random.gauss(0, 1),
        numpy.random.rand(),
        numpy.random.randn(),
        torch.rand(1).item(),
    ]


def test_all_generators_go_on_where_they_were():
    draw()  # leaves a second normal number in stock
    states = get_states()
    first = [draw() for _ in range(3)]
    assert [draw() for _ in range(3)] != first
    set_states(states)
    assert [draw() for _ in range(3)] == first
