import re
import warnings
from functools import partial

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.loop import create_evaluation_callback

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.evaluation import (
    FIRST_RATIO,
    MIN_STEPS,
    WORDS_RATIO,
    DevSet,
    EvaluationPlan,
    NoDevSet,
)
from spacy_birnn.training.progress import Progress

WEIGHTS = {"ents_f": 0.7, "tag_acc": 0.3, "ents_p": 0.0, "ents_per_type": None}


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    nlp.add_pipe("tagger").add_label("N")
    nlp.initialize(lambda: read(nlp))
    ruler.add_patterns([{"label": "PER", "pattern": "Ada"}])
    return nlp


def read(nlp):
    for words, ents in ((["Ada", "left"], ["B-PER", "O"]), (["Rosa"], ["B-PER"])):
        gold = Doc(nlp.vocab, words=words, ents=ents, tags=["N"] * len(words))
        yield Example(Doc(nlp.vocab, words=words), gold)


def test_scores_are_those_of_spacy(nlp):
    dev = DevSet(nlp, lambda: read(nlp), WEIGHTS)
    total, scores = create_evaluation_callback(nlp, read, WEIGHTS)()
    for _ in range(2):
        ours, figures = dev.evaluate()
        assert ours == total
        assert figures == {k: v for k, v in scores.items() if k != "speed"}
        assert not any(example.predicted.ents for example in dev.examples())
    assert dev.n_words == 3


def test_weights_of_unknown_scores_are_named_once(nlp):
    dev = DevSet(nlp, lambda: read(nlp), {"ents_ff": 0.5, "ents_f": 0.5})
    with pytest.warns(UserWarning, match="W494.*ents_ff.*did you mean 'ents_f'"):
        dev.evaluate()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "W494|.*ents_ff")
        dev.evaluate()


def test_the_tokenizer_s_scores_are_not_meant(nlp):
    dev = DevSet(nlp, lambda: read(nlp), {"tok_acc": 0.5, "ents_f": 0.5})
    with pytest.warns(UserWarning, match="W494.*tok_acc.*did you mean 'tag_acc'"):
        dev.evaluate()


def test_weights_of_nothing_but_unknown_scores_are_refused(nlp):
    """The dev corpus is not to blame."""
    dev = DevSet(nlp, lambda: read(nlp), {"pos_acc": 0.5, "np_f": 0.5})
    with pytest.raises(BirnnError, match=r"^\[B071\].* pos_acc, np_f .*tag_acc"):
        dev.evaluate()


def test_labels_that_training_does_not_have_are_named_once():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner")
    nlp.initialize(lambda: read(nlp))
    told = r"W497.*'birnn_ner'.* labels LOC, ORG, .* none \(PER\)"
    for labels, is_told in (("ORG LOC", True), ("ORG PER", False)):
        words = [f"B-{label}" for label in labels.split()]
        gold = Doc(nlp.vocab, words=["a", "b"], ents=words)
        examples = [Example(nlp.make_doc("a b"), gold)]
        dev = DevSet(nlp, partial(list, examples), {"ents_f": 1.0})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            dev.evaluate()
            dev.evaluate()
        lines = [str(w.message) for w in caught if "W497" in str(w.message)]
        assert len(lines) == is_told
        assert all(re.search(told, line) for line in lines)
    assert pipe.labels == ("PER",)


def test_a_score_that_is_no_number(nlp):
    dev = DevSet(nlp, lambda: read(nlp), {"ents_per_type": 0.5})
    with pytest.raises(BirnnError, match="B090.*ents_per_type.*dict"):
        dev.evaluate()


def test_the_file_is_read_once(nlp):
    n_read = 0

    def counted():
        nonlocal n_read
        n_read += 1
        return read(nlp)

    dev = DevSet(nlp, counted, WEIGHTS)
    for _ in range(3):
        dev.evaluate()
    assert n_read == 1


def test_documents_of_one_length_are_tagged_together(nlp):
    lengths = []

    @Language.component("count_tokens")
    def count_tokens(doc):
        lengths.append(len(doc))
        return doc

    nlp.add_pipe("count_tokens")
    _, scores = DevSet(nlp, lambda: read(nlp), WEIGHTS).evaluate()
    assert lengths == [1, 2]
    assert scores["ents_r"] == 0.5  # each is scored against its own gold


def steps_of(frequency, dev_words, n_steps=2000, words_per_step=100):
    plan, progress, steps = EvaluationPlan(frequency), Progress(), []
    for step in range(n_steps):
        progress.step, progress.words = step, (step + 1) * words_per_step
        if plan.is_due(progress, dev_words):
            progress.results.append((0.5, step))
            progress.words_evaluated = progress.words
            steps.append(step)
    return steps


def test_fixed_steps():
    assert steps_of(30, 1000, 100) == [0, 30, 60, 90]


def test_evaluation_becomes_rarer_until_it_is_cheap():
    steps = steps_of(None, 10_000, 6000)
    gaps = [later - step for step, later in zip(steps, steps[1:])]
    assert steps[0] == 0
    assert gaps[0] == FIRST_RATIO * 10_000 / 100
    assert gaps == sorted(gaps)
    assert gaps[-1] == WORDS_RATIO * 10_000 / 100


def test_a_small_dev_set_is_not_evaluated_all_the_time():
    steps = steps_of(None, 10)
    assert {later - step for step, later in zip(steps, steps[1:])} == {MIN_STEPS}


def test_the_last_step_is_evaluated_where_evaluation_adapts():
    progress = Progress(step=8, results=[(0.5, 5)])
    assert EvaluationPlan(None).is_due_at_end(progress)
    assert not EvaluationPlan(5).is_due_at_end(progress)
    progress.results.append((0.5, 7))
    assert not EvaluationPlan(None).is_due_at_end(progress)
    assert not EvaluationPlan(None).is_due_at_end(Progress())


def test_without_dev_nothing_is_scored_and_an_epoch_has_a_line(nlp):
    dev = NoDevSet(nlp, 6000)
    assert dev.evaluate() == (None, {})
    assert dev.examples() == []
    steps = steps_of(None, dev.n_words, 10_000)
    gaps = [later - step for step, later in zip(steps, steps[1:])]
    assert gaps[-1] * 100 == 6000
