import json
import subprocess
import sys

import pytest
import spacy
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from spacy_birnn.scorers import (
    make_seqeval_scorer,
    seqeval_report,
    seqeval_score,
    tag_prf,
    tag_sequences,
)


@pytest.fixture(scope="module")
def vocab():
    return spacy.blank("en").vocab


def make_doc(vocab, words, ents=None, starts=None, **kwargs):
    sent_starts = None if starts is None else [i in starts for i in range(len(words))]
    doc = Doc(vocab, words=words, sent_starts=sent_starts, **kwargs)
    if ents is not None:
        doc.set_ents([Span(doc, *span) for span in ents])
    return doc


def make_example(vocab, words, predicted, gold, starts=None):
    return Example(
        make_doc(vocab, words, predicted), make_doc(vocab, words, gold, starts)
    )


WORDS = ["Ada", "Lovelace", "met", "Mary", "Somerville", "in", "London", "."]


def test_perfect_prediction(vocab):
    ents = [(0, 2, "PER"), (3, 5, "PER"), (6, 7, "LOC")]
    scores = make_seqeval_scorer()([make_example(vocab, WORDS, ents, ents)])
    figures = {key: scores[key] for key in scores if key.endswith(("_p", "_r", "_f"))}
    assert len(figures) == 9
    assert set(figures.values()) == {1.0}
    assert set(scores["ents_per_type"]) == {"PER", "LOC"}
    assert scores["ents_seqeval_split"] == 0


def test_figures_of_a_partly_wrong_prediction(vocab):
    gold = [(0, 2, "PER"), (3, 5, "PER"), (6, 7, "LOC")]
    predicted = [(0, 2, "PER"), (3, 4, "PER")]
    scores = seqeval_score([make_example(vocab, WORDS, predicted, gold)])
    for prefix in ("ents", "ents_seqeval", "ents_seqeval_strict"):
        assert scores[f"{prefix}_p"] == pytest.approx(1 / 2)
        assert scores[f"{prefix}_r"] == pytest.approx(1 / 3)
        assert scores[f"{prefix}_f"] == pytest.approx(2 / 5)
    assert scores["ents_per_type"]["LOC"]["r"] == 0.0


def test_neighbours_of_one_type_are_two_entities(vocab):
    """What the default mode reads wrongly from BILOU, IOB2 keeps apart."""
    gold = [(0, 1, "PER"), (1, 2, "PER")]
    scores = seqeval_score([make_example(vocab, WORDS, [(0, 2, "PER")], gold)])
    assert scores["ents_seqeval_f"] == scores["ents_seqeval_strict_f"] == 0.0


def test_values_are_plain_numbers(vocab):
    ents = [(0, 2, "PER")]
    scores = seqeval_score([make_example(vocab, WORDS, ents, ents)])
    assert json.loads(json.dumps(scores)) == scores
    for key in ("ents_f", "ents_seqeval_f", "ents_seqeval_strict_p"):
        assert type(scores[key]) is float
    assert type(scores["ents_seqeval_split"]) is int


def test_entity_that_crosses_a_sentence_is_split_and_counted(vocab):
    """Gold says one entity over a sentence start, the prediction its two halves."""
    words = ["He", "read", "Nature", "Science", "daily"]
    gold, starts = [(2, 4, "ORG")], [0, 3]
    halves = [(2, 3, "ORG"), (3, 4, "ORG")]
    scores = seqeval_score([make_example(vocab, words, halves, gold, starts)])
    assert scores["ents_f"] == 0.0
    # Default mode reads the second half, I-ORG at a sentence start, as an entity.
    assert scores["ents_seqeval_f"] == 1.0
    assert scores["ents_seqeval_strict_r"] == 1.0
    assert scores["ents_seqeval_strict_p"] == 0.5
    assert scores["ents_seqeval_split"] == 1
    tags = tag_sequences([make_example(vocab, words, halves, gold, starts)], "ents")
    assert tags[0] == [["O", "O", "B-ORG"], ["I-ORG", "O"]]
    assert tags[1] == [["O", "O", "B-ORG"], ["B-ORG", "O"]]


def test_doc_without_sentence_starts_is_one_sentence(vocab):
    ents = [(3, 5, "PER")]
    gold, predicted, n_split = tag_sequences(
        [make_example(vocab, WORDS, ents, ents)], "ents"
    )
    assert len(gold) == len(predicted) == 1
    assert len(gold[0]) == len(WORDS)
    assert n_split == 0


def test_unannotated_gold_is_skipped(vocab):
    ents = [(0, 2, "PER")]
    annotated = make_example(vocab, WORDS, ents, ents)
    unannotated = make_example(vocab, WORDS, [(3, 5, "PER")], None)
    alone, both = seqeval_score([annotated]), seqeval_score([annotated, unannotated])
    assert alone == both
    nothing = seqeval_score([unannotated])
    assert nothing.pop("ents_seqeval_split") == 0
    assert len(nothing) == 10
    assert set(nothing.values()) == {None}


def test_prediction_on_missing_annotation_is_ignored(vocab):
    """Tokens 3 to 7 have no entity annotation at all."""
    gold = make_doc(vocab, WORDS)
    gold.set_ents(
        [Span(gold, 0, 2, "PER")],
        outside=[Span(gold, 2, 3)],
        default="missing",
    )
    predicted = make_doc(vocab, WORDS, [(0, 2, "PER"), (3, 5, "PER")])
    scores = seqeval_score([Example(predicted, gold)])
    assert scores["ents_p"] == scores["ents_seqeval_p"] == 1.0
    assert scores["ents_seqeval_strict_p"] == 1.0


def test_another_tokenization_is_aligned(vocab):
    gold = make_doc(vocab, ["Ada", "Lovelace's", "notes"], [(0, 2, "PER")])
    words, spaces = ["Ada", "Lovelace", "'s", "notes"], [True, False, True, True]
    same = make_doc(vocab, words, [(0, 3, "PER")], spaces=spaces)
    assert seqeval_score([Example(same, gold)])["ents_seqeval_strict_f"] == 1.0
    shorter = make_doc(vocab, words, [(0, 2, "PER")], spaces=spaces)
    assert seqeval_score([Example(shorter, gold)])["ents_seqeval_f"] == 0.0


def test_one_predicted_token_over_two_gold_ones(vocab):
    gold = make_doc(vocab, ["Mary", "Ada", "read"], [(0, 1, "PER"), (1, 2, "PER")])
    predicted = make_doc(vocab, ["MaryAda", "read"], [(0, 1, "PER")])
    gold_tags, predicted_tags, _ = tag_sequences([Example(predicted, gold)], "ents")
    assert gold_tags == [["B-PER", "B-PER", "O"]]
    assert predicted_tags == [["B-PER", "I-PER", "O"]]


def test_white_space_never_matters(vocab):
    gold = make_doc(vocab, ["in", "London"], [(1, 2, "LOC")])
    predicted = make_doc(
        vocab, ["in", "\n\n", "London"], [(2, 3, "LOC")], spaces=[True, False, False]
    )
    scores = seqeval_score([Example(predicted, gold)])
    assert scores["ents_f"] == scores["ents_seqeval_f"] == 1.0
    space = make_doc(
        vocab, ["in", "\n\n", "London"], [(1, 2, "LOC")], spaces=[True, False, False]
    )
    assert seqeval_score([Example(space, gold)])["ents_seqeval_p"] == 0.0


def test_white_space_at_the_edges_of_spans_never_counts(vocab):
    words = ["in", "\n", "New", " ", "York", " ", "today"]
    wide, trimmed = [(1, 6, "LOC")], [(2, 5, "LOC")]
    for predicted, gold in ((wide, trimmed), (trimmed, wide), (wide, wide)):
        example = make_example(vocab, words, predicted, gold)
        scores = seqeval_score([example])
        assert scores["ents_f"] == scores["ents_seqeval_strict_f"] == 1.0
        assert scores["ents_per_type"]["LOC"]["f"] == 1.0
        assert [(e.start, e.end, e.label_) for e in example.reference.ents] == gold
        example.reference.spans["np"] = list(example.reference.ents)
        example.predicted.spans["np"] = list(example.predicted.ents)
        scores = seqeval_score([example], target="spans", spans_key="np")
        assert scores["spans_np_f"] == 1.0
    space = make_example(vocab, words, [(3, 4, "LOC")], [(3, 4, "LOC")])
    assert seqeval_score([space])["ents_f"] is None


def test_missing_annotation_beside_a_trimmed_span_stays_missing(vocab):
    words = ["New", " ", "York", "\n", "Otto"]
    gold, predicted = make_doc(vocab, words), make_doc(vocab, words)
    gold.set_ents([Span(gold, 0, 4, "LOC")], default="missing")
    predicted.set_ents([Span(predicted, 0, 3, "LOC"), Span(predicted, 4, 5, "PER")])
    scores = seqeval_score([Example(predicted, gold)])
    assert scores["ents_p"] == scores["ents_seqeval_p"] == 1.0


def chunk_example(vocab, predicted, gold, key="chunks"):
    docs = make_doc(vocab, WORDS), make_doc(vocab, WORDS)
    for doc, spans in zip(docs, (predicted, gold), strict=True):
        if spans is not None:
            doc.spans[key] = [Span(doc, *span) for span in spans]
    return Example(*docs)


def test_spans_of_any_key(vocab):
    example = chunk_example(vocab, [(0, 2, "NP")], [(0, 2, "NP"), (2, 3, "VP")], "np")
    scores = seqeval_score([example], target="spans", spans_key="np")
    for prefix in ("spans_np", "spans_np_seqeval", "spans_np_seqeval_strict"):
        assert scores[f"{prefix}_p"] == 1.0
        assert scores[f"{prefix}_r"] == 0.5
    assert scores["spans_np_per_type"]["VP"]["f"] == 0.0
    assert not any(key.startswith("ents") for key in scores)


def test_absent_key_is_missing_and_empty_group_is_all_outside(vocab):
    """Missing annotation (`-`, `None`, unannotated) is not `O` (behaviour 4)."""
    absent = chunk_example(vocab, [(0, 2, "NP")], None)
    assert seqeval_score([absent], target="spans")["spans_chunks_seqeval_f"] is None
    empty = chunk_example(vocab, [(0, 2, "NP")], [])
    assert seqeval_score([empty], target="spans")["spans_chunks_seqeval_p"] == 0.0
    assert seqeval_score([empty], target="spans")["spans_chunks_p"] == 0.0


def test_no_warning_where_nothing_is_predicted(vocab, recwarn):
    example = make_example(vocab, WORDS, [], [(0, 2, "PER")])
    scores = seqeval_score([example])
    assert scores["ents_seqeval_f"] == scores["ents_seqeval_strict_f"] == 0.0
    blank = make_example(vocab, WORDS, [], [])
    assert seqeval_score([blank])["ents_seqeval_f"] == 0.0
    assert not recwarn.list


@pytest.mark.parametrize("target", ["ents", "spans", "tag", "_.slot"])
def test_no_examples_and_empty_docs(vocab, target):
    none = seqeval_score([], target=target)
    empty = seqeval_score([make_example(vocab, [], None, None)], target=target)
    assert none == empty
    assert all(not value for value in none.values())


def tag_example(vocab, predicted, gold, attr="tags"):
    return Example(
        Doc(vocab, words=WORDS[:3], **{attr: predicted}),
        Doc(vocab, words=WORDS[:3], **{attr: gold}),
    )


@pytest.mark.parametrize(
    ("target", "attr", "tags"),
    [("tag", "tags", ["NNP", "NNP", "VBD"]), ("pos", "pos", ["PROPN", "NOUN", "VERB"])],
)
def test_token_accuracy(vocab, target, attr, tags):
    wrong = [tags[2], *tags[1:]]
    scores = seqeval_score([tag_example(vocab, wrong, tags, attr)], target=target)
    assert scores == {f"{target}_acc": pytest.approx(2 / 3)}


def test_missing_tags_are_skipped(vocab):
    example = tag_example(vocab, ["NN", "NN", "VBD"], ["NNP", "", "VBD"])
    assert seqeval_score([example], target="tag") == {"tag_acc": 0.5}


def test_custom_attribute():
    Token.set_extension("scored", default=None)
    try:
        vocab = spacy.blank("en").vocab
        example = tag_example(vocab, None, None)
        for docs, slots in zip(
            (example.predicted, example.reference), ("xy-", "xz-"), strict=True
        ):
            for token, slot in zip(docs, slots, strict=True):
                token._.scored = None if slot == "-" else slot
        assert seqeval_score([example], target="_.scored") == {"scored_acc": 0.5}
    finally:
        Token.remove_extension("scored")


def test_table_by_tag(vocab):
    example = tag_example(vocab, ["NNP", "NN", "NN"], ["NNP", "NNP", ""])
    assert tag_prf([example], "tag") == {
        "NN": {"p": 0.0, "r": 0.0, "f": 0.0, "support": 0},
        "NNP": {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3), "support": 2},
    }


def test_table_by_tag_agrees_with_the_accuracy_under_misalignment(vocab):
    gold = Doc(vocab, words=["can", "not", "go"], tags=["MD", "RB", "VB"])
    predicted = Doc(vocab, words=["cannot", "go"], tags=["MD", "VB"])
    table = tag_prf([Example(predicted, gold)], "tag")
    assert table["VB"] == {"p": 1.0, "r": 1.0, "f": 1.0, "support": 1}
    assert table["MD"]["r"] == 0.0
    assert table["RB"]["support"] == 1


def test_report_names_every_type(vocab):
    ents = [(0, 2, "PER-X"), (6, 7, "LOC")]
    gold, predicted, _ = tag_sequences([make_example(vocab, WORDS, ents, ents)], "ents")
    report = seqeval_report(gold, predicted)
    assert "PER-X" in report
    assert "micro avg     1.0000" in report
    assert seqeval_report([["O"]], [["O"]]) == ""


def test_training_config_arguments_are_accepted(vocab):
    """spaCy calls a scorer with the whole `pipe.cfg`."""
    ents = [(0, 2, "PER")]
    example = make_example(vocab, WORDS, ents, ents)
    cfg = {"target": "ents", "overwrite": False, "labels": ("PER",), "confidence": True}
    assert seqeval_score([example], **cfg) == seqeval_score([example])


def test_import_loads_no_seqeval():
    code = (
        "import sys, spacy_birnn.scorers\n"
        "assert not {'seqeval', 'sklearn'} & set(sys.modules), 'heavy import'"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=600).returncode == 0


def test_table_by_tag_asks_for_no_white_space(vocab):
    """As the accuracy: a tag of white space is never right."""
    words, tags = ["can", "\n", "go"], ["MD", "_SP", "VB"]
    docs = (Doc(vocab, words=words, tags=tags) for _ in range(2))
    example = Example(*docs)
    table = tag_prf([example], "tag")
    assert [table[tag]["r"] for tag in tags] == [1.0, 0.0, 1.0]
    accuracy = seqeval_score([example], target="tag")["tag_acc"]
    n_right = sum(row["r"] * row["support"] for row in table.values())
    assert accuracy == pytest.approx(2 * n_right / (2 + 3))
