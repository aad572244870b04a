"""Neighbouring sentences joined in training: which, how often, and what they keep."""

import random
from io import StringIO
from itertools import accumulate, count, islice

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import registry
from thinc.api import compounding

from spacy_birnn.cli.convert import read_docs
from spacy_birnn.cli.init_config import init_config
from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.data.joining import (
    POSITION,
    create_joining_batcher,
    join_by_turns,
    number,
    position,
)
from spacy_birnn.data.neighbours import Run
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")


def example(words):
    starts = [i == 0 for i in range(len(words))]
    docs = (Doc(NLP.vocab, words, sent_starts=starts) for _ in range(2))
    return Example(*docs)


def corpus(n):
    """Sentences of two tokens, of which the first says which one it is."""
    return list(number(example([str(i), "."]) for i in range(n)))


def batches(examples, seed=0, **settings):
    random.seed(seed)
    return list(create_joining_batcher(**settings)(examples))


def sentences_of(example):
    return [int(token.text) for token in example.reference if token.text != "."]


def docs_of(batches):
    return [sentences_of(example) for batch in batches for example in batch]


# --- which are joined -----------------------------------------------------------------


@given(
    n=st.integers(0, 60),
    size=st.integers(1, 9),
    share=st.floats(0, 1),
    longest=st.integers(2, 7),
    seed=st.integers(0, 99),
)
def test_every_sentence_is_there_once_beside_its_neighbours(
    n, size, share, longest, seed
):
    examples = corpus(n)
    random.Random(seed).shuffle(examples)
    found = batches(examples, seed, size=size, share=share, longest=longest)
    docs = docs_of(found)
    assert sorted(i for doc in docs for i in doc) == list(range(n))
    for doc in docs:
        assert doc == list(range(doc[0], doc[0] + len(doc)))
        assert len(doc) <= longest
    sizes = [sum(map(len, docs_of([batch]))) for batch in found]
    assert all(size <= each < size + longest for each in sizes[:-1])


@pytest.mark.parametrize(("share", "longest"), [(0.5, 6), (0.3, 2), (0.8, 12)])
def test_the_share_is_of_sentences(share, longest):
    docs = docs_of(batches(corpus(8000), size=32, share=share, longest=longest))
    lengths = [len(doc) for doc in docs if len(doc) > 1]
    assert sum(lengths) / 8000 == pytest.approx(share, abs=0.04)
    assert set(lengths) == set(range(2, longest + 1))


def test_the_share_grows_over_the_epochs_of_the_warm_up():
    random.seed(0)
    batcher = create_joining_batcher(size=32, share=0.8, warmup=4)
    shares = []
    for _ in range(6):
        docs = docs_of(batcher(corpus(8000)))
        shares.append(sum(len(doc) for doc in docs if len(doc) > 1) / 8000)
    assert shares == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 0.8], abs=0.04)


def of_random_lengths(n):
    drawn = random.Random(1)
    return list(number(example(["x"] * drawn.randint(1, 40)) for _ in range(n)))


@pytest.mark.parametrize("as_stream", [False, True])
def test_a_buffer_puts_docs_of_like_length_together(as_stream):
    examples, longest = of_random_lengths(640), {}
    for buffer in (1, 8):
        random.seed(0)
        batcher = create_joining_batcher(size=16, share=0.5, buffer=buffer)
        found = list(batcher(iter(examples) if as_stream else examples))
        n_tokens = sum(len(each.predicted) for batch in found for each in batch)
        assert n_tokens == sum(len(each.predicted) for each in examples)
        steps = [max(len(each.predicted) for each in batch) for batch in found]
        longest[buffer] = sum(steps) / len(steps)
        assert steps != sorted(steps)
        sizes = [sum(starts_in(each) for each in batch) for batch in found]
        assert min(sizes[:-8]) >= 16 - 11
        assert max(sizes) < 16 + 2 * 12
    assert longest[8] < 0.7 * longest[1]


def starts_in(each):
    return sum(token.is_sent_start is True for token in each.reference)


def test_every_second_run_is_joined():
    docs = docs_of([join_by_turns(corpus(12), 3)])
    assert docs == [[0], [1], [2], [3, 4, 5], [6], [7], [8], [9, 10, 11]]
    assert docs_of([join_by_turns(corpus(4), 3)]) == [[0], [1], [2], [3]]


def test_what_is_joined_follows_the_examples_of_the_epoch():
    batcher = create_joining_batcher(size=4, share=1.0)
    first, second = corpus(12), list(number(example([str(i), "."]) for i in range(6)))
    for examples in (first, second, first[:9], first):
        docs = docs_of(batcher(examples))
        assert sorted(i for doc in docs for i in doc) == list(range(len(examples)))


def test_without_a_share_nothing_is_joined():
    examples = corpus(9)
    found = batches(examples, size=4, share=0.0)
    assert [len(batch) for batch in found] == [4, 4, 1]
    assert {id(each) for batch in found for each in batch} == set(map(id, examples))


def test_every_epoch_is_another_and_a_seed_gives_the_same():
    batcher = create_joining_batcher(size=4)
    random.seed(1)
    one, two = docs_of(batcher(corpus(40))), docs_of(batcher(corpus(40)))
    assert one != two
    random.seed(1)
    assert [docs_of(batcher(corpus(40))) for _ in range(2)] == [one, two]


def test_the_docs_of_a_corpus_in_memory_are_shuffled():
    docs = docs_of(batches(corpus(50), size=4))
    assert docs != sorted(docs)


def test_a_stream_is_read_as_far_as_needed_and_keeps_its_order():
    endless = number(example([str(i), "."]) for i in count())
    batcher = create_joining_batcher(size=5, share=1.0)
    docs = docs_of(islice(batcher(endless), 4))
    assert [i for doc in docs for i in doc] == list(range(sum(map(len, docs))))
    assert any(len(doc) > 1 for doc in docs)


def test_sentences_without_a_number_are_joined_as_they_come():
    examples = [example([str(i), "."]) for i in (5, 3, 9)]
    assert docs_of(batches(examples, size=9, share=1.0, longest=3))[0][:2] == [5, 3]


def test_a_schedule_goes_on_over_the_epochs_and_ends_at_its_last_size():
    batcher = create_joining_batcher(size=[1, 2], share=0.0)
    assert [len(batch) for batch in batcher(corpus(5))] == [1, 2, 2]
    assert [len(batch) for batch in batcher(corpus(4))] == [2, 2]
    schedule = create_joining_batcher(size=compounding(1.0, 8.0, 2.0), share=0.0)
    assert [len(batch) for batch in schedule(corpus(9))] == [1, 2, 4, 2]


def test_an_epoch_of_few_sentences_has_smaller_batches():
    batcher = create_joining_batcher(size=8, share=0.0, min_batches=5)
    assert [len(batch) for batch in batcher(corpus(20))] == [4] * 5
    assert [len(batch) for batch in batcher(corpus(22))] == [5, 5, 5, 5, 2]
    assert [len(batch) for batch in batcher(corpus(3))] == [1] * 3
    # Enough of them, or nobody knows how many: the size counts.
    assert [len(batch) for batch in batcher(corpus(48))] == [8] * 6
    assert [len(batch) for batch in batcher(iter(corpus(20)))] == [8, 8, 4]


@pytest.mark.parametrize(("n", "longest"), [(120, 2), (600, 5), (1440, 12)])
def test_joined_sentences_are_half_of_a_smaller_batch_at_most(n, longest):
    docs = docs_of(batches(corpus(n), size=64, share=1.0, min_batches=60))
    assert max(map(len, docs)) == longest


def test_joined_sentences_stay_together_in_a_smaller_batch():
    found = batches(corpus(40), size=32, share=1.0, longest=6, min_batches=20)
    assert sum(len(doc) for doc in docs_of(found)) == 40
    assert all(len(docs) == 1 for docs in found)


def test_it_is_registered():
    make = registry.batchers.get("spacy-birnn.batch_joined.v1")
    assert make is create_joining_batcher


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"size": 0}, "B080"),
        ({"size": True}, "B080"),
        ({"size": 1, "share": 1.5}, "B081"),
        ({"size": 1, "share": float("nan")}, "B081"),
        ({"size": 1, "longest": 1}, "B082"),
        ({"size": 1, "warmup": -1}, "B083"),
        ({"size": 1, "warmup": True}, "B083"),
        ({"size": 1, "min_batches": 0}, "B084"),
        ({"size": 1, "buffer": 0}, "B087"),
    ],
)
def test_settings_out_of_range(settings, code):
    with pytest.raises(BirnnError, match=code):
        create_joining_batcher(**settings)


# --- the readers ----------------------------------------------------------------------


def test_readers_number_their_examples(tmp_path):
    conll, jsonl = tmp_path / "a.conll", tmp_path / "a.jsonl"
    conll.write_text("Ann B-PER\n\nran O\n\nhome O\n")
    jsonl.write_text('{"w": ["a"], "t": ["O"]}\n' * 3)
    readers = [
        AnyCorpus(conll),
        ConllCorpus(conll),
        create_datasets_reader(str(jsonl), tokens="w", labels="t", target="tag"),
    ]
    for reader in readers:
        examples = list(reader(NLP))
        assert [each.reference.user_data[POSITION] for each in examples] == [0, 1, 2]
        assert list(map(position, examples)) == [0, 1, 2]


def test_a_converted_file_does_not_hold_numbers(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("Ann B-PER\n\nran O\n")
    assert [doc.user_data for doc in read_docs(path)] == [{}, {}]


# --- under `spacy train` --------------------------------------------------------------


@pytest.mark.slow
def test_a_config_of_init_config_trains_with_it_reproducibly(tmp_path, monkeypatch):
    """Every epoch is joined anew, and the same seed gives the same weights."""
    path = tmp_path / "a.conll"
    path.write_text("Ann B-PER\nran O\n\nto O\nRome B-LOC\n\n" * 8)
    config = init_config("ner", "efficiency")
    config["training"].update(max_epochs=3, eval_frequency=100)
    config["training"]["batcher"]["warmup"] = 0
    for corpus in config["corpora"].values():
        corpus.update(path=str(path), joined=0)
    seen = []

    def keep(run):
        seen.append(run.n_docs)
        return joined(run)

    joined = Run.join
    monkeypatch.setattr(Run, "join", keep)
    weights = []
    for _ in range(2):
        nlp = init_nlp(config, use_gpu=-1)
        train(nlp, use_gpu=-1, stdout=StringIO(), stderr=StringIO())
        weights.append(nlp.get_pipe("birnn_ner").model.to_bytes())
    assert weights[0] == weights[1]
    half = len(seen) // 2
    assert seen[:half] == seen[half:]
    assert sum(seen[:half]) == 3 * 16
    epochs = list(accumulate(seen[:half]))
    cut = [epochs.index(16 * i) + 1 for i in (1, 2)]
    assert seen[: cut[0]] != seen[cut[0] : cut[1]]
    assert max(seen) > 1
