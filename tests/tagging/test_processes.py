"""`n_process` changes nothing. Each test runs in a process, which may not hang."""

import pytest

pytestmark = pytest.mark.usefixtures("inputs")

HEADER = """
import multiprocessing
from pathlib import Path
from tests.tagging.samples import make_nlp
from spacy_birnn.tagging import run

FILES = ["a.txt", "a.jsonl", "a.conll", "a.spacy"]

def tag(output_format, **settings):
    out = Path("out")
    out.unlink(missing_ok=True)
    run.tag(make_nlp(), FILES, out, output_format=output_format, **settings)
    return out.read_bytes()

"""


@pytest.mark.parametrize("output_format", ["jsonl", "conll", "conllu", "spacy"])
def test_same_bytes_for_any_number(run_script, output_format):
    code = f"""
expected = tag("{output_format}")
for n_process, batch_size in ((2, 1), (3, 7), (2, 256)):
    again = tag("{output_format}", n_process=n_process, batch_size=batch_size)
    assert again == expected
"""
    result = run_script(HEADER + code)
    assert (result.returncode, result.stderr) == (0, "")


def test_processes_that_are_not_forked_make_the_same(run_script):
    code = """
if __name__ == "__main__":
    expected = tag("jsonl")
    multiprocessing.set_start_method("spawn")
    assert tag("jsonl", n_process=2, batch_size=9) == expected
"""
    result = run_script(HEADER + code)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "[B206] a.jsonl:51: "),
        (b'{"tokens": ["a"], "text": "b"}', "[B209] a.jsonl:51: "),
        (b'{"text": "\xff"}', "[B108] a.jsonl:51: "),
    ],
)
def test_bad_lines_are_told_as_with_one_process(run_script, tmp_path, line, message):
    """And nothing is left behind."""
    with (tmp_path / "a.jsonl").open("ab") as file:
        file.write(line + b"\n")
    before = set(tmp_path.iterdir())
    code = """
for n_process in (1, 2):
    try:
        tag("jsonl", n_process=n_process, batch_size=9)
    except ValueError as error:
        print(error)
"""
    result = run_script(HEADER + code)
    first, second = result.stdout.splitlines()
    assert first == second
    assert first.startswith(message)
    assert result.stderr == ""
    assert {path for path in tmp_path.iterdir() if path.suffix != ".py"} == before
