"""Scores of spans against seqeval, kinds of errors against their definition."""

from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_birnn.diagnostics.bootstrap import Bootstrap
from spacy_birnn.diagnostics.mentions import Mention, Sentence
from spacy_birnn.diagnostics.outcomes import CORRECT, KINDS, outcomes_of
from spacy_birnn.diagnostics.span_analysis import ALL, SpanAnalysis
from spacy_birnn.scorers import seqeval_score, tag_sequences

from .toys import examples_of

LENGTH = 6
FEW = partial(Bootstrap, resamples=5)


@st.composite
def iob2(draw, length=LENGTH):
    """Valid IOB2 tags over two types."""
    tags, before = [], "O"
    for _ in range(length):
        choices = ["O", "B-A", "B-B"]
        if before != "O":
            choices.append(f"I-{before[2:]}")
        before = draw(st.sampled_from(choices))
        tags.append(before)
    return tags


STARTS = st.lists(st.booleans(), min_size=LENGTH - 1, max_size=LENGTH - 1)
DOCS = st.lists(st.tuples(iob2(), iob2(), STARTS), min_size=1, max_size=4)


def analysis_of(docs):
    gold, predicted, starts = zip(*docs, strict=True)
    cuts = [[True, *row] for row in starts]
    return SpanAnalysis(examples_of(gold, predicted, cuts), "ents", bootstrap=FEW)


@given(DOCS)
@settings(deadline=None, max_examples=40)
def test_scores_are_seqeval_s_in_both_modes_by_type_and_together(docs):
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
    from seqeval.metrics.v1 import precision_recall_fscore_support as strict_prf
    from seqeval.scheme import IOB2

    gold, predicted, starts = zip(*docs, strict=True)
    examples = examples_of(gold, predicted, [[True, *row] for row in starts])
    analysis = SpanAnalysis(examples, "ents", bootstrap=FEW)
    tags = tag_sequences(examples, "ents")[:2]
    for strict in (False, True):
        if strict:
            by_type = strict_prf(*tags, scheme=IOB2, zero_division=0, average=None)
        else:
            by_type = precision_recall_fscore_support(
                *tags, zero_division=0, average=None
            )
        rows = {row.name: row.model for row in analysis.scores(strict)}
        total = rows.pop(ALL, None)
        of_seqeval = dict(zip(sorted(rows), zip(*by_type, strict=True), strict=False))
        for name, (p, r, f, support) in of_seqeval.items():
            score = rows[name]
            assert (score.precision or 0.0, score.recall or 0.0) == (p, r)
            assert score.value == pytest.approx(f)
            assert score.gold == support
        if total is not None:
            key = "ents_seqeval_strict_f" if strict else "ents_seqeval_f"
            assert total.value == pytest.approx(seqeval_score(examples)[key])
            low, high = total.interval
            assert 0 <= low <= high <= 1


@given(DOCS)
@settings(deadline=None, max_examples=60)
def test_outcomes_add_up_to_both_sides(docs):
    analysis = analysis_of(docs)
    for sentence, outcomes in zip(analysis.sentences, analysis.outcomes, strict=True):
        gold = [o.gold for o in outcomes if o.gold is not None]
        predicted = [o.predicted for o in outcomes if o.predicted is not None]
        assert sorted(gold) == sentence.gold
        assert sorted(predicted) == sentence.predicted
        for kind, one, other in outcomes:
            assert kind == kind_of(one, other)
        # Nothing is left apart that could have been matched.
        missed = [o.gold for o in outcomes if o.kind == "missed"]
        spurious = [o.predicted for o in outcomes if o.kind == "spurious"]
        for one, other in product(missed, spurious):
            assert one.end <= other.start or other.end <= one.start
    kinds = analysis.kinds()[ALL]
    total = {row.name: row.model for row in analysis.scores()}.get(ALL)
    if total is not None:
        assert kinds[CORRECT] == total.right
        assert sum(kinds.values()) - kinds["spurious"] == total.gold
        assert sum(kinds.values()) - kinds["missed"] == total.predicted
    assert sum(analysis.confusion().values()) == sum(kinds.values())


def kind_of(gold, predicted):
    """The definition of each kind."""
    if gold is None:
        return "spurious"
    if predicted is None:
        return "missed"
    assert gold.start < predicted.end
    assert predicted.start < gold.end
    same_place = (gold.start, gold.end) == (predicted.start, predicted.end)
    same_type = gold.label == predicted.label
    if same_place:
        return CORRECT if same_type else "type"
    return "boundary" if same_type else "both"


def outcomes(gold, predicted):
    sides = [[Mention(*mention) for mention in side] for side in (gold, predicted)]
    found = outcomes_of(Sentence(0, 0, "x" * 20, [], *sides))
    return [
        (o.kind, o.gold and o.gold[:2], o.predicted and o.predicted[:2]) for o in found
    ]


def test_which_spans_belong_together():
    """The same type comes before a larger overlap, and that before the left."""
    gold = [(0, 4, "A")]
    assert outcomes(gold, [(0, 1, "A"), (1, 4, "B")]) == [
        ("boundary", (0, 4), (0, 1)),
        ("spurious", None, (1, 4)),
    ]
    assert outcomes(gold, [(0, 1, "B"), (1, 6, "B")]) == [
        ("spurious", None, (0, 1)),
        ("both", (0, 4), (1, 6)),
    ]
    assert outcomes(gold, [(0, 2, "A"), (2, 4, "A")]) == [
        ("boundary", (0, 4), (0, 2)),
        ("spurious", None, (2, 4)),
    ]
    assert outcomes([(0, 2, "A"), (4, 6, "B")], [(0, 2, "B"), (9, 12, "A")]) == [
        ("type", (0, 2), (0, 2)),
        ("missed", (4, 6), None),
        ("spurious", None, (9, 12)),
    ]
    assert KINDS == ("type", "boundary", "both", "missed", "spurious")
