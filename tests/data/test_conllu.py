import gzip
import warnings

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_birnn.data.conllu import ConlluCorpus
from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.conllu_records import to_conllu_lines
from spacy_birnn.tagging.targets import Target

NLP = spacy.blank("en")

TEXT = """\
# newdoc id = d1
# sent_id = 1
# text = I don't (ever) go.
1\tI\tI\tPRON\tPRP\tCase=Nom|Number=Sing\t6\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\tVBP\t_\t6\taux\t_\t_
3\tn't\tnot\tPART\tRB\tPolarity=Neg\t6\tadvmod\t_\t_
4-5\t(ever)\t_\t_\t_\t_\t_\t_\t_\tFoo=1|SpaceAfter=No
4\t(ever\tever\tADV\tRB\t_\t6\tadvmod\t_\t_
5\t)\t)\tPUNCT\t)\t_\t4\tpunct\t_\t_
6\tgo\tgo\tVERB\tVB\tVerbForm=Inf\t0\troot\t_\tSpaceAfter=No
6.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t6:x\t_
7\t.\t.\tPUNCT\t.\t_\t6\tpunct\t_\t_

# newpar
1\t_\t_\tSYM\t_\t_\t0\troot\t_\t_
2\tx\t_\t_\t_\t_\t1\tdep\t_\t_

#newdoc
0.1\tgap\tgap\tX\t_\t_\t_\t_\t0:root\t_
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="corpus.conllu"):
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8"))
        return path

    return write_file


def read(path, **kwargs):
    return [eg.reference for eg in ConlluCorpus(path, **kwargs)(NLP)]


def test_everything_of_a_sentence(write):
    first, second, third = read(write(TEXT))
    assert [t.text for t in first] == ["I", "do", "n't", "(ever", ")", "go", "."]
    assert first.text == "I don't (ever)go. "
    assert [t.pos_ for t in first][:3] == ["PRON", "AUX", "PART"]
    assert [t.tag_ for t in first][:3] == ["PRP", "VBP", "RB"]
    assert [str(t.morph) for t in first][:3] == [
        "Case=Nom|Number=Sing",
        "",
        "Polarity=Neg",
    ]
    assert [t.lemma_ for t in first][:3] == ["I", "do", "not"]
    assert [t.head.i for t in first] == [5, 5, 5, 5, 3, 5, 5]
    assert [t.dep_ for t in first][4:6] == ["punct", "ROOT"]
    assert not first.has_annotation("ENT_IOB")
    assert [t.text for t in second] == ["_", "x"]
    assert [t.lemma_ for t in second] == ["_", ""]
    assert [t.tag_ for t in second] == ["", ""]
    assert [t.pos_ for t in second] == ["SYM", ""]
    assert [t.text for t in third] == ["Yes"]


def test_documents(write):
    first, second = read(write(TEXT), docs="document")
    assert [len(sent) for sent in first.sents] == [7, 2]
    assert [t.head.i for t in first][-2:] == [7, 7]
    assert [t.text for t in second] == ["Yes"]


@pytest.mark.parametrize("docs", ["sentence", "document"])
def test_both_sides_know_spaces_and_sentence_starts(write, docs):
    for eg in ConlluCorpus(write(TEXT), docs=docs)(NLP):
        for key in ("text", "text_with_ws", "is_sent_start"):
            ours = [getattr(t, key) for t in eg.predicted]
            assert ours == [getattr(t, key) for t in eg.reference]
        assert eg.predicted[0].is_sent_start
        assert not eg.predicted.has_unknown_spaces
        for attribute in ("TAG", "POS", "MORPH", "LEMMA", "DEP"):
            assert not eg.predicted.has_annotation(attribute)


@pytest.mark.parametrize(
    "heads", [("_", "0"), ("0", "0"), ("2", "1"), ("1", "0")], ids=str
)
def test_what_is_no_tree_leaves_only_the_parse_out(write, heads):
    rows = [f"{i}\tw{i}\t_\tNOUN\t_\t_\t{h}\tx\t_\t_" for i, h in enumerate(heads, 1)]
    (doc,) = read(write("\n".join(rows)))
    assert not doc.has_annotation("DEP")
    assert [t.is_sent_start for t in doc] == [True, False]
    assert [t.pos_ for t in doc] == ["NOUN", "NOUN"]


def test_files_of_a_directory(tmp_path):
    row = "1\t{}\t_\tX\t_\t_\t0\troot\t_\t_\r\n"
    (tmp_path / "b.conllu").write_bytes(("\ufeff" + row.format("b")).encode())
    (tmp_path / "a.conllu.gz").write_bytes(
        gzip.compress(row.format("a").encode(), mtime=0)
    )
    (tmp_path / "README.md").write_text("about")
    assert [doc[0].text for doc in read(tmp_path)] == ["a", "b"]
    assert len(read(tmp_path, limit=1)) == 1


_FORM = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    min_size=1,
    max_size=4,
)
_WORD = st.tuples(
    _FORM,
    st.sampled_from(["NOUN", "VERB", "_"]),
    st.sampled_from(["NN", "VB", "_"]),
    st.sampled_from(["_", "A=b", "A=b|C=d,e"]),
    st.booleans(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(_WORD, min_size=1, max_size=5)),
        min_size=1,
        max_size=4,
    )
)
def test_round_trip(tmp_path, sentences):
    lines = []
    for is_new, rows in sentences:
        lines += ["# newdoc"] * is_new
        for i, (form, pos, tag, feats, space) in enumerate(rows, 1):
            misc = "_" if space else "SpaceAfter=No"
            lines.append(
                "\t".join(
                    [str(i), form, "_", pos, tag, feats, str(i - 1), "x", "_", misc]
                )
            )
        lines.append("")
    path = tmp_path / "a.conllu"
    path.write_bytes("\n".join(lines).encode("utf-8"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W105\]")
        docs = read(path)
    known = [
        [
            (form, pos.strip("_"), tag.strip("_"), feats.strip("_"), space)
            for form, pos, tag, feats, space in rows
        ]
        for _, rows in sentences
    ]
    assert known == [
        [(t.text, t.pos_, t.tag_, str(t.morph), bool(t.whitespace_)) for t in doc]
        for doc in docs
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W105\]")
        grouped = read(path, docs="document")
    assert len(grouped) == 1 + sum(is_new for is_new, _ in sentences[1:])
    assert sum((list(map(len, doc.sents)) for doc in grouped), []) == list(
        map(len, known)
    )


def _row(**cells):
    names = [
        "id",
        "form",
        "lemma",
        "upos",
        "xpos",
        "feats",
        "head",
        "deprel",
        "deps",
        "misc",
    ]
    default = dict.fromkeys(names, "_") | {"id": "1", "form": "x", "head": "0"}
    return "\t".join((default | cells)[name] for name in names)


@pytest.mark.parametrize(
    ("rows", "code", "parts"),
    [
        (["1\tx\tO"], "B120", [":1: 3 columns"]),
        (["1 x _ NOUN _ _ 0 root _"], "B120", [":1: 9 columns"]),
        ([_row(), _row(id="3")], "B121", [":2: ID '3' where 2"]),
        ([_row(id="a")], "B121", [":1: ID 'a'"]),
        ([_row(id="\u00b2")], "B121", [":1: "]),
        ([_row(), _row(id="3.1")], "B121", [":2: ID '3.1'"]),
        ([_row(id="1-3"), _row(), _row(id="2")], "B121", [":3: ID '2'", "up to 3"]),
        ([_row(id="1-2"), _row(), _row(id="2-3")], "B121", [":3: ID '2-3'"]),
        ([_row(id="2-1")], "B121", [":1: ID '2-1'"]),
        ([_row(id="0.1")], "B121", [":1: ", "up to 1"]),
        ([_row(form="")], "B112", [":1: "]),
        ([_row(), _row(id="2", upos="NN")], "B113", [":2: 'NN'"]),
        ([_row(head="2")], "B122", [":1: HEAD '2'"]),
        ([_row(head="x")], "B122", [":1: HEAD 'x'"]),
        ([_row(feats="Number")], "B123", [":1: FEATS 'Number'"]),
        ([_row(feats="A=b|=c")], "B123", [":1: "]),
        ([], "B118", []),
        (["# only a comment"], "B118", []),
    ],
)
def test_mistakes(write, rows, code, parts):
    path = write("\n".join(rows) + "\n")
    with pytest.raises(BirnnError) as error:
        read(path)
    message = str(error.value)
    assert message.startswith(f"[{code}] ")
    assert "\n" not in message
    assert all(part in message for part in [str(path), *parts])


def test_mistakes_in_the_settings():
    with pytest.raises(BirnnError, match=r"^\[B104\]"):
        ConlluCorpus(None)
    with pytest.raises(BirnnError, match=r"^\[B110\]"):
        ConlluCorpus("x", docs="page")
    with pytest.raises(BirnnError, match=r"^\[B135\]"):
        ConlluCorpus(b"x")
    with pytest.raises(BirnnError, match=r"^\[B138\]"):
        ConlluCorpus("x", limit=-1)


PLUS = """\
# global.columns = ID FORM UPOS CORPUS:NE
1-2\tdu\t_\t_
1\tde\tADP\tO
2\tle\tDET\tO
3\tSud\tNOUN\tB-LOC
3.1\tx\t_\t_
4\tOuest\tNOUN\tI-LOC

1\tIci\tADV\t*
"""


def test_conllu_plus(write):
    path = write(PLUS.replace("*", "O"))
    first, second = read(path, ents_key="CORPUS:NE")
    assert [t.text for t in first] == ["de", "le", "Sud", "Ouest"]
    assert [t.pos_ for t in first] == ["ADP", "DET", "NOUN", "NOUN"]
    assert [(e.text, e.label_) for e in first.ents] == [("Sud Ouest", "LOC")]
    assert not first.has_annotation("TAG")
    assert not first.has_annotation("DEP")
    assert second[0].ent_iob_ == "O"
    first, _ = read(path, ents_key="CORPUS:NE", merge_subtokens=True)
    assert [t.text for t in first] == ["du", "Sud", "Ouest"]
    assert first.ents[0].start == 1
    assert not read(path)[0].has_annotation("ENT_IOB")
    with pytest.raises(BirnnError, match=r"^\[B114\] .*:9: unknown tag '\*'"):
        read(write(PLUS), ents_key="CORPUS:NE")


def test_conllu_plus_needs_words(write):
    path = write("# global.columns = ID UPOS\n1\tX\n")
    with pytest.raises(BirnnError, match=r"^\[B143\] .*:1: .*FORM"):
        read(path)
    path = write("# global.columns = ID FORM\n1\tX\tx\n")
    with pytest.raises(BirnnError, match=r"^\[B120\] .*:2: 3 columns .* has 2"):
        read(path)


def test_merged_entities_and_heads(write):
    row = "{}\t{}\t_\tX\t_\t_\t{}\t{}\t_\t{}"
    lines = [
        row.format("1-2", "vamos-nos", "_", "_", "_").replace("X", "_"),
        row.format(1, "vamos", 0, "root", "name=O"),
        row.format(2, "nos", 1, "obj", "name=B-PER"),
        row.format(3, "a", 4, "case", "_"),
        row.format(4, "Lyon", 2, "obl", "name=B-LOC|SpaceAfter=No"),
    ]
    (doc,) = read(write("\n".join(lines)), merge_subtokens=True)
    assert doc.text == "vamos-nos a Lyon"
    assert [t.head.i for t in doc] == [0, 2, 0]
    assert [t.dep_ for t in doc] == ["ROOT", "case", "obl"]
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("vamos-nos", "PER"),
        ("Lyon", "LOC"),
    ]


def test_empty_words(write):
    rows = [_row(head="_"), _row(id="2", form=" ", head="_"), _row(id="3", head="_")]
    rows = [row.replace("\t_\t_\t_", "\tX\t_\t_", 1) for row in rows]
    path = write("\n".join(rows))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\[W105\]")
        with pytest.warns(UserWarning, match=r"^\[W104\] .*: 1 empty .*:2\."):
            (doc,) = read(path, empty_words="drop")
    assert [t.text for t in doc] == ["x", "x"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["PER", "LOC", ""])),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_merging_keeps_texts_and_trees(tmp_path, tokens, data):
    """Each token is one to three words; the words form a tree drawn at random."""
    lines, first = [], 1
    count = sum(size for size, _ in tokens)
    order = data.draw(st.permutations(range(1, count + 1)))
    heads = {order[0]: 0}
    for i, word in enumerate(order[1:], 1):
        heads[word] = data.draw(st.sampled_from(order[:i]))
    for size, label in tokens:
        rest = "_\t_\t_\t_\t_\t_\t_\t_"
        if size > 1:
            lines.append(f"{first}-{first + size - 1}\tt{first}\t{rest}")
        for word in range(first, first + size):
            form = f"w{word}" if size > 1 else f"t{first}"
            tag = f"name=B-{label}" if label and word == first else "name=O"
            lines.append(f"{word}\t{form}\t_\tX\t_\t_\t{heads[word]}\tdep\t_\t{tag}")
        first += size
    path = tmp_path / "a.conllu"
    path.write_text("\n".join(lines))
    (doc,) = read(path, merge_subtokens=True)
    assert len(doc) == len(tokens)
    assert all(token.text.startswith("t") for token in doc)
    assert [token.ent_type_ for token in doc] == [label for _, label in tokens]
    # Words of one token may depend on each other's tokens: then there is no tree.
    roots = [token for token in doc if token.head == token]
    assert len(roots) == 1 or not doc.has_annotation("DEP")


def test_a_word_that_is_a_sign_of_comments(tmp_path):
    """Where columns have no ID, a row may begin with it."""
    path = tmp_path / "a.conllup"
    header = "# global.columns = FORM UPOS NER\n"
    path.write_text(f"{header}# a comment\n#\tSYM\tB-X\n1\tNUM\tI-X\n")
    (example,) = ConlluCorpus(path, ents_key="NER")(NLP)
    assert [token.text for token in example.reference] == ["#", "1"]
    assert [ent.text for ent in example.reference.ents] == ["# 1"]


def test_blanks_within_words_of_rows_without_tabs(write):
    """An editor has replaced the tabs; no-break spaces are parts of words."""
    rows = ["1 10\u00a0000 _ NUM _ _ 0 root _ name=B-X", "2 x\u3000y _ X _ _ 1 dep _ _"]
    (doc,) = read(write("\n".join(rows) + "\n\n"))
    assert [token.text for token in doc] == ["10\u00a0000", "x\u3000y"]
    assert [token.pos_ for token in doc] == ["NUM", "X"]
    assert [ent.label_ for ent in doc.ents] == ["X"]


def test_bars_in_labels(write):
    """MISC has them between its parts: `tag` writes those of a label as `\\p`."""
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["Ada", "left"], ents=["B-a|b", "O"])
    lines = to_conllu_lines(doc, [Target("ents")], False)
    (found,) = read(write("\n".join(lines) + "\n"))
    assert [ent.label_ for ent in found.ents] == ["a|b"]
