"""A pipeline and its input in all formats, for tests and for the scripts they run."""

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

TEXTS = [f"Ada Lovelace left London {i} times ." for i in range(50)]
_CONLLU_REST = "\t_\t_\t_\t_\t0\troot\t_\t_"


def make_nlp():
    """Entities by rule: what is written is known beforehand."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PER", "pattern": "Ada Lovelace"},
            {"label": "LOC", "pattern": "London"},
        ]
    )
    return nlp


def write_inputs(folder):
    """Write the same documents in all formats; the files by format."""
    contents = {
        "text": ("a.txt", "".join(f"{text}\n" for text in TEXTS)),
        "jsonl": ("a.jsonl", "".join(map(_json_line, range(len(TEXTS))))),
        "conll": ("a.conll", "-DOCSTART-\n\n".join(map(_conll_rows, TEXTS))),
        "conllu": ("a.conllu", "\n\n".join(map(_conllu_rows, TEXTS))),
    }
    for name, content in contents.values():
        (folder / name).write_text(content)
    vocab = spacy.blank("en").vocab
    docs = [_annotated_doc(vocab, i) for i in range(len(TEXTS))]
    DocBin(store_user_data=True, docs=docs).to_disk(folder / "a.spacy")
    paths = {format: folder / name for format, (name, _) in contents.items()}
    return {**paths, "spacy": folder / "a.spacy"}


def _json_line(i):
    """Every other one brings its tokens."""
    record = {"id": i, "text": TEXTS[i]}
    if i % 2:
        record["tokens"] = TEXTS[i].split()
    return json.dumps(record) + "\n"


def _conll_rows(text):
    return "\n".join(text.split()) + "\n\n"


def _conllu_rows(text):
    rows = [f"{i}\t{w}{_CONLLU_REST}" for i, w in enumerate(text.split(), 1)]
    return "\n".join(["# newdoc", *rows])


def _annotated_doc(vocab, i):
    doc = Doc(vocab, words=TEXTS[i].split())
    doc[0].tag_ = "NNP"
    doc.user_data["id"] = i
    doc.spans["own"] = [Span(doc, 0, 2, "OWN", kb_id=f"Q{i}")]
    return doc


def assert_same(found, expected):
    """Two folders hold the same files, hidden ones too; else say what differs."""
    ours, theirs = _contents(found), _contents(expected)
    lines = [
        f"{name}: {_size(ours.get(name))}, not {_size(theirs.get(name))}"
        for name in sorted({**ours, **theirs})
        if ours.get(name) != theirs.get(name)
    ]
    assert not lines, "\n".join([f"{found} is not the same as {expected}:", *lines])


def _contents(folder):
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _size(content):
    return "missing" if content is None else f"{len(content)} bytes"


FATAL = Path("fatal")
"""A folder with a file for each moment that kills the process that reaches it first."""

REACHED = []
"""The moments that this process has reached."""


@Language.factory("may_die")
def may_die(nlp, name):
    """Kills its process while a text is tagged or a file gets its place."""
    os.replace, shutil.rmtree = _watched(os.replace), _watched(shutil.rmtree)
    return MayDie()


class MayDie:
    """The moments are `before` or `after` a text, or the name of a file or folder."""

    def __call__(self, doc):
        reach(f"before {doc.text}")
        return doc


def _watched(function):
    if hasattr(function, "is_watched"):
        return function

    def watched(*paths, **options):
        name = os.path.basename(paths[-1])
        reach(f"before {name}")
        function(*paths, **options)
        reach(f"after {name}")

    watched.is_watched = True
    return watched


def reach(moment):
    REACHED.append(moment)
    with suppress(FileNotFoundError):
        (FATAL / moment).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


@Language.component("kills_its_process")
def kills_its_process(doc):
    """As one does that needs more memory than there is."""
    if "worst" in doc.text:
        os.kill(os.getpid(), signal.SIGKILL)
    return doc


@Language.component("takes_its_time")
def takes_its_time(doc):
    """So that a run is under way when a test interferes."""
    time.sleep(0.002)
    return doc


@Language.factory("dies_when_loaded")
def dies_when_loaded(nlp, name):
    """As a pipeline does that needs more memory than a worker has."""
    if os.environ.get("DRIVER") not in (None, str(os.getpid())):
        os.kill(os.getpid(), signal.SIGKILL)
    return Nothing()


class Nothing:
    """A component that does nothing."""

    def __call__(self, doc):
        return doc
