"""The scripts of the project's workflows; scripts/fetch.py is in data/test_fetch.py."""

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import make_vectors
import numpy
import prune_vectors
import pytest
import spacy
import split_dev
import srsly
from spacy.training import Example
from spacy.vectors import Vectors

from spacy_birnn.errors import BirnnError

SCRIPTS = Path(__file__).parents[1] / "scripts"
TABLE = "the 1.0 2.0\nOslo -0.5 0.25\n, 0.0 1.5\n"


def run(script, *arguments):
    script.main([str(argument) for argument in arguments])


def write_table(path, table=TABLE):
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(table.encode(), mtime=0))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("glove.6B.1d.txt", "the 7.0\n")
            archive.writestr("glove.6B.2d.txt", table)
    else:
        path.write_text(table, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz", "v.zip"])
def test_make_vectors(tmp_path, capsys, name):
    source = write_table(tmp_path / name)
    out = tmp_path / "made" / "glove"
    for _ in range(2):  # the second replaces the first
        run(make_vectors, source, out, "--dim", 2)
        assert capsys.readouterr().out == f"{out}: 3 vectors\n"
    nlp = spacy.load(out)
    assert nlp.vocab.vectors.shape == (3, 2)
    assert nlp.vocab["Oslo"].vector.tolist() == [-0.5, 0.25]
    assert [path.name for path in out.parent.iterdir()] == ["glove"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ragged.txt", b"the 1.0 2.0\nOslo 3.0\n"),
        ("words.txt", b"the cat sat\non the mat\n"),
        ("latin.txt", b"caf\xe9 1.0 2.0\n"),
        ("empty.txt", b""),
        ("cut.txt.gz", gzip.compress(TABLE.encode(), mtime=0)[:-12]),
        ("cut.zip", b"PK\x03\x04 and no more"),
    ],
)
def test_bad_vectors_leave_what_is_there(tmp_path, name, content):
    source = tmp_path / name
    source.write_bytes(content)
    out = tmp_path / "made" / "glove"
    run(make_vectors, write_table(tmp_path / "v.txt"), out)
    with pytest.raises(BirnnError, match=r"^\[B305\] .*" + name) as caught:
        run(make_vectors, source, out)
    assert "\n" not in str(caught.value)
    assert [path.name for path in out.parent.iterdir()] == ["glove"]
    assert spacy.load(out).vocab.vectors.shape == (3, 2)


def test_vectors_that_are_not_there(tmp_path):
    archive = write_table(tmp_path / "v.zip")
    with pytest.raises(BirnnError, match=r"^\[B305\] .*300d.*glove.6B.2d.txt"):
        run(make_vectors, archive, tmp_path / "out", "--dim", 300)
    with pytest.raises(BirnnError, match=r"^\[B105\] "):
        run(make_vectors, tmp_path / "none.txt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def documents(n_docs, n_sentences):
    for i in range(n_docs):
        yield "-DOCSTART- -X- O O"
        yield from (f"word{i}.{j} NN O O\r\nend . O O" for j in range(n_sentences))


def split(source, directory, *options):
    parts = [directory / "train", directory / "dev"]
    run(split_dev, source, *parts, *options)
    return [part.read_bytes().decode().rstrip("\n").split("\n\n") for part in parts]


def test_split_draws_whole_documents(tmp_path):
    source = tmp_path / "eng.train"
    source.write_bytes("\r\n\r\n".join(documents(20, 5)).encode())
    train, dev = split(source, tmp_path)
    assert len(dev) == 2 * 6
    assert len(train) == 18 * 6
    names = [block.split(".")[0] for block in dev if block.startswith("word")]
    assert len(set(names)) == 2
    # Both keep the order of the file, and together they are the file.
    whole = list(documents(20, 5))
    positions = [whole.index(block.replace("\n", "\r\n")) for block in dev[1:6]]
    assert positions == list(range(positions[0], positions[0] + 5))
    assert sorted(train + dev) == sorted(block.replace("\r\n", "\n") for block in whole)


def test_split_is_seeded(tmp_path):
    source = tmp_path / "eng.train"
    source.write_text("\n\n".join(documents(20, 5)), encoding="utf-8")
    first = split(source, tmp_path, "--seed", 1)
    assert split(source, tmp_path, "--seed", 1) == first
    assert split(source, tmp_path, "--seed", 2) != first
    assert len(split(source, tmp_path, "--share", 0.5)[1]) == 10 * 6


def test_split_draws_sentences_where_no_documents_are_marked(tmp_path):
    source = tmp_path / "train"
    source.write_text("\n\n".join(f"word{i} O" for i in range(50)), encoding="utf-8")
    train, dev = split(source, tmp_path)
    assert (len(train), len(dev)) == (45, 5)


def test_split_of_nothing(tmp_path):
    source = tmp_path / "train"
    with pytest.raises(BirnnError, match=r"^\[B105\] "):
        run(split_dev, source, tmp_path / "a", tmp_path / "b")
    with pytest.raises(BirnnError, match=r"^\[B217\] "):
        run(split_dev, tmp_path, tmp_path / "a", tmp_path / "b")
    source.write_text("\n \n", encoding="utf-8")
    with pytest.raises(BirnnError, match=r"^\[B306\] "):
        run(split_dev, source, tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("fetch.py", ["assets/nothing"]),
        ("make_vectors.py", ["none.txt", "out"]),
        ("split_dev.py", ["none", "train", "dev"]),
    ],
)
def test_a_mistake_is_one_line_and_status_1(script, arguments):
    result = subprocess.run(
        [sys.executable, SCRIPTS / script, *arguments],
        cwd=SCRIPTS.parent,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("[B")
    assert result.stderr.count("\n") == 1


# --- prune_vectors --------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A pipeline with ten vectors, which has met two of their words in training."""
    nlp = spacy.blank("en")
    words = [f"w{letter}" for letter in "abcdefghij"]
    data = numpy.random.default_rng(0).normal(size=(10, 4)).astype("float32")
    for word in words:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=words)
    nlp.add_pipe("birnn_ner")
    gold = {"entities": [(0, 2, "PER")]}
    examples = [Example.from_dict(nlp.make_doc("wa wj"), gold)]
    nlp.initialize(lambda: examples)
    nlp.update(examples)
    path = tmp_path_factory.mktemp("trained") / "model"
    nlp.to_disk(path)
    return path


@pytest.mark.parametrize("others", ["nearest", "unknown"])
def test_prune_vectors(trained, tmp_path, capsys, others):
    out = tmp_path / "new" / "pruned"
    for _ in range(2):  # the second replaces the first
        run(prune_vectors, trained, out, "--keep", 3, "--others", others)
        assert capsys.readouterr().out == f"{out}: 3 of 10 vectors\n"
    assert [path.name for path in out.parent.iterdir()] == ["pruned"]
    before, nlp = spacy.load(trained), spacy.load(out)
    vectors = nlp.vocab.vectors
    assert len(vectors.data) == 3
    for word in ("wa", "wb", "wc"):
        assert nlp.vocab[word].vector.tolist() == before.vocab[word].vector.tolist()
    assert nlp.vocab["wd"].has_vector == (others == "nearest")
    strings = srsly.read_json(out / "vocab" / "strings.json")
    assert ("wd" in strings) == (others == "nearest")
    assert {"wa", "PER"} <= set(strings)
    # The words of training have vectors of their own.
    first = [
        pipeline.get_pipe("birnn_ner").k_best([pipeline.make_doc("wa wj")], k=1)
        for pipeline in (before, nlp)
    ]
    assert first[0] == first[1]


@pytest.mark.parametrize("keep", [0, 10])
def test_nothing_to_prune(trained, tmp_path, keep):
    run(prune_vectors, trained, tmp_path / "copy", "--keep", keep)
    for path in trained.rglob("*"):
        copied = tmp_path / "copy" / path.relative_to(trained)
        assert path.is_dir() or copied.read_bytes() == path.read_bytes()


def test_what_cannot_be_pruned(tmp_path):
    with pytest.raises(BirnnError, match=r"^\[B487\] "):
        run(prune_vectors, tmp_path, tmp_path / "out", "--keep", 3)
    nlp = spacy.blank("en")
    nlp.vocab.vectors = Vectors(
        mode="floret",
        data=numpy.ones((8, 4), "float32"),
        minn=1,
        maxn=2,
        hash_count=1,
        strings=nlp.vocab.strings,
    )
    nlp.to_disk(tmp_path / "floret")
    with pytest.raises(BirnnError, match=r"^\[B488\] .*floret"):
        run(prune_vectors, tmp_path / "floret", tmp_path / "out", "--keep", 3)
    assert not (tmp_path / "out").exists()
