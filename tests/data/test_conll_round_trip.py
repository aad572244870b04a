"""Whatever is written in columns is read back, in any order, scheme and dress."""

import gzip
import re

import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.schemes import SCHEMES, encode

NLP = spacy.blank("en")
COLUMNS = ["word", "tag", "chunks", "ents"]


def words(docs):
    return [[token.text for token in doc] for doc in docs]


def spans_of(spans):
    return [(span.start, span.end, span.label_) for span in spans]


# Marks of documents and of byte order; nothing but numbers, which count tokens. (White
# space alone is no word: at the end of a line it is no column.)
_IS_NO_WORD = re.compile(r".*-DOCSTART-|\ufeff|[\d.:-]*\d\Z")
_WORDS = st.one_of(
    st.sampled_from(["#", "##", "#tag", "-", "_", "O", "B-PER", "x\u2028y", "\u00a0x"]),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
        min_size=1,
        max_size=5,
    ).filter(lambda word: _IS_NO_WORD.match(word) is None),
)
_LABELS = st.sampled_from(["PER", "a-b", "LOC"])


@st.composite
def _spans(draw, length):
    cuts = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
    return [
        (start, end, draw(_LABELS))
        for start, end in zip(cuts, cuts[1:], strict=False)
        if draw(st.booleans())
    ]


@st.composite
def _sentence(draw):
    tokens = draw(st.lists(_WORDS, min_size=1, max_size=6))
    tags = draw(st.lists(st.sampled_from("XYZ"), min_size=6, max_size=6))
    size = len(tokens)
    return tokens, tags[:size], draw(_spans(size)), draw(_spans(size))


@st.composite
def _corpus(draw):
    return draw(
        st.lists(st.lists(_sentence(), min_size=1, max_size=3), min_size=1, max_size=3)
    )


def _render(documents, scheme, order, separator, end, docstart, bom):
    """Write documents of sentences, the columns in the order asked for."""
    lines = []
    for document in documents:
        lines += [docstart, ""]
        for tokens, tags, chunk_spans, ent_spans in document:
            columns = {
                "word": tokens,
                "tag": tags,
                "chunks": encode(chunk_spans, len(tokens), scheme),
                "ents": encode(ent_spans, len(tokens), scheme),
            }
            rows = zip(*(columns[name] for name in order), strict=True)
            lines += [*(separator.join(row) for row in rows), ""]
    return (bom + end.join(lines)).encode("utf-8")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    documents=_corpus(),
    scheme=st.sampled_from(SCHEMES),
    order=st.permutations(COLUMNS),
    separator=st.sampled_from(["\t", " ", "   "]),
    end=st.sampled_from(["\n", "\r\n"]),
    docstart=st.sampled_from(
        ["-DOCSTART-", "-DOCSTART- -X- -X- O", "-DOCSTART-\tO", "-DOCSTART- -X- O O"]
    ),
    bom=st.sampled_from(["", "\ufeff"]),
    zipped=st.booleans(),
    negative=st.booleans(),
)
def test_round_trip(
    tmp_path, documents, scheme, order, separator, end, docstart, bom, zipped, negative
):
    path = tmp_path / "corpus"
    data = _render(documents, scheme, order, separator, end, docstart, bom)
    path.write_bytes(gzip.compress(data, mtime=0) if zipped else data)
    columns = {name: i - 4 * negative for i, name in enumerate(order)}
    sentences = [sentence for document in documents for sentence in document]

    examples = list(ConllCorpus(path, columns=columns, scheme=scheme)(NLP))
    assert words(eg.predicted for eg in examples) == [s[0] for s in sentences]
    for eg, (tokens, tags, chunk_spans, ent_spans) in zip(
        examples, sentences, strict=True
    ):
        assert [t.text for t in eg.reference] == tokens
        assert [t.tag_ for t in eg.reference] == tags
        assert spans_of(eg.reference.spans["chunks"]) == chunk_spans
        assert spans_of(eg.reference.ents) == ent_spans
        assert all(token.ent_iob_ for token in eg.reference)

    reader = ConllCorpus(path, columns=columns, scheme=scheme, docs="document")
    docs = [eg.reference for eg in reader(NLP)]
    assert words(docs) == [
        [w for s in document for w in s[0]] for document in documents
    ]
    for doc, document in zip(docs, documents, strict=True):
        assert [[t.text for t in sent] for sent in doc.sents] == [
            s[0] for s in document
        ]
        assert len(doc.ents) == sum(len(s[3]) for s in document)
        assert len(doc.spans["chunks"]) == sum(len(s[2]) for s in document)
