import codecs
import gzip
import os

import pytest

from spacy_birnn.data.text import (
    decode_lines,
    list_files,
    open_binary,
    read_lines,
    read_text,
)
from spacy_birnn.errors import BirnnError

# A line separator and a next-line character inside a token do not end a line.
TEXT = "a\tO\n\n\u2028b\x85\tO\r\nc\tO"
LINES = ["a\tO", "", "\u2028b\x85\tO", "c\tO"]


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("zipped", [False, True])
def test_lines(tmp_path, bom, zipped):
    data = (bom + TEXT).encode("utf-8")
    path = tmp_path / "a.txt"
    path.write_bytes(gzip.compress(data, mtime=0) if zipped else data)
    assert list(read_lines(path)) == LINES


def test_lines_of_a_stream():
    assert list(decode_lines([b"a\n", b"\n", b"b"], "<stdin>")) == ["a", "", "b"]


def test_wrong_encoding_names_line_and_byte(tmp_path):
    path = tmp_path / "latin1.conll"
    path.write_bytes("good O\ncaf\xe9 O\n".encode("latin-1"))
    with pytest.raises(BirnnError, match=r"^\[B108\] .*latin1.conll:2: .*0xe9.* 4 "):
        list(read_lines(path))


def test_cut_and_damaged_gzip(tmp_path):
    data = gzip.compress(b"".join(b"word%d O\n" % i for i in range(1000)), mtime=0)
    path = tmp_path / "a.gz"
    path.write_bytes(data[:-200])
    with pytest.raises(BirnnError, match=r"^\[B109\] .*a.gz:\d+: "):
        list(read_lines(path))
    path.write_bytes(data[:50] + bytes([data[50] ^ 255]) + data[51:])
    with pytest.raises(BirnnError, match=r"^\[B109\] .*a.gz:\d+: "):
        list(read_lines(path))


def test_files_of_a_directory(tmp_path):
    for name in ("b.conllu", "a.conllu.gz", "deep/c.conllu", ".hidden", ".git/x", "d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    names = ["a.conllu.gz", "b.conllu", "d", "deep/c.conllu"]
    assert list_files(tmp_path) == [tmp_path / name for name in names]
    del names[2]
    assert list_files(tmp_path, ".conllu") == [tmp_path / name for name in names]
    assert list_files(tmp_path / "d", ".conllu") == [tmp_path / "d"]


def test_missing_files(tmp_path):
    with pytest.raises(BirnnError, match=r"^\[B105\] .*none"):
        list_files(tmp_path / "none")
    with pytest.raises(BirnnError, match=r"^\[B106\]"):
        list_files(tmp_path)
    with pytest.raises(BirnnError, match=r"^\[B107\] .*: cannot be opened: [A-Z]"):
        open_binary(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_before_it_blocks(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BirnnError, match=r"^\[B107\] .*pipe: .* only once"):
        list_files(tmp_path / "pipe")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_carriage_return_ends_lines_where_no_line_feed_does(tmp_path, zipped):
    path = tmp_path / "a"
    for text, lines in [
        ("a O\r\rb O\r", ["a O", "", "b O"]),
        ("a O\rb O\n", ["a O", "b O"]),
        ("a\rb O\nc O\n", ["a\rb O", "c O"]),
        ("a O\r\nb O\r\n", ["a O", "b O"]),
    ]:
        data = text.encode()
        path.write_bytes(gzip.compress(data, mtime=0) if zipped else data)
        assert list(read_lines(path)) == lines


def test_a_mark_inside_of_a_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes("\ufeffa O\n\ufeffb O\nc\ufeff O\n".encode())
    assert list(read_lines(path)) == ["a O", "b O", "c\ufeff O"]


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_utf_16(tmp_path, mark, end):
    path = tmp_path / "a"
    codec = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    path.write_bytes(mark + end.join(["é O", "", "吴\u2028 O", ""]).encode(codec))
    assert list(read_lines(path)) == ["é O", "", "吴\u2028 O"]
    path.write_bytes(mark + "a O\nb".encode(codec) + b"\xd8")
    with pytest.raises(BirnnError, match=r"^\[B108\] .*a:2: "):
        list(read_lines(path))


def test_a_given_encoding(tmp_path):
    path = tmp_path / "a"
    path.write_bytes("caf\xe9 O\n".encode("latin-1"))
    assert list(read_lines(path, "latin-1")) == ["caf\xe9 O"]
    assert read_text(path, "latin-1") == "caf\xe9 O\n"
    path.write_bytes("a O\nb O\n".encode("utf-32"))
    assert list(read_lines(path, "utf-32")) == ["a O", "b O"]


def test_a_whole_text(tmp_path):
    path = tmp_path / "a"
    path.write_bytes("\ufeffa\r\nb\rc\n".encode())
    assert read_text(path) == "a\r\nb\rc\n"
    path.write_bytes(b"a\n\xff")
    with pytest.raises(BirnnError, match=r"^\[B108\] .*a:2: "):
        read_text(path)
