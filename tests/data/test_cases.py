"""Small files of kinds that people have, each with the right answer."""

import os
import subprocess
import sys
import warnings

import pytest
import spacy

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="corpus"):
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8"))
        return path

    return write_file


def read(path, **settings):
    return [eg.reference for eg in AnyCorpus(path, **settings)(NLP)]


def words(docs):
    return [[token.text for token in doc] for doc in docs]


def ents(docs):
    return [(ent.text, ent.label_) for doc in docs for ent in doc.ents]


def refused(code, *parts, path, **settings):
    with pytest.raises(BirnnError) as error:
        read(path, **settings)
    message = str(error.value)
    assert message.startswith(f"[{code}] ")
    assert "\n" not in message
    assert all(part in message for part in parts), message


INDEXED = (
    "0\tErika\tB-PER\n1\tMuster\tI-PER\n2\tgeht\tO\n\n0\tBonn\tB-LOC\n1\truft\tO\n"
)


def test_a_column_that_counts_tokens_is_not_the_words(write):
    path = write(INDEXED)
    with pytest.warns(UserWarning, match=r"^\[W102\] .*--columns word=1"):
        docs = read(path)
    assert words(docs) == [["Erika", "Muster", "geht"], ["Bonn", "ruft"]]
    assert ents(docs) == [("Erika Muster", "PER"), ("Bonn", "LOC")]
    assert words(read(path, columns={"word": 1, "ents": 2})) == words(docs)
    refused("B142", "word=1", path=path, columns={"word": 0, "ents": 2})


@pytest.mark.parametrize("first", [0, 1])
def test_an_index_that_starts_at_one_or_goes_on_over_sentences(write, first):
    rows = [f"{first + i}\tw{i}\tO\n" + "\n" * (i % 2) for i in range(12)]
    with pytest.warns(UserWarning, match=r"^\[W102\]"):
        docs = read(write("".join(rows)))
    assert len(docs) == 6
    assert docs[0][0].text == "w0"


def test_numbers_that_do_not_count_are_no_words_either(write):
    rows = "".join(f"{i // 3}-{i % 3}\tw{i}\tO\n" for i in range(1, 13))
    refused("B142", "column 0", path=write(rows))
    # A few numbers can be words.
    assert words(read(write("2024 O\n7 O\n"))) == [["2024", "7"]]


CONLLU_WITH_BLANKS = (
    "1 The the DET DT _ 2 det _ _\n2 dog dog NOUN NN _ 0 root _ _\n\n"
    "1 It it PRON PRP _ 2 nsubj _ _\n2 ran run VERB VBD _ 0 root _ _\n"
)


def test_conllu_whose_tabs_have_become_blanks(write):
    docs = read(write(CONLLU_WITH_BLANKS))
    assert words(docs) == [["The", "dog"], ["It", "ran"]]
    assert [t.pos_ for doc in docs for t in doc] == ["DET", "NOUN", "PRON", "VERB"]


def test_a_comment_with_as_many_blanks_as_columns(write):
    text = (
        "# sent_id = a1\n# text = Hello Berlin\n"
        "1\tHello\tO\t-\t-\n2\tBerlin\tB-LOC\t-\t-\n"
    )
    docs = read(write(text), columns={"word": 1, "ents": 2})
    assert words(docs) == [["Hello", "Berlin"]]
    assert ents(docs) == [("Berlin", "LOC")]
    # With a tab such a line is a row.
    docs = read(write("#\tO\nBonn\tB-LOC\n"))
    assert words(docs) == [["#", "Bonn"]]


def conllu_row(i, form, pos, misc):
    return f"{i}\t{form}\t{form}\t{pos}\t_\t_\t_\t_\t_\t{misc}\n"


IN_MISC = (
    conllu_row(1, "Mary", "PROPN", "{key}=B-PER")
    + conllu_row(2, "left", "VERB", "{key}=O")
    + conllu_row(3, "Lyon", "PROPN", "SpaceAfter=No|{key}=B-LOC")
    + conllu_row(4, ".", "PUNCT", "{key}=O")
)


def test_entities_in_misc(write):
    docs = read(write(IN_MISC.format(key="name")))
    assert ents(docs) == [("Mary", "PER"), ("Lyon", "LOC")]
    assert all(token.ent_iob_ for token in docs[0])
    assert docs[0].text == "Mary left Lyon. "
    path = write(IN_MISC.format(key="NER"))
    with pytest.warns(UserWarning, match=r"^\[W106\] .*'NER=B-PER'.*--ents-key NER"):
        docs = read(path)
    assert not docs[0].has_annotation("ENT_IOB")
    assert ents(read(path, ents_key="NER")) == [("Mary", "PER"), ("Lyon", "LOC")]


CONLLX = (
    "1\tThe\tthe\tDT\tDT\t_\t2\tNMOD\t_\t_\n2\tdog\tdog\tNN\tNN\t_\t0\tROOT\t_\t_\n"
)


def test_ten_columns_that_are_not_conllu(write):
    path = write(CONLLX)
    refused("B113", ":1: 'DT'", "--columns word=1,tag=4", path=path)
    docs = read(path, columns={"word": 1, "tag": 4})
    assert [(t.text, t.tag_) for t in docs[0]] == [("The", "DT"), ("dog", "NN")]
    # What CoNLL-U numbers beside the words is no word there either.
    text = "1-2\tdu\t" + "_\t" * 7 + "_\n1\tde\t" + "_\t" * 7 + "_\n"
    text += "2\tle\t" + "_\t" * 7 + "_\n2.1\tx\t" + "_\t" * 7 + "_\n"
    text += "3\tsud\t" + "_\t" * 7 + "_\n"
    path = write(text)
    with pytest.warns(UserWarning, match=r"^\[W112\] .*word=1,ents=-1"):
        docs = read(path, columns={"word": 1})
    assert words(docs) == [["de", "le", "sud"]]


def test_prefixes_without_types(write):
    text = "the\tO\nbreast\tB\ncancer\tI\ngene\tO\n\nheart\tB\nfailure\tI\n"
    path = write(text)
    spans = ["breast cancer", "heart failure"]
    assert ents(read(path)) == [(span, "ENTITY") for span in spans]
    assert ents(read(path, label="Disease")) == [(span, "Disease") for span in spans]
    settings = {"scheme": "iob2"}
    refused("B141", ":2: the tag 'B'", "--label", path=path, **settings)
    assert len(ents(read(path, label="Disease", **settings))) == 2
    # Where others have a type, nothing says which one is meant.
    refused("B141", ":2: ", path=write("a\tB-X\nb\tI\n"))


def test_the_letters_of_bmes(write):
    text = "吴 B-NAME\n重 M-NAME\n阳 E-NAME\n, O\n\n王 S-NAME\n"
    expected = [(["吴", "重", "阳"], "NAME"), (["王"], "NAME")]
    for name in ("auto", "bmes"):
        for given in (text, text.replace("S-NAME", "W-NAME")):
            docs = read(write(given), scheme=name)
            found = [([t.text for t in e], e.label_) for doc in docs for e in doc.ents]
            assert found == expected
    refused("B114", ":2: ", "M-LABEL", path=write("a B-X\nb Q-X\n"), scheme="bmes")


WITHOUT_PREFIX = "Mary\tPER\nSmith\tPER\nleft\tO\nLyon\tLOC\nfor\tO\nAcme\tORG\n"


def test_types_without_prefix(write):
    path = write(WITHOUT_PREFIX)
    refused("B114", ":1: unknown tag 'PER'", "io", path=path)
    expected = [("Mary Smith", "PER"), ("Lyon", "LOC"), ("Acme", "ORG")]
    assert ents(read(path, scheme="io")) == expected
    prefixed = WITHOUT_PREFIX.replace("PER", "I-PER").replace("LOC", "I-LOC")
    assert ents(read(write(prefixed), scheme="io")) == expected
    refused("B114", ":1: ", "LABEL (scheme io)", path=write("a\tB-X\n"), scheme="io")


def test_a_row_of_names(write):
    text = (
        "TOKEN\tNE-COARSE\tMISC\n# language = en\nFrom\tO\t_\nLyon\tB-loc\t_\n"
        ",\tO\tNoSpaceAfter\n\nBonn\tB-loc\t_\n"
    )
    path = write(text)
    settings = {"columns": {"word": 0, "ents": 1}}
    with pytest.warns(UserWarning, match=r"^\[W103\] .*:1: .*--header.*--no-header"):
        docs = read(path, **settings)
    assert words(docs) == [["From", "Lyon", ","], ["Bonn"]]
    assert ents(docs) == [("Lyon", "loc"), ("Bonn", "loc")]
    assert words(read(path, header=True, **settings)) == words(docs)
    refused("B114", ":1: ", "--header", path=path, header=False, **settings)
    # Any first row can be left out, and words of text are no names.
    path = write("x y\nAnn B-PER\n")
    assert words(read(path, header=True)) == [["Ann"]]
    assert words(read(write("text O\nAnn B-PER\n"))) == [["text", "Ann"]]


@pytest.mark.parametrize("end", ["\t", " \t ", "  "])
def test_white_space_at_the_end_of_a_line_is_no_column(write, end):
    text = f"Acme\tB-ORG\nfell\tO{end}\n\nBonn\tB-LOC{end}\n"
    expected = [("Acme", "ORG"), ("Bonn", "LOC")]
    assert ents(read(write(text))) == expected
    everywhere = text.replace("ORG\n", f"ORG{end}\n")
    assert ents(read(write(everywhere))) == expected


def test_an_empty_cell_at_the_end_is_one(write):
    docs = read(write("a\tNN\tx\nb\tNN\t\nc\tNN\ty\n"), columns={"tag": 1, "_.end": 2})
    assert [t._.end for t in docs[0]] == ["x", None, "y"]


EMPTY = "nice\tO\n\tO\nBonn\tB-LOC\n"
TAB = "Mary B-PER\nwent O\n\t O\nLyon B-LOC\n"


@pytest.mark.parametrize(
    ("text", "line", "others"),
    [
        (EMPTY, 2, ["nice", "Bonn"]),
        (TAB, 3, ["Mary", "went", "Lyon"]),
        ("a O\n\u00a0 O\n\u2028 O\n", 2, ["a"]),
    ],
)
def test_words_without_a_character(write, text, line, others):
    path = write(text)
    count = text.count("\n") - len(others)
    message = rf"^\[W104\] .*: {count} empty .* left out; the first at .*:{line}\."
    with pytest.warns(UserWarning, match=message):
        assert words(read(path, empty_words="drop")) == [others]
    with pytest.warns(UserWarning, match=r"^\[W104\] .* replaced by U\+FFFD"):
        (doc,) = read(path, empty_words="replace")
    kept = [token.text for token in doc]
    assert len(kept) == len(others) + count
    assert [word for word in kept if word != "\ufffd"] == others
    if "\t" in text:
        refused("B112", f":{line}: ", "--empty-words", path=path)
    else:
        assert len(read(path)[0]) == 3  # white space can be a token


def test_a_span_that_begins_with_an_empty_word(write):
    path = write("a\tO\n\tB-X\nb\tI-X\n\tI-X\nc\tB-X\n\tB-Y\n")
    with pytest.warns(UserWarning, match=r": 3 empty"):
        docs = read(path, empty_words="drop")
    assert ents(docs) == [("b", "X"), ("c", "X")]
    with pytest.warns(UserWarning, match=r": 1 empty"):
        assert words(read(write("\tO\n\na\tO\n"), empty_words="drop")) == [["a"]]


def test_lines_that_end_in_a_carriage_return(write):
    docs = read(write("EU B-ORG\rrejects O\rcall O\r\rPeter B-PER\rleft O\r"))
    assert words(docs) == [["EU", "rejects", "call"], ["Peter", "left"]]
    assert ents(docs) == [("EU", "ORG"), ("Peter", "PER")]


def test_a_row_of_null_labels(write, cache):
    path = write(
        '{"tokens": ["Mary", "left"], "ner_tags": ["B-PER", "O"]}\n'
        '{"tokens": ["Bonn"], "ner_tags": null}\n',
        "a.jsonl",
    )
    docs = [eg.reference for eg in create_datasets_reader(path)(NLP)]
    assert words(docs) == [["Mary", "left"], ["Bonn"]]
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [True, False]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train[:1]", ["Mary left"]),
        ("train[50%:]", ["x"]),
        ("train", ["Mary left", "x"]),
        ("dev+train[-1:]", ["y", "x"]),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_slices_of_a_saved_folder(
    datasets, cache, tmp_path, split, expected, streaming
):
    row = {
        "tokens": [["Mary", "left"], ["x"]],
        "ner_tags": [["B-PER", "O"], ["O"]],
    }
    dev = {"tokens": [["y"]], "ner_tags": [["O"]]}
    folder = tmp_path / "saved"
    datasets.DatasetDict(
        train=datasets.Dataset.from_dict(row), dev=datasets.Dataset.from_dict(dev)
    ).save_to_disk(folder)
    reader = create_datasets_reader(folder, split=split, streaming=streaming)
    assert [eg.reference.text.strip() for eg in reader(NLP)] == expected


FRENCH = (
    "# text = Il va du nord au sud.\n"
    "1\tIl\til\tPRON\tP\t_\t2\tnsubj\t_\t_\n"
    "2\tva\taller\tVERB\tV\t_\t0\troot\t_\t_\n"
    "3-4\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "3\tde\tde\tADP\tE\t_\t5\tcase\t_\t_\n"
    "4\tle\tle\tDET\tD\tGender=Masc\t5\tdet\t_\t_\n"
    "5\tnord\tnord\tNOUN\tN\t_\t2\tobl\t_\t_\n"
    "6-7\tau\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "6\tà\tà\tADP\tE\t_\t8\tcase\t_\t_\n"
    "7\tle\tle\tDET\tD\t_\t8\tdet\t_\t_\n"
    "8\tsud\tsud\tNOUN\tN\t_\t2\tobl\t_\tSpaceAfter=No\n"
    "9\t.\t.\tPUNCT\tF\t_\t2\tpunct\t_\t_\n"
)


def test_multi_word_tokens(write):
    path = write(FRENCH)
    (doc,) = read(path)
    assert [t.text for t in doc] == [
        "Il",
        "va",
        "de",
        "le",
        "nord",
        "à",
        "le",
        "sud",
        ".",
    ]
    (doc,) = read(path, merge_subtokens=True)
    assert doc.text.strip() == "Il va du nord au sud."
    assert [t.text for t in doc] == ["Il", "va", "du", "nord", "au", "sud", "."]
    assert [t.pos_ for t in doc][2:4] == ["ADP", "NOUN"]
    assert doc[2].tag_ == "E_D"
    assert doc[2].lemma_ == "de le"
    assert [t.head.text for t in doc] == ["va", "va", "nord", "va", "sud", "va", "va"]
    assert [t.dep_ for t in doc][1:3] == ["ROOT", "case"]


def test_what_doc_to_json_writes(write):
    source = NLP("Mary Smith left .")
    source.set_ents([source.char_span(0, 10, label="PER")])
    source[0].tag_ = "NNP"
    for record in (source.to_json(), source.to_json(underscore=None)):
        (doc,) = read(write(spacy.util.srsly.json_dumps(record)))
        assert ents([doc]) == [("Mary Smith", "PER")]
        assert doc[0].tag_ == "NNP"
    bare = {"text": "Mary left", "tokens": [{"id": 0, "start": 0, "end": 4}]}
    refused("B145", ":1: ", path=write(spacy.util.srsly.json_dumps(bare)))


def test_a_corpus_without_annotation(write):
    path = write("Mary -\nleft -\n\nBonn -\n")
    with pytest.warns(UserWarning, match=r"^\[W105\] .*nothing is annotated \(ents\)"):
        docs = read(path)
    assert len(docs) == 3 - 1
    # Some is enough, and no columns are no annotation that is missing.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(write("Mary B-PER\nleft -\n\nBonn -\n"))
        read(write("Mary\nleft\n"), columns={})
    other = {"columns": {"ents": 1, "tag": 2}}
    with pytest.warns(UserWarning, match=r"\(ents\)"):
        read(write("Mary - NNP\n"), **other)


def test_prefixes_at_the_end(write):
    docs = read(write("Mary PER-B\nSmith PER-I\nleft O\nLyon LOC-B\n"))
    assert ents(docs) == [("Mary Smith", "PER"), ("Lyon", "LOC")]


@pytest.mark.slow
def test_the_line_that_is_named_is_always_the_first(write):
    path = write(WITHOUT_PREFIX)
    script = (
        "import sys, spacy; from spacy_birnn.data.conll import ConllCorpus\n"
        "try: list(ConllCorpus(sys.argv[1])(spacy.blank('en')))\n"
        "except ValueError as error: print(error)"
    )
    for seed in "123":
        found = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert f"{path}:1: unknown tag 'PER'" in found
