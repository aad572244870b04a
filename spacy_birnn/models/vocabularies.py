"""Documents and words of one vocabulary in another."""

from typing import Any, Iterable, cast

import numpy
from spacy.attrs import IS_SPACE, NORM, ORTH, SENT_START, SPACY
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.types import Ints2d


def add_strings(vocab: Vocab, strings: Iterable[str]) -> None:
    """Make sure that a vocabulary knows these strings."""
    for string in strings:
        vocab.strings.add(string)


def share_strings(source: Vocab, vocab: Vocab, keys: Iterable[int]) -> None:
    """Let a vocabulary know the strings of these hashes, which another one knows."""
    add_strings(vocab, (source.strings[key] for key in set(keys)))


def know_white_space(vocab: Vocab) -> None:
    """Let a vocabulary tell white space, as that of every pipeline does. The words of a
    bare `Vocab()` have no flags."""
    if IS_SPACE not in cast(Any, vocab).lex_attr_getters:
        vocab.add_flag(str.isspace, IS_SPACE)


def doc_in(vocab: Vocab, doc: Doc) -> Doc:
    """A copy of the words, spaces, norms and sentence starts of a document."""
    if not len(doc):
        return Doc(vocab)
    attrs = doc.to_array([ORTH, SPACY, NORM, SENT_START])
    strings = doc.vocab.strings
    # Much faster than to ask each token.
    words = [strings[key] for key in attrs[:, 0].tolist()]
    new = Doc(vocab, words=words, spaces=attrs[:, 1].astype(bool).tolist())
    share_strings(doc.vocab, vocab, numpy.unique(attrs[:, 2]).tolist())
    new.from_array([NORM, SENT_START], cast(Ints2d, attrs[:, 2:]))
    return new
