import time
from itertools import islice

import pytest

from spacy_birnn import progress
from spacy_birnn.progress import show_progress, show_wait


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only where a test says so."""

    class Clock:
        now = 0.0

        def wait(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def be_terminal(monkeypatch, capsys):
    """Make stderr one; to be called in the test, which has a stderr of its own."""

    def be_terminal():
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("FORCE_COLOR", "1")

    return be_terminal


def slow(clock, seconds, count=10):
    for i in range(count):
        clock.wait(seconds)
        yield i


@pytest.mark.parametrize("total", [None, 10])
def test_a_long_wait_is_shown(clock, be_terminal, capsys, total):
    be_terminal()
    shown = show_progress(slow(clock, 0.5), "Reading x", "documents", total)
    assert list(shown) == list(range(10))
    written = capsys.readouterr().err
    assert "Reading x" in written
    assert "documents" in written
    assert ("of" in written) == (total is not None)


def test_a_short_one_is_not(clock, be_terminal, capsys):
    be_terminal()
    assert list(show_progress(slow(clock, 0.1), "Reading x", "documents")) == list(
        range(10)
    )
    assert capsys.readouterr().err == ""


def test_nothing_but_a_terminal_is_written_to(clock, capsys):
    list(show_progress(slow(clock, 5.0), "Reading x", "documents"))
    assert capsys.readouterr().err == ""


def test_what_is_done_with_the_items_is_no_wait(clock, be_terminal, capsys):
    be_terminal()
    for _ in show_progress(slow(clock, 0.5), "Reading x", "documents"):
        clock.wait(5.0)
    assert capsys.readouterr().err == ""


def test_it_ends_where_the_reader_does(clock, be_terminal, capsys):
    be_terminal()
    shown = show_progress(slow(clock, 3.0), "Reading x", "documents")
    assert list(islice(shown, 3)) == [0, 1, 2]
    shown.close()
    with pytest.raises(ZeroDivisionError):
        list(show_progress((1 // i for i in (1, 0)), "Reading x", "documents"))
    capsys.readouterr()


def test_a_first_item_that_is_long_in_coming(monkeypatch, be_terminal, capsys):
    be_terminal()
    monkeypatch.setattr(progress, "PATIENCE", 0.05)

    def items():
        until = time.monotonic() + 100
        while "Reading x" not in capsys.readouterr().err:
            assert time.monotonic() < until
            time.sleep(0.05)
        yield 1

    assert list(show_progress(items(), "Reading x", "documents")) == [1]
    capsys.readouterr()


def test_a_wait_that_cannot_be_counted(be_terminal, capsys):
    with show_wait("Loading x"):
        pass
    assert capsys.readouterr().err == ""
    be_terminal()
    with show_wait("Loading x"):
        assert capsys.readouterr().err == "Loading x …\r"
    assert capsys.readouterr().err == " " * 11 + "\r"
