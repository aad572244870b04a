"""`distil` through the real command line."""

import signal
import subprocess
import sys
import time

import pytest
import spacy

SMALL = [
    "--components.birnn_ner.model.tok2vec.encode.width=8",
    "--training.max_epochs=2",
    "--training.batcher.size=1",
]
TEXT = "Ada Lovelace left London. Emmy saw Oslo.\nIt rains. Emmy left.\n"


@pytest.fixture
def config(tmp_path, run):
    path = tmp_path / "ner.cfg"
    columns = "word=0,tag=1,chunks=2,ents=3"
    assert (
        run("init-config", path, "--task", "ner", "--columns", columns).exit_code == 0
    )
    return path


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def arguments(config, corpus, raw, ruler, tmp_path):
    """A student of a pipeline that is not ours."""
    return [
        *["distil", config, "-o", tmp_path / "out", "--teacher", ruler],
        *["--texts", raw, f"--paths.dev={corpus}", *SMALL],
    ]


def replaced(arguments, old, new):
    return [new if argument == old else argument for argument in arguments]


@pytest.mark.parametrize("through_spacy", [False, True])
def test_the_real_command(arguments, run_process, corpus, tmp_path, through_spacy):
    result = run_process(*arguments, "--train", corpus, through_spacy=through_spacy)
    assert result.returncode == 0, result.stderr.decode()
    first, training, header, *_, last = result.stdout.decode().splitlines()
    assert first.startswith(
        "The teachers have read 4 sentences of 2 texts and 2 annotated documents, in "
    )
    assert training.startswith("Training birnn_ner on the CPU, into ")
    assert header.split()[:4] == ["E", "STEP", "LOSS", "ENTS_F"]
    assert last.startswith("Training has ended: 2 epochs are done.")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.get_pipe("birnn_ner").labels == ("LOC", "PER")
    assert nlp.config["paths"]["train"] == str(corpus)


def test_several_teachers_and_texts_of_other_formats(
    arguments, birnn, raw, tmp_path, run
):
    table = tmp_path / "more.jsonl"
    table.write_text('{"body": "Grace Hopper saw London ."}\n')
    more = ["--texts", table, "--text-field", "body", "--teacher", birnn]
    result = run(*arguments, *more, "--sentences", 3, "--gold-weight", 0)
    assert result.exit_code == 0, result.output
    assert "5 sentences of 3 texts and 0 annotated documents" in result.output
    piped = replaced(arguments, raw, "-")
    piped = replaced(piped, tmp_path / "out", tmp_path / "piped")
    result = run(*piped, "--input-format", "text", input=TEXT)
    assert result.exit_code == 0, result.output


def test_nothing_is_written_over_but_with_force(arguments, run):
    assert run(*arguments).exit_code == 0
    again = run(*arguments)
    assert (again.exit_code, again.stderr[:6]) == (1, "[B060]")
    resumed = run(*arguments, "--resume")
    assert resumed.exit_code == 0
    assert "need not read again" in resumed.output
    assert "has ended already" in resumed.output
    other = run(*arguments, "--resume", "--sentences", 1)
    assert (other.exit_code, other.stderr[:6]) == (1, "[B064]")
    forced = run(*arguments, "--force", "--sentences", 1)
    assert forced.exit_code == 0
    assert "The teachers have read" in forced.output


def test_mistakes_are_one_line_and_leave_nothing(
    arguments, config, raw, ruler, tmp_path, run
):
    blank = tmp_path / "blank.txt"
    blank.write_text(" \n")
    nothing = spacy.blank("en")
    nothing.add_pipe("sentencizer")
    nothing.to_disk(tmp_path / "nothing")
    both = tmp_path / "both.cfg"
    assert run("init-config", both, "--task", "ner,pos").exit_code == 0
    cases = [
        (ruler, tmp_path / "nothing", [], "[B451] The teacher "),
        (ruler, tmp_path / "nowhere", [], "[B204]"),
        (config, both, [], "[B453]"),
        (config, tmp_path / "no.cfg", [], "[B105]"),
        (raw, blank, [], f"[B454] No text with a word in {blank}:"),
        (raw, tmp_path / "no.txt", [], "[B105]"),
        (None, None, ["--train", tmp_path / "no.conll"], "[B105]"),
        (None, None, ["--training.max_epochs=-1"], "[B458]"),
        (None, None, ["--training.max_epoch=1"], "[B492]"),
        (None, None, ["--paths.dev=null"], "[B104] "),
    ]
    for old, new, more, start in cases:
        result = run(*replaced(arguments, old, new), *more)
        assert result.exit_code == 1, (start, result.output)
        assert result.stderr.startswith(start), result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "out").exists(), start


def test_wrong_usage(arguments, ruler, run):
    for wrong in (
        ["--gold-weight", 2],
        ["--sentences", -1],
        ["--texts", "-"],
        ["--columns", "word=1"],
        ["--nonsense"],
    ):
        result = run(*arguments, *wrong)
        assert result.exit_code == 2, (wrong, result.output)
        assert result.stderr.startswith("[B201]")
    assert run("distil", *arguments[1:4]).exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_goes_on(arguments, run_process, tmp_path, number):
    """Stopped while the teachers read, it ends with the weights of a whole run."""
    raw = arguments[arguments.index("--texts") + 1]
    raw.write_text(TEXT * 16000)
    more = ["--sentences", 20]
    whole = replaced(arguments, tmp_path / "out", tmp_path / "whole")
    assert run_process(*whole, *more).returncode == 0
    command = [sys.executable, "-m", "spacy", "birnn"]
    words = [*command, *map(str, [*arguments, *more])]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    chain = tmp_path / "out" / "targets" / "chain.safetensors"
    while not chain.exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    out, _ = process.communicate(timeout=600)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert b"--resume goes on" in out
    assert not (tmp_path / "out" / "targets" / "done.json").exists()
    assert not (tmp_path / "out" / "model-best").exists()
    result = run_process(*arguments, *more, "--resume")
    assert result.returncode == 0, result.stderr.decode()
    weights = [
        (tmp_path / name / "model-last" / "birnn_ner" / "model").read_bytes()
        for name in ("whole", "out")
    ]
    assert weights[0] == weights[1]


def test_mistakes_leave_an_older_distillation(arguments, corpus, raw, tmp_path, run):
    """Those of texts, of the dev file, of vectors and of the training itself."""
    assert run(*arguments).exit_code == 0
    before = contents(tmp_path / "out")
    assert {"checkpoint", "targets/plan.json", "model-best/meta.json"} <= set(before)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "Ada left."\n')
    cases = [
        (raw, broken, [], "[B206]"),
        (f"--paths.dev={corpus}", f"--paths.dev={raw}", [], "[B494]"),
        (None, None, ["--paths.vectors", "nowhere"], "[B035]"),
        (None, None, ["--training.optimizer.learn_rate=-1"], "[B089]"),
        (None, None, ["--training.logger.@loggers=none.v1"], "[B490]"),
        (None, None, ["--sentences=0"], "[B458]"),
    ]
    for old, new, more, start in cases:
        result = run(*replaced(arguments, old, new), *more, "--force")
        assert result.exit_code == 1, (start, result.output)
        assert result.stderr.splitlines()[-1].startswith(start), result.stderr
        assert contents(tmp_path / "out") == before, start
    for old, new, more, start in cases:
        words = [*replaced(arguments, old, new), *more]
        assert run(*replaced(words, tmp_path / "out", tmp_path / "new")).exit_code == 1
        assert not (tmp_path / "new").exists(), start


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_gold_that_the_config_does_not_read(arguments, config, corpus, run, tmp_path):
    both = run(*arguments, "--train", corpus, f"--paths.train={corpus}")
    assert both.exit_code == 2
    assert "one of --train and --paths.train" in both.stderr
    original = config.read_text()
    config.write_text(original.replace("= ${paths.train}", '= ["${paths.train}"]'))
    assert run(*arguments, "--train", corpus, "--training.max_steps=1").exit_code == 0
    config.write_text(original.replace("${paths.train}", f'"{corpus}"'))
    result = run(*arguments, "--train", tmp_path / "texts.txt")
    assert result.exit_code == 1
    assert result.stderr.startswith("[B481] --train has no effect: [corpora.train]")
    assert "${paths.train}" in result.stderr


def test_code_of_the_user_is_run_first(arguments, run, tmp_path):
    code = tmp_path / "code.py"
    code.write_text("raise ValueError('it is run')\n")
    result = run(*arguments, "--code", code)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B238] {code}:1: ")
