"""What prediction keeps of word forms never shows: not in what is predicted before, nor
after the weights or the vectors have changed."""

import copy
import pickle

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vectors import Vectors
from thinc.api import Adam, to_numpy

from spacy_birnn.models.forms import FormTable
from spacy_birnn.models.shim import forget

from .toys import config, emissions, examples, trained

TEXT = "Anna often rains in Old Harbour with 3 quite new words and Ω"
WORDS = TEXT.split()


def with_chars(chars):
    """An untrained pipeline; its weights do for what is asked here."""
    nlp = spacy.blank("en")
    settings = config()
    settings["model"]["tok2vec"]["embed"]["chars"] = chars
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp), sgd=Adam(0.01))
    return nlp


def docs_of(nlp):
    return [Doc(nlp.vocab, words=WORDS[i:]) for i in range(0, len(WORDS), 3)]


def scores(nlp):
    return numpy.concatenate(emissions(nlp, docs_of(nlp)))


def fresh_scores(nlp):
    """With nothing kept."""
    for node in nlp.get_pipe("birnn_ner").model.walk():
        if "forms" in node.attrs:
            node.attrs["forms"] = FormTable()
    return scores(nlp)


@pytest.mark.parametrize("chars", ["cnn", "rnn", "none"])
def test_what_was_predicted_before_does_not_change_a_bit(chars):
    nlp = with_chars(chars)
    want = fresh_scores(nlp)
    for doc in reversed(docs_of(nlp)):
        for word in doc:
            nlp(Doc(nlp.vocab, words=[word.text]))
        nlp(doc)
    assert numpy.array_equal(scores(nlp), want)


def assert_follows(nlp, before):
    """What is predicted now is what a pipeline says that has kept nothing."""
    after = scores(nlp)
    assert numpy.abs(after - before).max() > 1e-4
    assert numpy.array_equal(after, fresh_scores(nlp))


def test_training():
    nlp = trained()
    before = scores(nlp)
    nlp.update(examples(nlp), sgd=Adam(0.01))
    assert_follows(nlp, before)


def test_averages():
    nlp = trained()
    optimizer = Adam(0.05, use_averages=True)
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer)
    before = scores(nlp)
    with nlp.use_params(optimizer.averages):
        averaged = scores(nlp)
        assert_follows(nlp, before)
    assert numpy.array_equal(scores(nlp), before)
    assert numpy.abs(averaged - before).max() > 1e-4


def test_other_weights_from_a_file():
    nlp, other = trained(), trained(steps=3)
    before = scores(nlp)
    nlp.from_bytes(other.to_bytes())
    assert_follows(nlp, before)


def test_gradients_that_are_still_added_up():
    """The module notes characters before the optimizer makes its step."""
    settings = config()
    settings["model"]["tok2vec"]["embed"]["vectors"] = "none"
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp), sgd=Adam(0.01))
    before = scores(nlp)
    words = Doc(nlp.vocab, words=["Ω3", "3Ω", "quite"])
    new = Doc(nlp.vocab, words=["Ω3", "3Ω", "quite"], ents=["O"] * 3)
    nlp.update([Example(words, new)], sgd=False)
    assert_follows(nlp, before)


def test_a_copy_in_another_process_counts_its_changes_for_itself():
    shim = next(
        shim
        for node in trained().get_pipe("birnn_ner").model.walk()
        for shim in node.shims
    )
    kept = shim._version
    for copied in (pickle.loads(pickle.dumps(shim)), copy.deepcopy(shim)):
        assert copied._version != kept


def with_vectors(mode="frozen"):
    """An untrained pipeline over vectors of all words but the last."""
    nlp = spacy.blank("en")
    rng = numpy.random.default_rng(0)
    nlp.vocab.vectors = Vectors(shape=(len(WORDS) + 2, 12))
    for word in WORDS[:-1]:
        nlp.vocab.set_vector(word, rng.normal(size=12).astype("f"))
    settings = config()
    settings["model"]["tok2vec"]["embed"]["vectors"] = mode
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    return nlp


def replaced(vectors):
    data = numpy.random.default_rng(1).normal(size=vectors.shape).astype("f")
    return Vectors(data=data, keys=list(vectors.key2row))


def other_table(nlp):
    nlp.vocab.vectors = replaced(nlp.vocab.vectors)


def other_array(nlp):
    nlp.vocab.vectors.data = nlp.vocab.vectors.data * 2.0


def set_vector_of_a_known_word(nlp):
    nlp.vocab.set_vector(WORDS[2], numpy.ones(12, "f"))


def set_vector_of_a_new_word(nlp):
    nlp.vocab.set_vector(WORDS[-1], numpy.ones(12, "f"))


def another_row(nlp):
    vectors = nlp.vocab.vectors
    vectors.add(nlp.vocab[WORDS[2]].orth, row=vectors.key2row[nlp.vocab[WORDS[0]].orth])


def written_in_place(nlp):
    nlp.vocab.vectors.data[nlp.vocab.vectors.key2row[nlp.vocab[WORDS[2]].orth]] *= -1.0


def resized(nlp):
    nlp.vocab.vectors.resize((3, 12))


def resized_in_place(nlp):
    nlp.vocab.vectors.resize((3, 12), inplace=True)


CHANGES = [
    other_table,
    other_array,
    set_vector_of_a_known_word,
    set_vector_of_a_new_word,
    another_row,
    written_in_place,
    resized,
    pytest.param(resized_in_place, marks=pytest.mark.cpu),  # spaCy's E192
]


@pytest.mark.parametrize("mode", ["frozen", "finetune"])
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_vectors_is_noticed(change, mode):
    nlp = with_vectors(mode)
    before = scores(nlp)
    change(nlp)
    assert_follows(nlp, before)


def test_memory_that_is_freed_and_taken_again():
    nlp = with_vectors()
    for factor in (2.0, 0.5, -1.0):
        before = scores(nlp)
        nlp.vocab.vectors.data = nlp.vocab.vectors.data * factor
        assert_follows(nlp, before)


def test_docs_of_another_vocabulary():
    nlp, other = with_vectors(), spacy.blank("en")
    other.vocab.vectors = replaced(nlp.vocab.vectors)
    model = nlp.get_pipe("birnn_ner").model
    first, second = (Doc(vocab, words=WORDS) for vocab in (nlp.vocab, other.vocab))
    want = [to_numpy(model.predict([doc])[0]).copy() for doc in (first, second)]
    assert numpy.abs(want[0] - want[1]).max() > 1e-4
    for i, doc in enumerate((first, second, first)):
        assert numpy.array_equal(to_numpy(model.predict([doc])[0]), want[i % 2])


def test_weights_that_are_written_to_past_torch():
    """Not noticed: prediction is told to forget."""
    nlp = trained()
    before = scores(nlp)
    model = nlp.get_pipe("birnn_ner").model
    for node in model.walk():
        for shim in node.shims:
            for param in shim.module.parameters():
                param.data.mul_(1.5)
    forget(model)
    assert_follows(nlp, before)
