"""Pipelines with large random weights, so that any label may follow any other."""

import numpy
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import fix_random_seed

from spacy_birnn.models.shim import TorchShim

from ..toys import config, examples

TEXT = "Anna Berg lives in Old Harbour . Tilda hired Otto in May It often rains"
WORDS = TEXT.split(" ")

ENCODERS = {
    "one way": {"bidirectional": False},
    "deep": {"bidirectional": False, "depth": 2, "cell": "gru"},
    "both ways": {"cell": "gru"},
    "lookahead": {"lookahead": 2},
}

KINDS = [
    (factory, decoder)
    for factory in ("birnn_ner", "birnn_chunker", "birnn_tagger")
    for decoder in ("crf", "constrained", "softmax")
]


def pipeline(factory="birnn_ner", decoder="crf", encoder="one way", seed=0, **settings):
    fix_random_seed(seed)
    made = config(decoder, **settings)
    made["model"]["tok2vec"]["encode"].update(ENCODERS[encoder])
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config=made)
    nlp.initialize(lambda: examples(nlp, pipe.target))
    # Words and characters that training has not met are all alike.
    pipe.model.begin_update([Doc(nlp.vocab, words=WORDS)])
    shims = [shim for node in pipe.model.walk() for shim in node.shims]
    for shim in shims:
        assert isinstance(shim, TorchShim)
        with torch.no_grad():
            for name, parameter in shim.module.named_parameters():
                parameter.normal_(std=2.0 if name == "linear.weight" else 0.6)
    return nlp


def the_pipe(nlp):
    return nlp.get_pipe(nlp.pipe_names[0])


def random_words(seed, n=12):
    rng = numpy.random.default_rng(seed)
    return [WORDS[i] for i in rng.integers(0, len(WORDS), n)]


def words_doc(nlp, words, starts=()):
    marks = [i in {0, *starts} for i in range(len(words))] if starts else None
    return Doc(nlp.vocab, words=words, sent_starts=marks)


def run(stream, words, sizes=None):
    """Push words in pieces of some sizes, one by one by default."""
    found, at = [], 0
    for size in sizes or [1] * len(words):
        found += stream.push(words[at : at + size])
        at += size
    return found + stream.finish()


def labels(found):
    return [label for _, _, label, _ in found]


def assert_same(one, other, atol=1e-5):
    assert [tuple(x)[:3] for x in one] == [tuple(x)[:3] for x in other]
    for a, b in zip(one, other):
        if a.confidence is None:
            assert b.confidence is None
        else:
            assert abs(a.confidence - b.confidence) <= atol
