"""Batches without a word."""

from spacy_birnn.models.empty import empty_batch

from .tiny import make_docs, make_tagger


def test_zeros_of_the_right_width_and_no_gradient():
    model = make_tagger(make_docs("a b")).get_ref("tok2vec")
    docs = make_docs("", "")
    Y, backprop = empty_batch(model, docs)
    assert [y.shape for y in Y] == [(0, 12), (0, 12)]
    assert backprop(Y) is docs
    assert empty_batch(model, [])[0] == []
