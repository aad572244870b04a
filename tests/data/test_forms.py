"""The table of forms: what a corpus says is read alike, however the file is written.

Dress × encoding × line ends × schemes and spellings, drawn by hypothesis; the number of
combinations is checked, so that the table cannot shrink unnoticed.
"""

import csv
import gzip
import io
import json
import warnings
from itertools import product

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.schemes import encode

# Without the contractions of English, some of which are letters alone.
NLP = spacy.blank("xx")

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be with a mark", "gzip")
LINE_ENDS = ("\n", "\r\n", "\r")
SPELLINGS = (
    *("iob1", "iob2", "bioes", "bilou", "bmes", "bmewo"),
    *("lower", "underscore", "suffix", "bare", "io"),
)
DRESSES = (
    *("tab", "blank", "blanks", "trailing tab", "comma", "semicolon"),
    *("header", "index", "comments", "conllu misc", "conllu plus", "conllu blanks"),
)
TOOLS = ("prodigy", "doccano", "label studio", "spacy")

# Words that any dress can hold; the quirks of words have tests of their own.
_WORDS = st.text("abcdeéЖ吴'-.", min_size=1, max_size=4).map(lambda word: f"w{word}")


@st.composite
def _sentences(draw):
    sentences = []
    for _ in range(draw(st.integers(1, 4))):
        words = draw(st.lists(_WORDS, min_size=2, max_size=6))
        cuts = sorted(draw(st.sets(st.integers(0, len(words)), max_size=5)))
        # Never side by side, which types without prefix cannot say.
        pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
        spans = [(s, e, draw(st.sampled_from(["PER", "LOC"]))) for s, e in pairs]
        sentences.append((words, spans))
    # Some spans are certain, one of them long: their tags show the form.
    sentences.append((["wx", "wy", "wz", "wo"], [(0, 3, "PER")]))
    sentences.append((["wu", "wo"], [(0, 1, "LOC")]))
    return sentences


def spell(spans, length, spelling):
    scheme = {"bmes": "bioes", "bmewo": "bioes"}.get(spelling, spelling)
    if spelling in ("lower", "underscore", "suffix", "bare", "io"):
        scheme = "iob2"
    tags = encode(spans, length, scheme)
    if spelling in ("bmes", "bmewo"):
        single = "S" if spelling == "bmes" else "W"
        letters = {"I": "M", "S": single}
        return [letters.get(tag[0], tag[0]) + tag[1:] for tag in tags]
    rewrite = {
        "lower": lambda tag: tag[0].lower() + tag[1:],
        "underscore": lambda tag: tag.replace("-", "_"),
        "suffix": lambda tag: "-".join(reversed(tag.split("-"))),
        "bare": lambda tag: tag[0],
        "io": lambda tag: tag.rpartition("-")[2],
    }.get(spelling, str)
    return [rewrite(tag) for tag in tags]


def dress_up(sentences, spelling, dress):
    """The lines of a file, and the settings that it needs."""
    lines = []
    sign = {"tab": "\t", "trailing tab": "\t", "blank": " ", "blanks": "   "}
    sign |= {"comma": ",", "semicolon": ";"}
    if dress == "header":
        lines.append("Token\tNER")
    if dress == "conllu plus":
        lines.append("# global.columns = ID FORM name")
    for words, spans in sentences:
        tags = spell(spans, len(words), spelling)
        for i, (word, tag) in enumerate(zip(words, tags, strict=True), 1):
            if dress in ("comma", "semicolon"):
                text = io.StringIO()
                csv.writer(text, delimiter=sign[dress]).writerow([word, tag])
                lines.append(text.getvalue().rstrip("\r\n"))
            elif dress == "index" or dress == "conllu plus":
                lines.append(f"{i}\t{word}\t{tag}")
            elif dress.startswith("conllu"):
                cells = [str(i), word, *"_" * 7, f"Lang=x|name={tag}"]
                lines.append(("\t" if dress == "conllu misc" else "  ").join(cells))
            else:
                end = "\t" if dress == "trailing tab" else ""
                lines.append(f"{word}{sign.get(dress, chr(9))}{tag}{end}")
        lines += ["", "# a comment", "# one more"] if dress == "comments" else [""]
    settings = {}
    if spelling == "io":
        settings["scheme"] = "io"
    if dress == "index":
        settings["columns"] = {"word": 1, "ents": 2}
    if dress == "header":
        settings["header"] = True
    return lines, settings


def write(path, lines, encoding, end):
    text = end.join([*lines, ""])
    if encoding == "gzip":
        path.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
    elif encoding == "utf-16-be with a mark":
        path.write_bytes(("\ufeff" + text).encode("utf-16-be"))
    else:
        path.write_bytes(text.encode(encoding))


def read(path, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        docs = [eg.reference for eg in AnyCorpus(path, **settings)(NLP)]
    return [
        ([t.text for t in doc], [(e.start, e.end, e.label_) for e in doc.ents])
        for doc in docs
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("forms")


CELLS = list(product(DRESSES, SPELLINGS, ENCODINGS, LINE_ENDS))


def test_size_of_the_table():
    assert len(CELLS) == 12 * 11 * 5 * 3 == 1980


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=200,
)
@given(sentences=_sentences(), cell=st.sampled_from(CELLS))
def test_tokens(folder, sentences, cell):
    dress, spelling, encoding, end = cell
    lines, needed = dress_up(sentences, spelling, dress)
    path = folder / "corpus"
    write(path, lines, encoding, end)
    expected = sentences
    if spelling == "bare":
        expected = [(w, [(s, e, "ENTITY") for s, e, _ in x]) for w, x in sentences]
    assert read(path, **needed) == expected


@pytest.mark.slow
def test_every_cell_of_the_table_once(folder):
    sentences = [
        (["wa", "w'b", "w.", "wé", "w吴"], [(1, 2, "PER"), (3, 5, "LOC")]),
        (["wx", "wy", "wz", "wo"], [(0, 3, "PER")]),
    ]
    path = folder / "every"
    for dress, spelling, encoding, end in CELLS:
        lines, needed = dress_up(sentences, spelling, dress)
        write(path, lines, encoding, end)
        expected = sentences
        if spelling == "bare":
            expected = [(w, [(s, e, "ENTITY") for s, e, _ in x]) for w, x in sentences]
        assert read(path, **needed) == expected, (dress, spelling, encoding, end)


def record_of(tool, words, spans):
    text = " ".join(words)
    starts = [sum(len(word) + 1 for word in words[:i]) for i in range(len(words))]
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    found = [(starts[s], ends[e - 1], label) for s, e, label in spans]
    dicts = [{"start": s, "end": e, "label": label} for s, e, label in found]
    if tool == "prodigy":
        return {"text": text, "spans": dicts, "answer": "accept"}
    if tool == "doccano":
        return {"text": text, "label": [list(span) for span in found]}
    if tool == "spacy":
        offsets = zip(starts, ends, strict=True)
        tokens = [{"id": i, "start": s, "end": e} for i, (s, e) in enumerate(offsets)]
        return {"text": text, "ents": dicts, "tokens": tokens}
    result = [
        {"value": {"start": s, "end": e, "text": text[s:e], "labels": [label]}}
        for s, e, label in found
    ]
    return {"data": {"text": text}, "annotations": [{"result": result}]}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=100,
)
@given(
    sentences=_sentences(),
    tool=st.sampled_from(TOOLS),
    encoding=st.sampled_from(ENCODINGS),
    end=st.sampled_from(LINE_ENDS),
    layout=st.sampled_from(["lines", "a list", "an indented list"]),
    is_ascii=st.booleans(),
)
def test_texts(folder, sentences, tool, encoding, end, layout, is_ascii):
    # Of letters alone no tokenizer makes more than one token.
    sentences = [
        (["".join(filter(str.isalpha, word)) for word in words], spans)
        for words, spans in sentences
    ]
    records = [record_of(tool, *sentence) for sentence in sentences]
    if layout == "lines":
        lines = [json.dumps(record, ensure_ascii=is_ascii) for record in records]
    else:
        indent = None if layout == "a list" else 2
        lines = json.dumps(records, indent=indent, ensure_ascii=is_ascii).split("\n")
    path = folder / "export"
    write(path, lines, encoding, end)
    found = read(path)
    assert found == [(words, spans) for words, spans in sentences]
