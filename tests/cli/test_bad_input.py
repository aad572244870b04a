"""Mistakes on the command line: exit status, one coded line, nothing left behind."""

import re
import subprocess
import sys

import pytest

BAD = [
    # wrong usage
    ("frobnicate", 2, "B201"),
    ("--frobnicate", 2, "B201"),
    ("tag", 2, "B201"),
    ("tag {ruler}", 2, "B201"),
    ("tag {ruler} -", 2, "B201"),
    ("tag {ruler} good.txt --output-format xml", 2, "B201"),
    ("tag {ruler} good.txt --batch-size 0", 2, "B201"),
    ("tag {ruler} good.txt --n-process 0", 2, "B201"),
    ("tag {ruler} good.txt --columns word", 2, "B201"),
    ("tag {ruler} good.txt --frobnicate", 2, "B201"),
    ("convert good.conll", 2, "B201"),
    ("convert good.conll OUT --scheme bmez", 2, "B201"),
    ("convert good.conll OUT --separator pipe", 2, "B201"),
    ("evaluate {ruler} good.conll --empty-words keep", 2, "B201"),
    ("convert good.conll OUT --columns word=0,word=1", 2, "B201"),
    ("convert good.conll OUT --columns word=x", 2, "B201"),
    ("convert good.conll OUT --columns frob=1", 2, "B201"),
    ("evaluate {ruler}", 2, "B201"),
    ("init-config OUT", 2, "B201"),
    ("init-config OUT --task parse", 2, "B201"),
    ("init-config OUT --task ner --optimize speed", 2, "B201"),
    # mistakes
    ("tag absent good.txt -o OUT", 1, "B204"),
    ("tag . good.txt -o OUT", 1, "B204"),
    ("tag {ruler} absent.txt -o OUT", 1, "B105"),
    ("tag {ruler} empty -o OUT", 1, "B106"),
    ("tag {ruler} absent*.txt -o OUT", 1, "B257"),
    ("tag {ruler} good.txt -o OUT --shard-size 5X", 1, "B259"),
    ("tag {ruler} good.txt -o data", 1, "B263"),
    ("tag {ruler} good.txt -o OUT --num-gpus 1", 1, "B268"),
    ("tag {ruler} good.txt --engine ray", 1, "B267"),
    ("tag {ruler} good.txt --resume", 1, "B266"),
    ("tag {ruler} good.jsonl --text-field body -o OUT", 1, "B207"),
    ("tag {ruler} good.csv -o OUT", 1, "B252"),
    ("tag {ruler} good.txt absent.conll -o OUT", 1, "B105"),
    ("tag {ruler} absent.txt --input-format text -o OUT", 1, "B105"),
    ("tag {ruler} good.txt -o taken", 1, "B202"),
    ("tag {ruler} good.txt -o absent/out", 1, "B203"),
    ("tag {ruler} good.txt -o . --force", 1, "B219"),
    ("tag {ruler} good.txt bad.txt -o OUT", 1, "B108"),
    ("tag {ruler} bad.jsonl -o OUT", 1, "B206"),
    ("tag {ruler} good.txt --input-format jsonl -o OUT", 1, "B206"),
    ("tag {ruler} bad.conll -o OUT", 1, "B115"),
    ("tag {ruler} good.conll --columns word=7 -o OUT", 1, "B116"),
    ("tag {ruler} bad.spacy -o OUT", 1, "B124"),
    ("tag {ruler} good.txt --gpu-id 99 -o OUT", 1, "B205"),
    ("tag {blank} good.txt -o OUT", 1, "B213"),
    ("convert absent OUT", 1, "B105"),
    ("convert bad.conll OUT", 1, "B115"),
    ("convert good.conll taken", 1, "B202"),
    ("convert good.conll OUT --columns word=0,ents=9", 1, "B116"),
    ("convert tags.conll OUT --scheme bilou", 1, "B114"),
    ("convert good.conll OUT --format conllu", 1, "B120"),
    ("convert good.spacy OUT", 1, "B215"),
    ("convert good.conll OUT --encoding utf-9", 1, "B140"),
    ("convert bad.txt OUT", 1, "B108"),
    ("convert spans.json OUT --lang qq", 1, "B216"),
    ("convert bad.jsonl OUT --lang en", 1, "B144"),
    ("evaluate {ruler} bad.jsonl -o OUT", 1, "B144"),
    ("evaluate absent good.conll -o OUT", 1, "B204"),
    ("evaluate {ruler} absent -o OUT", 1, "B105"),
    ("evaluate {ruler} bad.conll -o OUT", 1, "B115"),
    ("evaluate {ruler} bad.spacy -o OUT", 1, "B124"),
    ("evaluate {ruler} good.conll --columns word=0,tag=1 -o OUT", 1, "B214"),
    ("evaluate {blank} good.conll -o OUT", 1, "B213"),
    ("evaluate {ruler} good.conll -o absent/out", 1, "B203"),
    ("init-config taken --task ner", 1, "B202"),
    ("init-config absent/out --task ner", 1, "B203"),
    ("init-config OUT --task ner --lang qq", 1, "B216"),
    ("init-config OUT --task ner --columns word=0,tag=1", 1, "B220"),
    ("init-config OUT --task pos --columns word=0,tag=1", 1, "B220"),
    ("init-config OUT --task chunk --columns word=0,ents=1", 1, "B220"),
    ("init-config OUT --task ner --scheme raw", 1, "B221"),
    ("init-config OUT --task chunk --scheme raw", 1, "B221"),
    # the output is an input, by its own name or another
    ("tag {ruler} good.txt -o good.txt --output-format jsonl", 1, "B219"),
    ("tag {ruler} good.txt -o good.txt --output-format jsonl --force", 1, "B219"),
    ("tag {ruler} good.conll good.txt -o ./link --force", 1, "B219"),
    ("convert good.conll good.conll --force", 1, "B219"),
    ("convert link link --force", 1, "B219"),
    ("convert link good.txt --force", 1, "B219"),
    ("convert data data/a.conll --force", 1, "B219"),
    ("evaluate {ruler} good.conll -o good.conll", 1, "B219"),
    ("evaluate {ruler} data -o data/a.conll", 1, "B219"),
    # options without an effect
    ("tag {ruler} good.conll --columns word=0,ents=1 -o OUT", 2, "B201"),
    ("tag {ruler} good.txt --columns word=0 -o OUT", 2, "B201"),
    ("tag {ruler} good.spacy --columns word=0 -o OUT", 2, "B201"),
    ("convert good.conllu OUT --columns pos=3", 1, "B226"),
    ("convert good.conllu OUT --format conllu --columns word=1", 1, "B226"),
    ("convert good.conllu OUT --header", 1, "B226"),
    ("convert good.conll OUT -T", 1, "B226"),
    ("convert good.conll OUT --ents-key NER", 1, "B226"),
    ("convert good.conll OUT --lang en", 1, "B226"),
    ("convert spans.json OUT --scheme bioes", 1, "B226"),
    ("convert spans.json OUT --docs document", 1, "B226"),
    ("evaluate {ruler} good.conll --target chunks -o OUT", 1, "B226"),
    ("convert spans.json OUT --unmarked missing --target chunks", 1, "B448"),
    ("convert good.conll OUT --limit 0", 2, "B201"),
    ("evaluate {ruler} good.conllu --separator tab -o OUT", 1, "B226"),
    ("evaluate {ruler} good.spacy --alignment-mode strict -o OUT", 1, "B226"),
    ("evaluate {ruler} good.spacy --missing-label UNSURE -o OUT", 1, "B226"),
    ("convert good.conll OUT --unmarked missing", 1, "B226"),
    # names that promise another format
    ("convert good.conll OUT.txt", 1, "B227"),
    ("convert good.conll OUT.json", 1, "B227"),
    ("convert good.conll taken.csv --force", 1, "B227"),
    ("evaluate {ruler} good.conll -o OUT.csv", 1, "B227"),
    ("evaluate {ruler} good.conll -o OUT.tsv", 1, "B227"),
    ("tag {ruler} good.txt -o OUT.csv", 1, "B227"),
    ("tag {ruler} good.txt -o OUT.docx", 1, "B227"),
    ("tag {ruler} good.txt -o OUT.tsv.gz", 1, "B227"),
    ("tag {ruler} good.txt -o OUT.json", 1, "B227"),
    ("tag {ruler} good.conll --separator semicolon -T -o OUT", 2, "B201"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    import spacy
    from spacy.tokens import Doc, DocBin

    monkeypatch.chdir(tmp_path)
    nlp = spacy.blank("en")
    nlp.to_disk("blank")
    data = DocBin(docs=[Doc(nlp.vocab, words=["Ada", "left"])]).to_bytes()
    files = {
        "good.txt": b"Ada Lovelace left .\n",
        "bad.txt": b"Ada\n\xff\n",
        "good.jsonl": b'{"text": "Ada"}\n',
        "good.csv": b"id,body\n1,Ada\n",
        "good.conll": b"Ada B-PER\nleft O\n",
        "bad.conll": b"Ada B-PER\nleft\n",
        "tags.conll": b"Ada Q-PER\n",
        "bad.jsonl": b'{"text": "Ada"}\n{"text"\n',
        "spans.json": b'[{"text": "Ada left", "label": [[0, 3, "PER"]]}]',
        "good.spacy": data,
        "bad.spacy": data[:-7],
        "good.conllu": b"1\tAda\tAda\tPROPN\tNNP\t_\t0\troot\t_\t_\n",
        "taken": b"older",
        "data/a.conll": b"Ada B-PER\n",
    }
    for name in ("data", "empty"):
        (tmp_path / name).mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link").hardlink_to(tmp_path / "good.txt")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("line", "status", "code"), BAD)
def test_one_coded_line(folder, ruler, run, line, status, code):
    """Behaviour 7: bad input is a coded, one-line error; nothing stays behind."""
    before = contents(folder)
    result = run(*line.format(ruler=ruler, blank="blank").split())
    assert result.exit_code == status, result.output
    assert re.fullmatch(rf"\[{code}\] .+\n", result.stderr), result.stderr
    assert result.stdout == ""
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--scheme x", "Invalid value for '--scheme': 'x' is not one of 'auto', "),
        ("--columns frob=1", "Invalid value for '--columns': Unknown target 'frob': "),
    ],
)
def test_wrong_usage_is_told_in_our_words_and_by_one_code(folder, run, option, message):
    result = run("convert", "good.conll", "OUT", *option.split())
    assert result.stderr.startswith(f"[B201] Wrong usage: {message}")


@pytest.mark.parametrize("through_spacy", [False, True])
def test_the_same_in_a_process_of_its_own(folder, ruler, run_process, through_spacy):
    line = ["tag", ruler, "bad.jsonl", "-o", "OUT"]
    result = run_process(*line, through_spacy=through_spacy)
    assert result.returncode == 1
    assert re.fullmatch(rb"\[B206\] bad\.jsonl:2: .+\n", result.stderr)
    assert not (folder / "OUT").exists()
    result = run_process("tag", through_spacy=through_spacy)
    assert result.returncode == 2
    assert result.stderr.startswith(b"[B201] ")


def test_our_errors_inside_spacy_train_are_one_line(folder, run):
    assert run("init-config", "ner.cfg", "--task", "ner").exit_code == 0
    result = subprocess.run(
        [sys.executable, "-m", "spacy", "train", "ner.cfg"]
        + ["--paths.train", "bad.conll", "--paths.dev", "good.conll"],
        capture_output=True,
        timeout=600,
    )
    assert result.returncode == 1
    assert re.fullmatch(rb"\[B115\] .+\n", result.stderr), result.stderr


def test_other_errors_keep_their_traceback():
    code = "import spacy_birnn.cli.register\nraise ValueError('not ours')"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=600
    )
    assert b"Traceback" in result.stderr
    assert b"ValueError: not ours" in result.stderr
