import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.data.corpus import AnyCorpus, are_columns, sniff
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")
CONLL = "# x y z\n-DOCSTART- O\n\nAnn B-PER\nLee I-PER\n\nran O\n"
CONLLU = (
    "# text = Hi\n1-2\tHi\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tH\t_\tX\t_\t_\t0\troot\t_\t_\n2\ti\t_\tX\t_\t_\t1\tx\t_\t_\n"
)


def docbin():
    known = Doc(NLP.vocab, ["It", "is"], [False, False], ents=["O", "B-X"])
    unknown = Doc(NLP.vocab, ["a-b", "c"], sent_starts=[True, True])
    return DocBin(docs=[known, Doc(NLP.vocab), unknown]).to_bytes()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (CONLL.encode(), "conll"),
        (b"\xef\xbb\xbf" + CONLL.encode(), "conll"),
        (CONLLU.encode(), "conllu"),
        (b"\xef\xbb\xbf" + CONLLU.encode(), "conllu"),
        (docbin(), "spacy"),
        (docbin()[:20], "spacy"),
        # Text that begins like a zlib stream, and columns that are merely ten.
        (b"x^2 O\n", "conll"),
        ("x\xda O\n".encode(), "conll"),
        (b"x", "conll"),
        (b"\t".join([b"a"] * 10), "conll"),
        (b" ".join([b"1"] * 10), "conllu"),
        (b"", "conll"),
    ],
)
def test_sniff_looks_at_the_content(tmp_path, data, kind):
    path = tmp_path / "data.spacy"
    path.write_bytes(data)
    assert sniff(path) == kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONLL, True),
        (CONLLU, True),
        ("Ann B-PER\n\nran O\n", True),
        ("Ann NNP I-PER\nran VBD O\n", True),
        ("Ann\tNNP\nran\tVBD\n", True),
        ("a\tO\n" * 30 + "b\n", True),
        ("a\tO\n" * 15 + "b\n", False),
        ("Ann B-PER\nran\n", False),
        ("Ann ran.\nLee ran.\n", False),
        ("Ann\tran.\nLee ran.\n", False),
        ("one\ttwo\n", False),
        ("Ann\nO\n", False),
        ("", False),
    ],
)
def test_columns_look_other_than_text(tmp_path, text, expected):
    path = tmp_path / "a.txt"
    path.write_text(text)
    assert are_columns(path) == expected


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_text(CONLL)
    (tmp_path / "b.txt").write_text(CONLLU)
    (tmp_path / "c.txt").write_bytes(docbin())
    return tmp_path


def test_reads_every_format(folder):
    docs = [eg.reference for eg in AnyCorpus(folder)(NLP)]
    assert [[t.text for t in doc] for doc in docs] == [
        ["Ann", "Lee"],
        ["ran"],
        ["H", "i"],
        ["It", "is"],
        ["a-b", "c"],
    ]
    assert [len(doc.ents) for doc in docs] == [1, 0, 0, 1, 0]
    assert docs[2][0].pos_ == "X"
    assert len(list(AnyCorpus(folder, limit=4)(NLP))) == 4
    grouped = list(AnyCorpus(folder / "a.txt", docs="document")(NLP))
    assert [len(eg.reference) for eg in grouped] == [3]


def test_several_files_are_read_one_after_the_other(folder):
    texts = [[t.text for t in eg.reference] for eg in AnyCorpus(folder)(NLP)]
    names = sorted(path.name for path in folder.iterdir())
    paths = [str(folder / name) for name in names]
    assert [
        [t.text for t in eg.reference] for eg in AnyCorpus([paths[0], *paths[1:]])(NLP)
    ] == texts
    first, last = AnyCorpus([paths[-1], folder / names[0]], limit=0), AnyCorpus(folder)
    assert next(iter(first(NLP))).reference.text != next(iter(last(NLP))).reference.text


def test_no_file_is_read_twice(folder):
    for path in (folder / "a.txt", folder / ".." / folder.name / "a.txt"):
        with pytest.raises(BirnnError, match=r"^\[B100\] .*a\.txt would be read twice"):
            list(AnyCorpus([folder, path])(NLP))


@pytest.mark.parametrize("path", [[], [3], 3, "", ["a", None]])
def test_paths_that_are_none(path):
    with pytest.raises(BirnnError, match="B135"):
        AnyCorpus(path)


def test_every_second_run_of_a_corpus_is_joined(folder):
    corpus = AnyCorpus(folder, joined=2)
    for _ in range(3):  # the second reading is kept for the third
        docs = [eg.predicted for eg in corpus(NLP)]
        assert [len(doc) for doc in docs] == [2, 1, 3, 2]
        assert [doc.has_annotation("SENT_START") for doc in docs][2] is False
    limited = AnyCorpus(folder, joined=2, limit=3)
    assert [len(eg.reference) for eg in limited(NLP)] == [2, 1, 2]


def test_settings_reach_the_columns(folder):
    reader = AnyCorpus(
        folder / "a.txt", columns={"chunks": 1}, scheme="iob2", spans_key="k"
    )
    docs = [eg.reference for eg in reader(NLP)]
    assert [len(doc.spans["k"]) for doc in docs] == [1, 0]
    reader = AnyCorpus(folder / "a.txt", scheme="raw")
    assert [t.tag_ for eg in reader(NLP) for t in eg.reference][0] == "B-PER"


def test_spacy_files_are_tokenized_as_spacy_does(folder):
    known, unknown = AnyCorpus(folder / "c.txt")(NLP)
    # The text "Itis" is known and tokenized anew; of the other Doc only the words are.
    assert [t.text for t in known.predicted] == ["Itis"]
    assert [t.text for t in unknown.predicted] == ["a-b", "c"]
    assert [t.is_sent_start for t in unknown.predicted] == [True, True]


def test_a_converted_file_gives_the_examples_of_its_source(tmp_path):
    (tmp_path / "a.conll").write_text(CONLL)
    direct = list(ConllCorpus(tmp_path / "a.conll", docs="document")(NLP))
    DocBin(docs=[eg.reference for eg in direct]).to_disk(tmp_path / "a.bin")
    nlp = spacy.blank("en")
    converted = list(AnyCorpus(tmp_path / "a.bin")(nlp))
    for side in ("predicted", "reference"):
        assert [
            (t.text, t.is_sent_start, t.ent_iob_, t.ent_type_)
            for eg in direct
            for t in getattr(eg, side)
        ] == [
            (t.text, t.is_sent_start, t.ent_iob_, t.ent_type_)
            for eg in converted
            for t in getattr(eg, side)
        ]


def test_mistakes(tmp_path, folder):
    with pytest.raises(BirnnError, match=r"^\[B104\]"):
        AnyCorpus(None)
    with pytest.raises(BirnnError, match=r"^\[B103\]"):
        AnyCorpus(folder, scheme="bio")
    with pytest.raises(BirnnError, match=r"^\[B135\]"):
        AnyCorpus(3)
    with pytest.raises(BirnnError, match=r"^\[B137\]"):
        AnyCorpus(folder, columns={"ents": "1"})
    with pytest.raises(BirnnError, match=r"^\[B138\]"):
        AnyCorpus(folder, limit=-1)
    with pytest.raises(BirnnError, match=r"^\[B105\]"):
        list(AnyCorpus(folder / "none")(NLP))
    for size in (20, -9):
        (folder / "c.txt").write_bytes(docbin()[:size])
        with pytest.raises(BirnnError, match=r"^\[B124\] .*c.txt"):
            list(AnyCorpus(folder / "c.txt")(NLP))


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%x", b"PK\3\4\0\0word"])
def test_what_is_no_text(tmp_path, content):
    path = tmp_path / "file.bin"
    path.write_bytes(content)
    with pytest.raises(BirnnError, match=r"^\[B495\] .*file.bin is no text"):
        sniff(path)
    path.write_bytes("Ada\tB-PER\n".encode("utf-16"))
    assert sniff(path) == "conll"
    path.write_bytes("Ada\tB-PER\n".encode("utf-16-le"))
    assert sniff(path, encoding="utf-16-le") == "conll"
