"""Small pipelines that have learned a rule, or nothing."""

import random

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from torch import nn

from spacy_birnn.models.sequence_tagger import get_decoder

NAMES = ["ada", "emmy", "karl", "sofie", "hugo", "rosa", "egon", "lise"]
PLACES = ["oslo", "rome", "turin", "lyon", "kiel", "graz", "bern", "gent"]
FILLERS = ["the", "so", "and", "then", "we", "they", "now", "here", "saw", "left"]


def small_ner(scheme="bioes", decoder="crf", confidence=True, chars="cnn", votes=0.0):
    """A pipeline with a birnn_ner of few units."""
    nlp = spacy.blank("en")
    config = {
        "confidence": confidence,
        "model": {
            "@architectures": "spacy-birnn.SequenceTagger.v1",
            "decoder": decoder,
            "scheme": scheme,
            "dropout": 0.0,
            "votes": votes,
            "tok2vec": {
                "@architectures": "spacy-birnn.Tok2Vec.v1",
                "embed": {
                    "@architectures": "spacy-birnn.WordCharEmbed.v1",
                    "chars": chars,
                    "char_width": 20,
                    "char_embed_width": 12,
                    "word_width": 16,
                },
                "encode": {
                    "@architectures": "spacy-birnn.BiRNNEncoder.v1",
                    "width": 24,
                },
            },
        },
    }
    nlp.add_pipe("birnn_ner", config=config)
    return nlp


def untrained(scheme="bioes", decoder="crf", votes=0.0):
    """Initialized, with transitions and votes that are not 0."""
    nlp = small_ner(scheme, decoder, votes=votes)
    doc = Doc(nlp.vocab, words=["a", "b", "c"], ents=["B-X", "B-Y", "O"])
    fix_random_seed(0)
    nlp.initialize(lambda: [Example(Doc(nlp.vocab, words=["a", "b", "c"]), doc)])
    if votes:
        module = get_decoder(nlp.get_pipe("birnn_ner").model).votes
        nn.init.normal_(module.votes.weight)
    return nlp


def train(nlp, rows, epochs):
    """Teach rows of words and IOB2 tags."""
    examples = [
        Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words, ents=tags))
        for words, tags in rows
    ]
    nlp.initialize(lambda: examples)
    optimizer, shuffle = Adam(0.01), random.Random(0)
    for _ in range(epochs):
        shuffle.shuffle(examples)
        for first in range(0, len(examples), 20):
            nlp.update(examples[first : first + 20], sgd=optimizer, drop=0.1)
    return nlp


def trigger_rows(count):
    """Sentences in which a word is a PER after `mister`, a LOC after `towards`, and
    nothing else says which: the same words are both."""
    draw = random.Random(1)
    rows = []
    for _ in range(count):
        words, tags = [], []
        for _ in range(draw.randint(1, 3)):
            words.append(draw.choice(FILLERS))
            tags.append("O")
        kind = draw.choice(["PER", "LOC"])
        words += ["mister" if kind == "PER" else "towards", draw.choice(NAMES + PLACES)]
        tags += ["O", f"B-{kind}"]
        for _ in range(draw.randint(1, 3)):
            words.append(draw.choice(FILLERS))
            tags.append("O")
        rows.append((words, tags))
    return rows


def letter_rows(count):
    """Sentences in which a new word is a PER if it has a q, else nothing."""
    draw = random.Random(2)
    rows = []
    for _ in range(count):
        words, tags = [], []
        for _ in range(draw.randint(2, 5)):
            letters = [draw.choice("abcdefghij") for _ in range(draw.randint(7, 11))]
            has_q = draw.random() < 0.4
            if has_q:
                letters[draw.randrange(len(letters))] = "q"
            words.append("".join(letters))
            tags.append("B-PER" if has_q else "O")
        rows.append((words, tags))
    return rows
