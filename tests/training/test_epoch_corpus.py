"""A training corpus that has other Examples in each epoch."""

import pytest
from spacy.tokens import Doc
from spacy.training import Example

from .conftest import NAMES, weights
from .test_loop import GROWING, quiet


class Rotating:
    """Sentences about one name in each epoch."""

    def __init__(self, fingerprint="a", share=1.0):
        self.fingerprint = fingerprint
        self.settings = {"share": share}
        self.read = []

    def prepare(self, nlp):
        self.nlp = nlp
        nlp.get_pipe("birnn_ner").add_label("LOC")

    def __call__(self, nlp):
        return iter(self.of_epoch(0))

    def of_epoch(self, epoch):
        self.read.append(epoch)
        name = NAMES[epoch % len(NAMES)]
        return [self._example(name, i) for i in range(20)]

    def _example(self, name, number):
        words = [name, "left", "again"][: 1 + number % 3]
        tags = ["B-PER", *["O"] * (len(words) - 1)]
        gold = Doc(self.nlp.vocab, words=words, ents=tags)
        return Example(Doc(self.nlp.vocab, words=words), gold)


@pytest.mark.cpu
@pytest.mark.parametrize("overrides", [{}, GROWING])
def test_takes_the_place_of_the_corpus_and_is_resumed(make_config, tmp_path, overrides):
    settings = {**overrides, "training.max_epochs": 3, "paths.train": None}
    corpus = Rotating()
    nlp, progress, _ = quiet(make_config(settings), tmp_path / "whole", corpus=corpus)
    assert set(corpus.read) == {0, 1, 2}
    assert nlp.get_pipe("birnn_ner").labels == ("LOC", "PER")
    for n_steps in (2, 4, 1000):
        some = make_config({**settings, "training.max_steps": n_steps})
        found = quiet(some, tmp_path / "cut", resume=True, corpus=Rotating())
    assert found[1].step == progress.step
    assert weights(tmp_path / "whole" / "model-last") == weights(
        tmp_path / "cut" / "model-last"
    )


def test_another_one_is_refused(make_config, tmp_path):
    out = tmp_path / "out"
    quiet(make_config({"training.max_steps": 2}), out, corpus=Rotating())
    with pytest.raises(ValueError, match=r"B064.*dataset of train has changed"):
        quiet(make_config(), out, resume=True, corpus=Rotating("b"))
    with pytest.raises(ValueError, match=r"B064.*share of train was 1.0 and is 0.5"):
        quiet(make_config(), out, resume=True, corpus=Rotating(share=0.5))
