"""Python's garbage collector at rest."""

import gc

import pytest

from spacy_birnn.garbage import no_collections


def test_the_collector_rests_and_goes_on():
    assert gc.isenabled()
    with no_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error():
    with pytest.raises(KeyError), no_collections():
        raise KeyError
    assert gc.isenabled()


def test_where_it_is_off_it_stays_off():
    gc.disable()
    try:
        with no_collections():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
