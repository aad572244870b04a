import gzip
import warnings

import pytest
import spacy
from spacy.tokens import Token

from spacy_birnn.data import conll
from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.errors import BirnnError
from spacy_birnn.schemes import SCHEMES, encode

NLP = spacy.blank("en")


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="corpus.conll"):
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8"))
        return path

    return write_file


def read(path, columns=None, **kwargs):
    reader = ConllCorpus(path, columns=columns, **kwargs)
    return [eg.reference for eg in reader(NLP)]


def words(docs):
    return [[token.text for token in doc] for doc in docs]


def ents(doc):
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def chunks(doc, key="chunks"):
    return [(span.start, span.end, span.label_) for span in doc.spans[key]]


def iob(docs):
    return [[token.ent_iob_ for token in doc] for doc in docs]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_auto_tells_each_scheme(write, scheme):
    spans = [(0, 1, "A"), (1, 3, "A"), (4, 5, "B")]
    tags = encode(spans, 6, scheme)
    path = write("".join(f"w{i} {tag}\n" for i, tag in enumerate(tags)))
    (doc,) = read(path)
    assert ents(doc) == spans


@pytest.mark.parametrize(("n_kept", "passes"), [(3, 1), (2, 2), (0, 2)])
def test_a_file_that_is_not_too_long_is_split_once(write, monkeypatch, n_kept, passes):
    read_blocks, calls = conll.read_blocks, []
    monkeypatch.setattr(conll, "KEPT_ROWS", n_kept)
    monkeypatch.setattr(
        conll, "read_blocks", lambda *args: calls.append(1) or read_blocks(*args)
    )
    docs = read(write("a I-P\nb I-P\n\nc O\n"))
    assert words(docs) == [["a", "b"], ["c"]]
    assert ents(docs[0]) == [(0, 2, "P")]
    assert len(calls) == passes


def test_auto_tells_the_scheme_of_each_column_and_file(tmp_path):
    (tmp_path / "a").write_text("x B-NP S-P\ny B-NP O\n")
    (tmp_path / "b").write_text("x I-NP I-P\ny I-NP I-P\n")
    first, second = read(tmp_path, {"chunks": 1, "ents": 2})
    assert chunks(first) == [(0, 1, "NP"), (1, 2, "NP")]
    assert ents(first) == [(0, 1, "P")]
    assert chunks(second) == [(0, 2, "NP")]
    assert ents(second) == [(0, 2, "P")]


# --- the format ------------------------------------------------------------


def test_both_sides_know_words_and_sentence_starts_and_one_knows_more(write):
    path = write("Ann B-PER\nLee I-PER\n\nran O\n")
    (example,) = ConllCorpus(path, docs="document")(NLP)
    for doc in (example.predicted, example.reference):
        assert [token.is_sent_start for token in doc] == [True, False, True]
        assert doc.has_unknown_spaces
    assert ents(example.reference) == [(0, 2, "PER")]
    assert not example.predicted.has_annotation("ENT_IOB")
    first, second = ConllCorpus(path)(NLP)
    for doc in (first.predicted, first.reference):
        assert [token.is_sent_start for token in doc] == [True, False]
    assert second.predicted[0].is_sent_start


def test_documents_begin_at_docstart_only(write):
    text = "-DOCSTART- O\n-DOCSTART-\n\na O\n\nb O\n-DOCSTART- -X- O O\nc O\n"
    assert words(read(write(text), docs="document")) == [["a", "b"], ["c"]]
    assert words(read(write(text), docs="sentence")) == [["a"], ["b"], ["c"]]
    assert words(read(write("a O\n\nb O\n"), docs="document")) == [["a", "b"]]
    text = "0 -DOCSTART- O\n\n0 a O\n\n0 -DOCSTART- O\n1 b O\n"
    assert words(read(write(text), {"word": 1, "ents": 2}, docs="document")) == [
        ["a"],
        ["b"],
    ]


def test_what_begins_with_a_hash(write):
    text = "# a comment\n# O\n# id 7\na O\n#tag O\n# one more, not the end\n# O\nb O\n"
    assert words(read(write(text))) == [["#", "a", "#tag", "#", "b"]]
    assert words(read(write("# O\n#x O\n"))) == [["#", "#x"]]


def test_tabs_and_blanks(write):
    assert words(read(write("a b\tO\nc\tO\n"))) == [["a b", "c"]]
    assert words(read(write("  a   O  \n \t \nc\tO\n\n\n"))) == [["a"], ["c"]]
    assert words(read(write("10\u00a0000 O\n\u3000x O\n"))) == [
        ["10\u00a0000", "\u3000x"]
    ]


def test_columns_by_default_are_the_first_and_the_last(write):
    (doc,) = read(write("a B-X B-PER\nb O O\n"))
    assert ents(doc) == [(0, 1, "PER")]
    assert not doc.spans
    (doc,) = read(write("a\nb\n"), {})
    assert not doc.has_annotation("ENT_IOB")


def test_parts_of_speech_and_custom_attributes(write):
    path = write("a\tNOUN\tNN\tx\n-\t-\t-\t_\nb\t\t\t\n")
    (doc,) = read(path, {"pos": 1, "tag": 2, "_.conll_slot": 3})
    assert [token.pos_ for token in doc] == ["NOUN", "", ""]
    assert [token.tag_ for token in doc] == ["NN", "-", ""]
    assert [token._.conll_slot for token in doc] == ["x", None, None]
    assert not doc.has_annotation("ENT_IOB")
    Token.remove_extension("conll_slot")


def test_a_missing_tag_is_not_o(write):
    text = "a\tB-PER\tB-NP\nb\t-\tO\nc\tO\t-\n\nd\tO\tO\n"
    first, second = read(write(text), {"ents": 1, "chunks": 2}, scheme="iob2")
    assert iob([first]) == [["B", "", "O"]]
    assert "chunks" not in first.spans
    assert chunks(second) == []
    with pytest.warns(UserWarning, match=r"^\[W105\] .*nothing is annotated \(ents\)"):
        (doc,) = read(write("a -\nb -\n"))
    assert not doc.has_annotation("ENT_IOB")


def test_spans_key(write):
    (doc,) = read(write("a B-NP\n"), {"chunks": -1}, spans_key="np")
    assert chunks(doc, "np") == [(0, 1, "NP")]
    assert "chunks" not in doc.spans


def test_raw_reads_tags_and_no_spans(write):
    path = write("a B-PER\nb whatever\n")
    (doc,) = read(path, scheme="raw")
    assert [token.tag_ for token in doc] == ["B-PER", "whatever"]
    assert not doc.ents
    assert not doc.has_annotation("ENT_IOB")
    assert [t.tag_ for t in read(path, {"chunks": 1}, scheme="raw")[0]][1] == "whatever"


def test_stray_tags_are_repaired_and_reported_once(write):
    path = write("a O\nb I-PER\n\nc B-PER\nd I-LOC\n")
    reader = ConllCorpus(path, scheme="iob2")
    with pytest.warns(UserWarning, match=r"^\[W101\] .*: 2 tags .* iob2 .* line 2\."):
        docs = [example.reference for example in reader(NLP)]
    assert [ents(doc) for doc in docs] == [
        [(1, 2, "PER")],
        [(0, 1, "PER"), (1, 2, "LOC")],
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(reader(NLP))) == 2


@pytest.mark.parametrize(
    ("scheme", "tags", "count", "line"),
    [
        ("iob2", "O B-X I-Y I-Y", 1, 4),
        ("iob1", "O O B-X I-X", 1, 4),
        ("bioes", "B-X E-X I-Y E-Y", 1, 4),
        # What is left open is the tag to blame, not the one after it.
        ("bioes", "O B-X O O", 1, 3),
        ("bioes", "O B-X S-Y O", 1, 3),
        ("bilou", "O U-X B-X I-X", 1, 5),
        ("bilou", "- U-X B-X L-Y", 1, 5),
        ("bilou", "L-X U-X I-X L-X", 2, 2),
    ],
)
def test_the_first_repair_is_told_by_its_own_line(write, scheme, tags, count, line):
    rows = [f"w {tag}\n" for tag in tags.split()]
    path = write("".join(["# a comment longer than rows\n", *rows]))
    message = rf": {count} tags .* {scheme} .* line {line}\."
    with pytest.warns(UserWarning, match=message):
        read(path, scheme=scheme)


def test_the_first_repair_of_two_columns(write):
    path = write("a O O\n\nb O O\nc I-NP O\nd O I-PER\n")
    with pytest.warns(UserWarning, match=r": 2 tags .* line 4\."):
        read(path, {"ents": 2, "chunks": 1}, scheme="iob2")


def test_limit_and_laziness(write):
    path = write("a O\n\nb O\n\nc NONSENSE\n")
    assert words(read(path, limit=2, scheme="iob2")) == [["a"], ["b"]]
    examples = ConllCorpus(path, scheme="iob2")(NLP)
    assert next(iter(examples)).reference.text.strip() == "a"


def test_a_reader_can_be_read_again(write):
    reader = ConllCorpus(write("a B-PER\n\nb O\n"))
    assert [len(list(reader(NLP))) for _ in range(2)] == [2, 2]


def test_resolves_from_a_config(write):
    config = spacy.util.load_config_from_str(
        f"""
        [corpus]
        @readers = "spacy-birnn.ConllCorpus.v1"
        path = "{write("a NN B-PER")}"
        columns = {{"word": 0, "tag": 1, "ents": -1}}
        docs = "document"
        """
    )
    (example,) = spacy.registry.resolve(config)["corpus"](NLP)
    assert ents(example.reference) == [(0, 1, "PER")]
    assert example.reference[0].tag_ == "NN"


# --- mistakes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "settings", "code", "parts"),
    [
        ("a x O\nb O\n", {}, "B115", [":2: 2 columns", "has 3"]),
        ("a\tO\nb\tO\tx\n", {}, "B115", [":2: 3 columns", "has 2"]),
        (
            "a O\n\nb PER\n",
            {},
            "B114",
            [":3: ", "'PER'", "column -1 (ents)", "B-LABEL"],
        ),
        ("a O\nb S-PER\n", {"scheme": "iob2"}, "B114", [":2: ", "'S-PER'", "iob2"]),
        ("a B-\n", {}, "B114", [":1: ", "'B-'"]),
        ("a O\n\tO\n", {}, "B112", [":2: "]),
        ("a NN\n", {"columns": {"pos": 1}}, "B113", [":1: ", "'NN'", "`tag`"]),
        ("a O\n", {"columns": {"ents": 2}}, "B116", ["column 2", "'ents'"]),
        ("a O\n", {"columns": {"ents": -3}}, "B116", ["column -3"]),
        ("a O\n", {"columns": {"word": 5}}, "B116", ["column 5", "'word'"]),
        ("a\nb\n", {}, "B117", ["column -1", "'ents'"]),
        ("", {}, "B118", []),
        ("\n\n-DOCSTART- O\n \n", {}, "B118", []),
    ],
)
@pytest.mark.parametrize("docs", ["sentence", "document"])
def test_mistakes_in_a_file(write, text, settings, code, parts, docs):
    path = write(text)
    with pytest.raises(BirnnError) as error:
        read(path, docs=docs, **settings)
    message = str(error.value)
    assert message.startswith(f"[{code}] ")
    assert "\n" not in message
    assert all(part in message for part in [str(path), *parts])


@pytest.mark.parametrize(
    ("settings", "code", "part"),
    [
        ({"path": None}, "B104", "--paths.train"),
        ({"columns": {"words": 0}}, "B111", "'words'"),
        ({"columns": {"_.a b": 0}}, "B111", "'_.a b'"),
        ({"scheme": "bio"}, "B103", "'bio'"),
        ({"docs": "page"}, "B110", '"page"'),
        ({"scheme": "raw", "columns": {"ents": 1, "tag": 2}}, "B119", "'ents'"),
        ({"path": 3}, "B135", "not 3"),
        ({"path": ["a", 3]}, "B135", "not 3"),
        ({"columns": ["word", "ents"]}, "B136", "['word', 'ents']"),
        ({"columns": {0: 1}}, "B111", "'0'"),
        ({"columns": {"ents": "1"}}, "B137", "'ents' must be a whole number"),
        ({"columns": {"word": 1.0}}, "B137", "1.0"),
        ({"columns": {"word": True}}, "B137", "True"),
        ({"columns": {"word": None}}, "B137", "None"),
        ({"limit": -1}, "B138", "-1"),
        ({"limit": "2"}, "B138", "'2'"),
        ({"limit": True}, "B138", "True"),
    ],
)
def test_mistakes_in_the_settings(settings, code, part):
    with pytest.raises(BirnnError) as error:
        ConllCorpus(**{"path": "x", **settings})
    assert str(error.value).startswith(f"[{code}] ")
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BirnnError, match=r"^\[B105\]"):
        read(tmp_path / "none.conll")
    with pytest.raises(BirnnError, match=r"^\[B106\]"):
        read(tmp_path)


def test_blanks_beside_signs_are_no_part_of_a_cell(write):
    """In CSV, where a blank follows each comma, and in rows with tabs."""
    rows = [["Mary", "NNP", "B-PER"], ["Smith", "NNP", "I-PER"], ["left", "VBD", "O"]]
    for sign in (", ", ",", " \t", "\t "):
        path = write("\n".join(sign.join(row) for row in rows) + "\n")
        (doc,) = read(path, {"word": 0, "tag": 1, "ents": 2})
        assert [(token.text, token.tag_) for token in doc] == [
            (word, tag) for word, tag, _ in rows
        ]
        assert [(ent.text, ent.label_) for ent in doc.ents] == [("Mary Smith", "PER")]


def test_a_document_whose_first_sentence_has_no_word(write):
    path = write("-DOCSTART- O\n\nAda O\n\n-DOCSTART- O\n\n\t O\n\nOslo O\n")
    rows = "Ada\tO\n\n-DOCSTART-\tO\n\n \tO\n\nOslo\tO\n"
    path = write(f"-DOCSTART-\tO\n\n{rows}")
    with pytest.warns(UserWarning, match="W104"):
        docs = read(path, docs="document", empty_words="drop")
    assert words(docs) == [["Ada"], ["Oslo"]]


@pytest.mark.parametrize("content", [gzip.compress(b"Ada B-PER\nleft O\n")[:25]])
def test_a_small_file_that_is_cut(tmp_path, content):
    path = tmp_path / "a.conll.gz"
    path.write_bytes(content)
    with pytest.raises(BirnnError, match=r"B109.*a\.conll\.gz:1"):
        list(AnyCorpus(path)(NLP))


def test_long_cells_and_quotes_that_are_not_closed(write):
    long = "a" * 200_000
    (doc,) = read(write(f"{long},O\nAda,B-PER\n"))
    assert [len(token) for token in doc] == [200_000, 3]
    (doc,) = read(write('Ada,"x B-PER\nleft,"y O\n'))
    assert len(doc) == 2


def test_an_encoding_that_is_none_of_text(write):
    with pytest.raises(BirnnError, match="B140"):
        ConllCorpus(write("Ada O\n"), encoding="hex")
