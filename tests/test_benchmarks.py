"""The plumbing of benchmarks/speed.py: how runs are paired, kept and shown."""

import random
import subprocess
import sys
from pathlib import Path

import common
import pytest
from measures import child, rows, streams, table, timing

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told to go on."""

    class Clock:
        now = 0.0

        def go_on(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock.now)
    return clock


def test_sides_run_in_turn_and_preparing_does_not_count(clock):
    seen = []

    def side(name, cost):
        def prepare():
            clock.go_on(100)
            return len(seen)

        def run(given):
            seen.append((name, given))
            clock.go_on(cost + given)

        return timing.Side(run, prepare)

    seconds = timing.alternate([side("a", 10), side("b", 20)], runs=2)
    assert seen == [("a", 0), ("b", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)]
    assert seconds == [[12, 14], [23, 25]]


def test_without_a_warm_up(clock):
    side = timing.Side(lambda _: clock.go_on(1))
    assert timing.alternate([side], runs=3, warm_up=False) == [[1, 1, 1]]
    assert clock.now == 3


def test_threads_are_set_and_restored():
    before = timing.torch.get_num_threads()
    with timing.threads(before + 1):
        assert timing.torch.get_num_threads() == before + 1
    assert timing.torch.get_num_threads() == before


def test_a_speed_is_a_ratio_of_neighbours():
    """The median of the ratios, not the ratio of the medians."""
    row = rows.speed_row("case", "other", 600, [1.0, 2.0, 6.0], [4.0, 5.0, 6.0], 2.0)
    assert row.value == rows.Spread(median=2.5, min=1.0, max=4.0)
    assert row.ours == rows.Spread(median=300, min=100, max=600)
    assert row.other == rows.Spread(median=120, min=100, max=150)
    assert row.runs == 3


def entry(**changed):
    spread = {"median": 2.0, "min": 1.5, "max": 2.5}
    return {
        "measure": "tagging",
        "case": "small",
        "against": "torch",
        "threads": 1,
        "device": "cpu",
        "unit": "tokens/s",
        "ours": {**spread, "median": 123456.0},
        "other": {**spread, "median": 61728.0},
        "value": spread,
        "value_unit": "x",
        "target": 1.8,
        "at_most": False,
        **changed,
    }


def test_the_table():
    *_, line = table.table([entry()])
    assert line == (
        "| tagging | small | torch | 1 | 123,456 tokens/s | 61,728 tokens/s "
        "| 2.00 x (1.50–2.50) | ≥ 1.8 x | met |"
    )


@pytest.mark.parametrize(
    ("target", "at_most", "verdict"),
    [
        (2.0, False, "met"),
        (2.1, False, "**missed**"),
        (2.0, True, "met"),
        (1.9, True, "**missed**"),
        (None, False, ""),
    ],
)
def test_targets(target, at_most, verdict):
    assert table.verdict(entry(target=target, at_most=at_most)) == verdict


def test_a_result_takes_the_place_of_its_own_entry_alone(tmp_path):
    path = tmp_path / "new" / "speed.json"
    key = ("measure", "threads")
    for threads, runs in (1, 5), (2, 5), (1, 7):
        run = {"measure": "crf", "threads": threads, "runs": runs}
        common.add_result(path, run, key)
    kept = [(entry["threads"], entry["runs"]) for entry in common.read_results(path)]
    assert kept == [(2, 5), (1, 7)]
    assert [file.name for file in path.parent.iterdir()] == ["speed.json"]


def test_new_words_never_stop_coming(tmp_path):
    random.seed(1)  # the file has a seed of its own
    sentences = [["the", "cat", "sat"], ["so"]]
    texts = []
    for name in ("a", "b"):
        streams.write_text(tmp_path / name, sentences, n_words=40)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    lines = [line.split() for line in texts[0].splitlines()]
    assert [len(line) for line in lines] == [3, 1] * 10
    new = [set(line) - {"the", "cat", "sat", "so"} for line in lines]
    assert all(len(words) == 1 for words in new)
    assert len(set().union(*new)) == len(lines)
    assert sentences == [["the", "cat", "sat"], ["so"]]


@pytest.mark.skipif(not child.STATUS.exists(), reason="needs /proc")
def test_peak_memory_is_not_inherited():
    held = b"x" * (256 * 2**20)
    code = "from measures.child import peak_memory; print(peak_memory())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BENCHMARKS,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert 2**20 < int(result.stdout) < len(held)
