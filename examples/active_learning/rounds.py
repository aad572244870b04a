"""Rounds of active learning: train, choose what to annotate, annotate, train again.

    python rounds.py TRAIN.conll DEV.conll [--rounds 4] [--number 60]

TRAIN plays two parts. Its texts are the pool to choose from, and its labels stand for
the annotator: they are read only of sentences that were chosen. Beside the chosen
sentences, as many words drawn at random show what choosing is worth.
"""

import argparse
import random
from pathlib import Path
from typing import List

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.diagnostics import select

EPOCHS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("train", type=Path, help="CoNLL columns, the last with labels")
    parser.add_argument("dev", type=Path, help="the same, to measure on")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--number", type=int, default=60, help="sentences a round")
    args = parser.parse_args()
    pool, dev = read(args.train), read(args.dev)
    order = list(range(len(pool)))
    random.Random(0).shuffle(order)
    chosen = drawn = order[: args.number]
    print("words   chosen   at random")
    for number in range(args.rounds):
        nlp = train([pool[i] for i in chosen])
        f1 = score(nlp, dev)
        at_random = score(train([pool[i] for i in drawn]), dev) if number else f1
        words = n_words(chosen, pool)
        print(f"{words:5}{100 * f1:9.2f}{100 * at_random:12.2f}", flush=True)
        chosen = chosen + choose(nlp, pool, chosen, args.number)
        while n_words(drawn, pool) < n_words(chosen, pool):
            drawn = order[: len(drawn) + 1]


def n_words(sentences: List[int], pool: List[Example]) -> int:
    """How many words are to be read to annotate these sentences."""
    return sum(len(pool[i].reference) for i in sentences)


def read(path: Path) -> List[Example]:
    """The sentences of a file."""
    return list(ConllCorpus(path)(spacy.blank("en")))


def train(examples: List[Example]) -> Language:
    """Train a small pipeline from nothing."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    examples = [in_vocab(nlp, example) for example in examples]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(EPOCHS):
        random.shuffle(examples)
        for batch in minibatch(examples, 8):
            nlp.update(batch, sgd=optimizer, drop=0.3)
    return nlp


def in_vocab(nlp: Language, example: Example) -> Example:
    """The same example in the vocabulary of a pipeline."""
    gold = Doc(nlp.vocab).from_bytes(example.reference.to_bytes())
    return Example(words_of(nlp, gold), gold)


def words_of(nlp: Language, doc: Doc) -> Doc:
    """A document without its annotation."""
    return Doc(nlp.vocab, words=[token.text for token in doc])


def score(nlp: Language, examples: List[Example]) -> float:
    """F1 of exact entities."""
    return nlp.evaluate([in_vocab(nlp, example) for example in examples])["ents_f"]


def choose(
    nlp: Language, pool: List[Example], annotated: List[int], number: int
) -> List[int]:
    """The sentences that are worth annotating next."""
    rest = [i for i in range(len(pool)) if i not in annotated]
    docs = (words_of(nlp, pool[i].reference) for i in rest)
    return [rest[found.index] for found in select(nlp, docs, number)]


if __name__ == "__main__":
    main()
