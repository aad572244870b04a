"""Several teachers as one."""

import numpy
import pytest
import spacy
import torch

from spacy_birnn.distillation.pool import LOWEST, Pool
from spacy_birnn.nn.crf.chain import ChainScores

LABELS = ("A", "B")


class Fixed:
    """A teacher that says the same of every token."""

    def __init__(self, n_labels, seed):
        generator = torch.Generator().manual_seed(seed)
        self.chain = ChainScores(
            *(
                torch.randn(shape, generator=generator)
                for shape in [(n_labels,), (n_labels, n_labels), (n_labels,)]
            )
        )
        self.scores = torch.randn(n_labels, generator=generator)

    def emissions(self, docs):
        return self.scores.repeat(sum(map(len, docs)), 1)


@pytest.fixture
def student():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner")
    for label in LABELS:
        pipe.add_label(label)
    return nlp, pipe


def test_is_the_mean_under_the_constraints_of_the_scheme(student):
    nlp, pipe = student
    teachers = [Fixed(9, seed) for seed in range(3)]
    pool = Pool(teachers, pipe)
    allowed = torch.isfinite(pool.chain.transitions)
    assert not allowed[pool.labels.index("B-A"), pool.labels.index("O")]
    assert allowed[pool.labels.index("B-A"), pool.labels.index("E-A")]
    mean = torch.stack([t.chain.transitions for t in teachers]).mean(0)
    torch.testing.assert_close(pool.chain.transitions[allowed], mean[allowed])
    scores = torch.stack([t.scores for t in teachers]).mean(0)
    found = pool.emissions([nlp.make_doc("a b c")])
    assert found.dtype == torch.float16
    expected = (scores - scores.max()).repeat(3, 1)
    torch.testing.assert_close(found.float(), expected, atol=2e-3, rtol=1e-3)


def test_scores_fit_into_half_precision(student):
    nlp, pipe = student
    teacher = Fixed(9, 0)
    teacher.scores[1] = -1e9
    found = Pool([teacher], pipe).emissions([nlp.make_doc("a")])
    assert found[0, 1].item() == LOWEST
    assert found.isfinite().all()


def test_tokens_inside_of_spans(student):
    nlp, pipe = student
    pool = Pool([Fixed(9, 0)], pipe)
    docs = [nlp.make_doc("a b \n c d"), nlp.make_doc(""), nlp.make_doc("e \n\n f")]
    words = [token for doc in docs for token in doc]
    assert sum(token.is_space for token in words) == 2
    tags = iter(["B-A", "I-A", "E-A", "O", "S-B", "O"])
    emissions = torch.full((len(words), 9), -30.0)
    for row, token in enumerate(words):
        if not token.is_space:
            emissions[row, pool.labels.index(next(tags))] = 0
    inside = pool.inside(docs, emissions.half())
    found = [token.text for token, flag in zip(words, inside, strict=True) if flag]
    assert found == ["b", "\n ", "c"]


def test_tags_are_inside_of_nothing():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_tagger")
    for label in ("I", "E-X"):  # names of tags, not prefixes
        pipe.add_label(label)
    pool = Pool([Fixed(2, 0)], pipe)
    docs = [nlp.make_doc("a b")]
    assert not pool.inside(docs, pool.emissions(docs)).any()
    assert all(scores.isfinite().all() for scores in pool.chain)
    assert isinstance(pool.inside(docs, pool.emissions(docs)), numpy.ndarray)
