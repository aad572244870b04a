"""The demo corpus is what its generator makes, and cannot be learned by heart."""

import os
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from spacy_birnn.schemes import decode

from .conftest import ROOT

DEMO = ROOT / "assets" / "demo"
SIZES = {"train": 1000, "dev": 200, "test": 300}
LABELS = {"PER", "ORG", "LOC", "DATE", "PRODUCT"}


def read(split):
    text = (DEMO / f"{split}.conll").read_text(encoding="utf-8")
    for block in text.strip().split("\n\n"):
        rows = [row.split("\t") for row in block.split("\n")]
        yield [word for word, _ in rows], [tag for _, tag in rows]


@pytest.fixture(scope="module")
def corpus():
    """For each split, sentences as (words, spans)."""
    sentences = {}
    for split in SIZES:
        sentences[split] = []
        for words, tags in read(split):
            spans, repairs = decode(tags, "iob2")
            assert repairs == 0
            sentences[split].append((words, spans))
    return sentences


def entities(sentences):
    for words, spans in sentences:
        for start, end, label in spans:
            yield tuple(words[start:end]), label


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_same_seed_makes_the_same_bytes(tmp_path, hash_seed):
    script = ROOT / "scripts" / "make_demo_corpus.py"
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run([sys.executable, script, tmp_path], check=True, env=env)
    for split in SIZES:
        made = (tmp_path / f"{split}.conll").read_bytes()
        assert made == (DEMO / f"{split}.conll").read_bytes()


def test_another_seed_makes_another_corpus(tmp_path):
    script = ROOT / "scripts" / "make_demo_corpus.py"
    subprocess.run([sys.executable, script, tmp_path, "--seed", "1"], check=True)
    assert (tmp_path / "dev.conll").read_bytes() != (DEMO / "dev.conll").read_bytes()


def test_sizes_and_labels(corpus):
    assert {split: len(sentences) for split, sentences in corpus.items()} == SIZES
    for sentences in corpus.values():
        counts = Counter(label for _, label in entities(sentences))
        assert set(counts) == LABELS
        assert min(counts.values()) > 0.05 * sum(counts.values())
        assert sum(not spans for _, spans in sentences) > 0.04 * len(sentences)


def test_no_sentence_occurs_twice(corpus):
    texts = [" ".join(words).lower() for split in SIZES for words, _ in corpus[split]]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_many_names_are_new(corpus, split):
    known = {text for text, _ in entities(corpus["train"])}
    words = {word for sentence, _ in corpus["train"] for word in sentence}
    found = list(entities(corpus[split]))
    new = sum(text not in known for text, _ in found)
    with_new_words = sum(not words.issuperset(text) for text, _ in found)
    assert new > 0.55 * len(found)
    assert with_new_words > 0.35 * len(found)


def test_words_are_ambiguous(corpus):
    labels = defaultdict(set)
    for words, spans in corpus["train"]:
        inside = {i: label for start, end, label in spans for i in range(start, end)}
        for i, word in enumerate(words):
            labels[word].add(inside.get(i, "O"))
    assert labels["May"] >= {"DATE", "PER", "O"}
    assert labels["Jordan"] >= {"PER", "LOC"}
    several = sum(len(kinds) > 1 for kinds in labels.values())
    assert several > 0.15 * len(labels)
    assert sum(len(kinds) > 2 for kinds in labels.values()) > 60


def test_a_dictionary_does_badly(corpus):
    """Longest match of the entities in train, each with its most frequent label."""
    known = defaultdict(Counter)
    for text, label in entities(corpus["train"]):
        known[text][label] += 1
    longest = max(map(len, known))
    right = predicted = gold = 0
    for words, spans in corpus["test"]:
        found = []
        i = 0
        while i < len(words):
            ends = range(min(i + longest, len(words)), i, -1)
            end = next((end for end in ends if tuple(words[i:end]) in known), None)
            if end is not None:
                label = known[tuple(words[i:end])].most_common(1)[0][0]
                found.append((i, end, label))
            i = end or i + 1
        right += len(set(found) & set(spans))
        predicted += len(found)
        gold += len(spans)
    assert 0.2 < 2 * right / (predicted + gold) < 0.5
