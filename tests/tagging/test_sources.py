import gzip
import io
import json
import os
import re
import sys

import pytest
from spacy.tokens import DocBin

from spacy_birnn.data.arguments import WordFormat
from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.content import Fields
from spacy_birnn.tagging.formats import STDIN, detect_format
from spacy_birnn.tagging.inputs import find_inputs
from spacy_birnn.tagging.items import Words
from spacy_birnn.tagging.reading import Reading, ShardReader
from spacy_birnn.tagging.shards import Piece, Shard


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path, format, max_length=1000, **fields):
    reading = Reading(Fields(**fields), max_length)
    return list(ShardReader(Shard(0, [Piece(str(path), format)]), reading).items())


def test_text_is_a_document_a_line(tmp_path):
    path = write(tmp_path / "a.txt", "\ufeffone two\r\n\nthree\u2028four")
    items = read(path, "text")
    assert [item.content for item in items] == ["one two", "", "three\u2028four"]


@pytest.mark.parametrize("gz", [False, True])
def test_jsonl(tmp_path, gz):
    lines = [
        {"text": "Ada  left.", "id": 7},
        {"tokens": ["New York", "left"], "x": None},
        {"text": "Ada left.", "tokens": ["Ada", "left", "."]},
    ]
    content = "\n\n".join(json.dumps(line) for line in lines).encode()
    path = write(
        tmp_path / "a.jsonl", gzip.compress(content, mtime=0) if gz else content
    )
    first, second, third = read(path, "jsonl")
    assert first.content == "Ada  left."
    assert first.context.meta["id"] == 7
    assert second.content == Words(["New York", "left"])
    assert third.content == Words(["Ada", "left", "."], [True, False, False])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "B206"),
        ("[1]", "B206"),
        ('{"text": "\\ud800"}', "B206"),
        ("[" * 100_000, "B206"),
        ("{}", "B207"),
        ('{"text": null}', "B207"),
        ('{"text": 3}', "B208"),
        ('{"tokens": "a b"}', "B208"),
        ('{"tokens": ["a", 1]}', "B208"),
        ('{"tokens": ["a", ""]}', "B208"),
        ('{"tokens": [{"id": 0, "start": 0, "end": 1}]}', "B208"),
        ('{"tokens": ["a"], "text": "b"}', "B209"),
    ],
)
def test_bad_jsonl(tmp_path, line, message):
    path = write(tmp_path / "a.jsonl", f'{{"text": "good"}}\n{line}\n')
    with pytest.raises(BirnnError, match=rf"\[{message}\] .*a\.jsonl:2: ") as caught:
        read(path, "jsonl")
    assert "\n" not in str(caught.value)


def test_text_beyond_the_limit_of_the_pipeline(tmp_path):
    path = write(tmp_path / "a.txt", "short\nmuch longer\n")
    with pytest.raises(BirnnError, match=r"\[B210\] .*a\.txt:2: .*11 characters"):
        read(path, "text", max_length=8)


def test_wrong_encoding_names_the_line(tmp_path):
    path = write(tmp_path / "a.txt", b"good\n\xff\n")
    with pytest.raises(BirnnError, match=r"a\.txt:2"):
        read(path, "text")


CONLL = """\
-DOCSTART- O

Ada B-PER
left O

London B-LOC

-DOCSTART- O

Again O
"""


def test_conll_is_a_doc_a_sentence_and_knows_documents(tmp_path):
    items = read(write(tmp_path / "a", CONLL), "conll")
    assert [item.content for item in items] == [
        Words(["Ada", "left"], is_sentence=True),
        Words(["London"], is_sentence=True),
        Words(["Again"], is_sentence=True),
    ]
    starts = [item.context.starts_document for item in items]
    assert starts == [True, False, True]


def test_conll_words_from_any_column(tmp_path):
    path = write(tmp_path / "a", "1\tAda\tO\n2\tleft\tO\n")
    assert read(path, "conll", words=WordFormat(word=-2))[0].content.words == [
        "Ada",
        "left",
    ]


CONLLU = (
    "# text = Can't\n"
    "1-2\tCan't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tCa\tcan\tAUX\tMD\t_\t0\troot\t_\t_\n"
    "2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n\n"
)


def test_conllu_words_and_spaces(tmp_path):
    (item,) = read(write(tmp_path / "a", CONLLU), "conllu")
    assert item.content.words == ["Ca", "n't"]
    assert item.content.spaces == [False, False]


def test_docbin_is_an_item_a_doc(tmp_path, nlp):
    path = tmp_path / "a.spacy"
    DocBin(docs=[nlp("Ada left London"), nlp("")]).to_disk(path)
    first, second = read(path, "spacy")
    assert (len(first.content), len(second.content)) == (3, 0)
    assert first.content.make_doc(nlp.vocab).text == "Ada left London"


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b"x" + b, lambda b: b""]
)
def test_damaged_docbin(tmp_path, nlp, damage):
    content = DocBin(docs=[nlp("Ada left")]).to_bytes()
    path = write(tmp_path / "a.spacy", damage(content))
    with pytest.raises(BirnnError, match=r"a\.spacy"):
        read(path, "spacy")


class Stdin:
    def __init__(self, content):
        self.buffer = io.BufferedReader(io.BytesIO(content))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(monkeypatch, pack):
    monkeypatch.setattr(sys, "stdin", Stdin(pack(b"one\ntwo\n")))
    assert [item.content for item in read(STDIN, "text")] == ["one", "two"]
    monkeypatch.setattr(sys, "stdin", Stdin(pack(b"{")))
    with pytest.raises(BirnnError, match="<stdin>:1"):
        read(STDIN, "jsonl")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "Ada B-PER\n", "text"),
        ("a.txt.gz", gzip.compress(b"Ada\n", mtime=0), "text"),
        ("a.jsonl", "", "jsonl"),
        ("a.jsonl.gz", gzip.compress(b"{}", mtime=0), "jsonl"),
        ("a.json", '{"text": "a"}\n', "jsonl"),
        ("a.iob", "{ O\nAda B-PER\n", "conll"),
        ("a", CONLL, "conll"),
        ("a.conll", CONLLU, "conllu"),
        ("a.bin", DocBin().to_bytes(), "spacy"),
    ],
)
def test_formats_by_name_and_content(tmp_path, name, content, expected):
    assert detect_format(str(write(tmp_path / name, content))) == expected


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.txt", "Ada B-PER\nleft O\n", "conll"),
        ("a.txt.gz", gzip.compress(b"Ada\tNNP\nleft\tVBD\n", mtime=0), "conll"),
        ("a.txt", CONLLU, "conllu"),
    ],
)
def test_columns_in_a_txt_are_text_but_not_without_a_warning(
    tmp_path, name, content, format
):
    path = write(tmp_path / name, content)
    message = rf"^\[W201\] .*a\.txt.* --input-format {format}, "
    with pytest.warns(UserWarning, match=message):
        assert detect_format(str(path)) == "text"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_looked_into(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    assert detect_format(str(tmp_path / "a.txt")) == "text"


def test_inputs_that_are_no_files(tmp_path):
    with pytest.raises(BirnnError, match="B105"):
        find_inputs([tmp_path / "absent.txt"])
    with pytest.raises(BirnnError, match="B106"):
        find_inputs([tmp_path])
    with pytest.raises(BirnnError, match="B211"):
        find_inputs(["/dev/null"])


def test_tokens_that_are_places_in_the_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Ann left", "tokens": [{"id": 0, "start": 0, "end": 3}]}')
    (item,) = read(path, "jsonl", 100)
    assert item.content == "Ann left"


def test_what_annotation_tools_export_as_a_list(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"id": 7, "data": {"text": "Ann left"}, "annotations": []}]')
    assert detect_format(str(path)) == "spans"
    (item,) = read(path, "spans", 100)
    assert item.content == "Ann left"
    assert item.context.meta["id"] == 7


def test_words_beside_tags_that_are_not_universal(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("1\tThe\tthe\tDT\tDT\t_\t0\tROOT\t_\t_\n")
    assert detect_format(str(path)) == "conllu"
    (item,) = read(path, "conllu", 100)
    assert item.content.words == ["The"]


def test_hidden_files_of_the_folder_itself(tmp_path, monkeypatch):
    """By whatever name the folder is called."""
    for name in ("a.txt", "x_y.txt", ".hidden.txt", "_under.txt", ".git/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, "Ada left.\n")
    monkeypatch.chdir(tmp_path)
    assert [file.address for file in find_inputs(["."])] == ["a.txt", "x_y.txt"]
    names = [os.path.basename(file.address) for file in find_inputs([str(tmp_path)])]
    assert names == ["a.txt", "x_y.txt"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("one.md", "Ada Lovelace left London on Monday.\n", "text"),
        ("two", "Ada left London with Emmy today.\n" * 2, "text"),
        ("NEWS.TXT", "Ada Lovelace left.\n", "text"),
        ("tags", "Ada B-PER\nleft O\n", "conll"),
        ("one-row", "Ada NNP B-NP B-PER\n", "conll"),
        ("words", "Ada\nleft\n", "conll"),
        ("pos", "Ada NNP\nleft VBD\n", "conll"),
    ],
)
def test_text_without_an_ending_is_no_table(tmp_path, name, content, expected):
    assert detect_format(str(write(tmp_path / name, content))) == expected


def test_empty_lines_of_csv(tmp_path):
    path = write(tmp_path / "a.csv", "id,text\n\n0,Ada\n\n")
    assert [item.content for item in read(path, "csv")] == ["Ada"]


def test_bytes_of_another_encoding_cost_their_row_of_csv_alone(tmp_path):
    good = [f"{i},Ada is {i}\n".encode() for i in range(2000)]
    rows = [b"id,text\n", *good[:1000], b'x,"Z\xfcrich\nlake"\n', *good[1000:]]
    path = write(tmp_path / "a.csv", b"".join(rows))
    told = rf"{path}:1003: .*0xfc.*--encoding"
    with pytest.raises(BirnnError, match=rf"^\[B254\] {told}"):
        read(path, "csv")
    skipping = Reading(on_error="skip")
    reader = ShardReader(Shard(0, [Piece(str(path), "csv")]), skipping)
    assert len(list(reader.items())) == 2000
    (bad,) = reader.bad
    assert re.search(told, bad.reason)
    assert bad.record == "x,Z\ufffdrich\nlake"
    items = read(path, "csv", encoding="latin-1")
    assert len(items) == 2001
    assert items[1000].content == "Z\xfcrich\nlake"


def test_a_csv_whose_header_is_of_another_encoding(tmp_path):
    path = write(tmp_path / "a.csv", "id,text\n1,Ada\n".encode("utf-16"))
    with pytest.raises(
        BirnnError, match=rf"^\[B254\] {path}:1: .*--encoding.*utf-16[.]$"
    ):
        read(path, "csv")
    assert read(path, "csv", encoding="utf-16")[0].content == "Ada"


def test_half_characters_of_utf_16_in_csv(tmp_path):
    """Bytes that cannot be encoded again."""
    rows = (
        "text\nAda\n".encode("utf-16-le") + b"\x80\xdc" + "\nBob\n".encode("utf-16-le")
    )
    path = write(tmp_path / "a.csv", rows)
    skipping = Reading(Fields(encoding="utf-16-le"), on_error="skip")
    reader = ShardReader(Shard(0, [Piece(str(path), "csv")]), skipping)
    assert [item.content for item in reader.items()][:1] == ["Ada"]
    assert reader.bad
    assert "\ufffd" in reader.bad[0].record


def test_byte_order_marks_inside(tmp_path):
    """Of files that were put together."""
    path = write(tmp_path / "a.txt", "\ufeffone\ntwo\n" * 2)
    assert [item.content for item in read(path, "text")] == ["one", "two"] * 2
    path = write(tmp_path / "a.jsonl", '\ufeff{"text": "Ada"}\n' * 2)
    assert [item.content for item in read(path, "jsonl")] == ["Ada"] * 2
    path = write(tmp_path / "a.csv", "\ufefftext\nAda\n\ufeffBob\n")
    assert [item.content for item in read(path, "csv")] == ["Ada", "Bob"]


def test_utf_8_with_its_mark_by_name(tmp_path):
    path = write(tmp_path / "a.txt", "\ufeffone\ntwo\n")
    items = read(path, "text", encoding="utf-8-sig")
    assert [item.content for item in items] == ["one", "two"]


@pytest.mark.parametrize("row", [b"\xff", b'"Ada', b'"Ada" Byron"x'])
def test_csv_that_cannot_be_read_is_told_with_its_line(tmp_path, row):
    path = write(tmp_path / "a.csv", b"text,id\nAda,1\n" + row + b",2\n")
    with pytest.raises(BirnnError, match=r"^\[B254\] .*a\.csv"):
        read(path, "csv")


def test_standard_input_needs_a_format():
    with pytest.raises(BirnnError, match=r"^\[B258\] .*jsonl"):
        find_inputs(["-"])
