"""Scores from arrays against spaCy's scorer and seqeval, digit for digit."""

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_birnn import scorers
from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.data.conllu import ConlluCorpus
from spacy_birnn.scorers import seqeval_score
from spacy_birnn.span_counts import span_scores, token_accuracy

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
VOCAB = spacy.blank("en").vocab
LABELS = ["PER", "LOC", "I-ORG"]


@pytest.fixture
def by_libraries(monkeypatch):
    """`seqeval_score` as spaCy and seqeval count."""

    def score(examples, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(scorers, "span_scores", lambda *_: None)
            patch.setattr(scorers, "token_accuracy", lambda *_: None)
            return seqeval_score(examples, **settings)

    return score


@st.composite
def spans_of(draw, length):
    """Spans that do not overlap, as (start, end, label)."""
    spans, at = [], 0
    while at < length:
        end = at + draw(st.integers(1, 3))
        label = draw(st.sampled_from([None, None, *LABELS]))
        if label and end <= length:
            spans.append((at, end, label))
        at = end
    return spans


@st.composite
def examples(draw, target):
    length = draw(st.integers(0, 9))
    words = [f"w{i}" for i in range(length)]
    starts = [draw(st.sampled_from([True, False, None])) for _ in words]
    gold = Doc(VOCAB, words=words, sent_starts=starts)
    predicted = Doc(VOCAB, words=words)
    sides = [(gold, draw(spans_of(length))), (predicted, draw(spans_of(length)))]
    for doc, spans in sides:
        spans = [Span(doc, *span) for span in spans]
        if target == "spans":
            if draw(st.integers(0, 4)) or doc is predicted:
                doc.spans["chunks"] = draw(st.permutations(spans))
            continue
        free = [
            i for i in range(length) if not any(s.start <= i < s.end for s in spans)
        ]
        missing = [] if doc is predicted else [i for i in free if draw(st.booleans())]
        doc.set_ents(spans, missing=[doc[i : i + 1] for i in missing])
    return Example(predicted, gold)


def assert_same(ours, theirs):
    """Equal to the last digit, whatever the order of the types."""
    assert ours == theirs
    assert list(ours) == list(theirs)


@pytest.mark.parametrize("target", ["ents", "spans"])
def test_random_spans(target, by_libraries):
    @settings(max_examples=150, deadline=None)
    @given(st.lists(examples(target), max_size=4))
    def check(batch):
        ours = span_scores(
            batch, target, "chunks", scorers.span_prefix(target, "chunks")
        )
        assert_same(ours, by_libraries(batch, target=target))

    check()


@pytest.mark.parametrize("attr", ["tag", "pos"])
def test_random_tags(attr, by_libraries):
    values = st.sampled_from(["", "NOUN", "VERB", "SPACE"])

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(["a", "b", "\n"]), values, values)))
    def check(rows):
        words = [row[0] for row in rows]
        key = {"tag": "tags", "pos": "pos"}[attr]
        predicted, gold = (
            Doc(VOCAB, words=words, **{key: [row[i] for row in rows]}) for i in (1, 2)
        )
        batch = [Example(predicted, gold)]
        assert_same(token_accuracy(batch, attr), by_libraries(batch, target=attr))

    check()


def test_white_space_has_no_width():
    """A line break inside or beside an entity does not matter."""
    words = ["in", "New", "\n", "York", "\n", "\n", "ends"]
    gold, predicted = Doc(VOCAB, words=words), Doc(VOCAB, words=words)
    gold.ents = [Span(gold, 1, 5, "LOC")]
    predicted.ents = [Span(predicted, 1, 4, "LOC")]
    scores = span_scores([Example(predicted, gold)], "ents", "", "ents")
    for prefix in ("ents", "ents_seqeval", "ents_seqeval_strict"):
        assert scores[f"{prefix}_p"] == scores[f"{prefix}_r"] == 1.0
    predicted.ents = [Span(predicted, 1, 2, "LOC"), Span(predicted, 3, 4, "LOC")]
    scores = span_scores([Example(predicted, gold)], "ents", "", "ents")
    assert scores["ents_f"] == scores["ents_seqeval_f"] == 0.0


def test_other_tokens_and_overlaps_are_left_to_the_libraries():
    words = ["a", "b", "c"]
    other = Example(Doc(VOCAB, words=["a", "bc"]), Doc(VOCAB, words=words))
    respelled = Example(Doc(VOCAB, words=["a", "b", "d"]), Doc(VOCAB, words=words))
    foreign = Example(
        Doc(spacy.blank("en").vocab, words=words), Doc(VOCAB, words=words)
    )
    for example in (other, respelled, foreign):
        assert span_scores([example], "ents", "", "ents") is None
    for example in (other, respelled):
        assert token_accuracy([example], "tag") is None
    gold = Doc(VOCAB, words=words)
    gold.spans["chunks"] = [Span(gold, 0, 2, "NP"), Span(gold, 1, 3, "NP")]
    overlapping = Example(Doc(VOCAB, words=words), gold)
    assert span_scores([overlapping], "spans", "chunks", "spans_chunks") is None


CORPORA = [
    ("conll2003/eng.testa", {"word": 0, "ents": 3}, "ents"),
    ("wnut17/emerging.dev.conll", {"word": 0, "ents": 1}, "ents"),
    ("wikigold/wikigold.conll.txt", {"word": 0, "ents": 1}, "ents"),
    ("conll2000/dev.txt", {"word": 0, "chunks": 2}, "spans"),
    ("conll2000/dev.txt", {"word": 0, "tag": 1}, "tag"),
    ("ud_english_lines/en_lines-ud-dev.conllu", None, "pos"),
]


@pytest.mark.slow
@pytest.mark.parametrize("docs", ["sentence", "document"])
@pytest.mark.parametrize(("name", "columns", "target"), CORPORA)
def test_corpora(name, columns, target, docs, by_libraries):
    """Predictions that are wrong here and there, over whole corpora."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    if columns:
        reader = ConllCorpus(path, columns=columns, docs=docs)
    else:
        reader = ConlluCorpus(path, docs=docs)
    batch = list(reader(spacy.blank("en")))
    for n, example in enumerate(batch):
        gold, predicted = example.reference, example.predicted
        if target in ("ents", "spans"):
            spans = gold.ents if target == "ents" else gold.spans["chunks"]
            wrong = [
                Span(predicted, s.start, s.end, "NEW" if (i + n) % 9 == 1 else s.label_)
                for i, s in enumerate(spans)
                if (i + n) % 7
            ]
            if target == "ents":
                predicted.ents = wrong
            else:
                predicted.spans["chunks"] = wrong
            continue
        for i, (mine, theirs) in enumerate(zip(predicted, gold, strict=True)):
            value = getattr(theirs, f"{target}_")
            setattr(mine, f"{target}_", "X" if (i + n) % 7 == 0 else value)
    ours = seqeval_score(batch, target=target)
    assert any(value and value != 1.0 for value in ours.values())
    assert_same(ours, by_libraries(batch, target=target))
