"""Ranges of the arguments, and which dropout rate runs."""

import numpy
import pytest
from thinc.api import Model, set_dropout_rate

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.arguments import (
    check_dropout,
    check_positive,
    dropout_attrs,
    dropout_rate,
    is_number,
)
from spacy_birnn.models.settings import Settings


@pytest.mark.parametrize("value", [0, -1, True, "12", 1.5, None])
def test_sizes_are_positive_integers(value):
    check_positive("here", size=1, other=10**6)
    with pytest.raises(BirnnError, match=r"^\[B007\] here: size = .+ whole number"):
        check_positive("here", size=value)


@pytest.mark.parametrize("value", [1, 1.0, -0.1, float("nan"), "0.5", 7])
def test_rates_are_below_one(value):
    check_dropout("here", one=None, two=0, three=0.99)
    with pytest.raises(BirnnError, match=r"^\[B008\] here: rate = "):
        check_dropout("here", rate=value)


@pytest.mark.parametrize("value", ["1", "inf", True, None, float("inf"), float("nan")])
def test_what_is_no_number(value):
    assert not is_number(value, -float("inf"))


@pytest.mark.parametrize("value", [0, 1, 0.5, numpy.float32(0.5)])
def test_numbers_have_a_range(value):
    assert is_number(value, 0, 1)
    assert not is_number(value, 2)
    assert not is_number(value, -2, -1)


def make_node(dropout):
    attrs = {"settings": Settings(dropout=dropout), **dropout_attrs(dropout)}
    return Model("node", lambda m, x, is_train: (x, id), attrs=attrs)


def test_null_follows_set_dropout_rate():
    node = make_node(None)
    assert dropout_rate(node, is_train=True) == 0.0
    set_dropout_rate(node, 0.4)
    assert dropout_rate(node, is_train=True) == 0.4
    assert dropout_rate(node, is_train=False) == 0.0


@pytest.mark.parametrize("fixed", [0.0, 0.3])
def test_a_number_is_fixed(fixed):
    node = make_node(fixed)
    set_dropout_rate(node, 0.4)
    assert dropout_rate(node, is_train=True) == fixed
    assert dropout_rate(node, is_train=False) == 0.0


@pytest.mark.parametrize("rate", [1.5, -1.0, 1.0])
def test_a_rate_of_training_is_checked_too(rate):
    node = make_node(None)
    set_dropout_rate(node, rate)
    with pytest.raises(BirnnError, match=r"^\[B008\] \[training\]: dropout = "):
        dropout_rate(node, is_train=True)
