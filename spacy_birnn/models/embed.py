"""`spacy-birnn.WordCharEmbed.v1`: word vectors beside a character encoding."""

import logging
import warnings
from collections import Counter
from typing import Any, Callable, List, Literal, Mapping, Optional, Tuple, cast

import numpy
import torch
from spacy.strings import StringStore
from spacy.tokens import Doc
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import BirnnError, Errors, Warnings
from ..nn.words import WordCharEmbedding, WordTable
from .arguments import check_dropout, check_positive
from .empty import empty_batch
from .flat import to_arrays, to_tensor
from .sentences import doc_batch
from .shim import TorchShim, shim_of
from .vectors import (
    RULES,
    Found,
    coverage_line,
    find,
    no_row,
    row_finder,
    rows_to_vectors,
)

# A child of spaCy's logger: its lines come out like spaCy's own.
logger = logging.getLogger("spacy.birnn")
logger.setLevel(logging.INFO)

MAX_CHARS = 64
"""Longer forms are read by their first and last characters, half of this each."""


def build_word_char_embed(
    vectors: Literal["finetune", "frozen", "none"] = "finetune",
    chars: Literal["cnn", "rnn", "none"] = "cnn",
    char_width: int = 50,
    char_embed_width: int = 30,
    word_width: int = 100,
    word_dropout: float = 0.05,
) -> Model[List[Doc], List[Floats2d]]:
    """Embed each token by its word vector and by its characters.

    Words are looked up as they are written, then in lower case, then with digits as 0.
    "finetune" gives every word met in training a trainable vector of its own, which
    starts from the table's, over the frozen rest; over an empty table words are learned
    from scratch. "frozen" only reads `vocab.vectors`. Words found nowhere share one
    learned vector, which word dropout trains.

    Args:
        vectors: "finetune", "frozen" or "none".
        chars: "cnn" (Ma & Hovy 2016), "rnn" (Lample et al. 2016) or "none".
        char_width: width of the character encoding (CNN filters; both directions of the
            LSTM, even). Recommended: 30 to 100.
        char_embed_width: width of a character embedding. Recommended: 16 to 50.
        word_width: width of words learned from scratch; a table brings its own.
        word_dropout: how often a word vector is replaced by the unknown one in
            training.

    Raises:
        BirnnError: an argument is out of range, or nothing is left to embed.
    """
    place = "spacy-birnn.WordCharEmbed.v1"
    check_positive(
        place,
        char_width=char_width,
        char_embed_width=char_embed_width,
        word_width=word_width,
    )
    check_dropout(place, word_dropout=word_dropout)
    if vectors == "none" and chars == "none":
        raise BirnnError(Errors.B009)
    if chars == "rnn" and char_width % 2:
        raise BirnnError(Errors.B010.format(width=char_width))
    return Model(
        "word_char_embed",
        forward,
        init=init,
        dims={"nO": None},
        attrs={
            "vectors": vectors,
            "has_table": False,
            "word_width": word_width,
            "word_dropout": word_dropout,
            "sizes": {
                "chars": chars,
                "char_width": char_width,
                "char_embed_width": char_embed_width,
            },
        },
        shims=[TorchShim(WordCharEmbedding)],
    )


def init(model: Model, X: Optional[List[Doc]] = None, Y=None) -> None:
    """Build the module, as wide as the vectors of the documents' vocabulary are."""
    if not X:
        raise BirnnError(Errors.B004.format(what="WordCharEmbed.v1"))
    mode, sizes = model.attrs["vectors"], model.attrs["sizes"]
    table = X[0].vocab.vectors
    has_table = table.shape[0] > 0 and table.shape[1] > 0
    width = 0
    if mode == "finetune":
        width = table.shape[1] if has_table else model.attrs["word_width"]
    elif mode == "frozen" and has_table:
        width = table.shape[1]
    elif mode == "frozen":
        if sizes["chars"] == "none":
            raise BirnnError(Errors.B011)
        warnings.warn(Warnings.W001, UserWarning, stacklevel=2)
    model.attrs["has_table"] = has_table
    shim_of(model).create(word_width=width, trainable=mode == "finetune", **sizes)
    n_chars = 0 if sizes["chars"] == "none" else sizes["char_width"]
    model.set_dim("nO", width + n_chars, force=True)


def forward(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    shim = shim_of(model)
    module = cast(WordCharEmbedding, shim.module)
    lengths = [len(doc) for doc in docs]
    if sum(lengths) == 0:
        return empty_batch(model, docs)
    distinct, inverse = numpy.unique(doc_batch(docs).orths, return_inverse=True)
    vectors = _given_vectors(model, docs[0].vocab)
    strings = docs[0].vocab.strings
    inputs = [torch.from_numpy(inverse)]
    inputs += _form_inputs(module, vectors, strings, distinct.tolist(), is_train)
    moved = [x.to(shim.device) if isinstance(x, torch.Tensor) else x for x in inputs]
    rate = model.attrs["word_dropout"] if is_train else 0.0
    Y, backprop_torch = shim((*moved, rate, is_train), is_train)

    def backprop(dY: List[Floats2d]) -> List[Doc]:
        backprop_torch(to_tensor(model.ops, dY, shim.device))
        return []

    return to_arrays(Y, lengths), backprop


def embed_forms(model: Model, vocab: Vocab, keys: List[int]) -> Tensor:
    """What prediction embeds word forms as, shape (F, nO), on a CPU.

    Args:
        model: a WordCharEmbed.
        vocab: whose vectors and strings are looked up.
        keys: hashes of the forms.
    """
    shim, vectors = shim_of(model), _given_vectors(model, vocab)
    module = cast(WordCharEmbedding, shim.module)
    inputs = _form_inputs(module, vectors, vocab.strings, keys, False)
    return shim.predict((torch.arange(len(keys)), *inputs))


def forms_stamp(model: Model, vocab: Vocab) -> Tuple[Any, ...]:
    """Another one whenever forms may be embedded in another way.

    Words that are given another vector in a table that is there are not noticed.
    """
    vectors, weights = vocab.vectors, shim_of(model).prepared(_any_mark)
    return weights, vectors, Same(vectors.data), vectors.n_keys


def _any_mark(module: torch.nn.Module) -> object:
    return object()


class Same:
    """Equal to itself alone, whatever it holds, which lives as long."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing


def can_keep_forms(model: Model) -> bool:
    """Whether a form is embedded the same to the bit whatever other forms are embedded
    with it. A character LSTM over other forms rounds in other places."""
    return model.attrs["sizes"]["chars"] != "rnn"


def _given_vectors(model: Model, vocab: Vocab) -> Optional[Vectors]:
    """A model that was initialized without vectors has none, whatever is there now."""
    return vocab.vectors if model.attrs["has_table"] else None


def _form_inputs(
    module: WordCharEmbedding,
    vectors: Optional[Vectors],
    strings: StringStore,
    keys: List[int],
    is_train: bool,
) -> List[Any]:
    """What the module takes of distinct forms."""
    forms = [strings[key] for key in keys]
    inputs = _word_inputs(module, vectors, forms, keys, is_train)
    return inputs + ([None, None] if module.chars is None else _char_inputs(forms))


def _word_inputs(
    module: WordCharEmbedding,
    vectors: Optional[Vectors],
    forms: List[str],
    keys: List[int],
    is_train: bool,
) -> list:
    """Vectors, which of them are known, and rows of the trainable table.

    Words that training meets for the first time get their row here.
    """
    width = module.word_width
    if not width:
        return [None, None, None]
    words = module.words
    found_width = 0 if vectors is None or not len(vectors) else vectors.shape[1]
    if vectors is not None and found_width != width:
        raise BirnnError(Errors.B012.format(found=found_width, trained=width))
    own = words.rows if words is not None else {}
    row_of = no_row if vectors is None else row_finder(vectors)
    # In training a word's row must not depend on which words were met before it.
    has_own = _never if is_train else own.__contains__
    found = [find(form, key, row_of, has_own) for form, key in zip(forms, keys)]
    rows = [f.row for f in found]
    given = rows_to_vectors(vectors, forms, rows, width)
    if words is not None and is_train:
        _meet(words, found, given)
    return [
        torch.from_numpy(given),
        torch.tensor(rows) >= 0,
        torch.tensor([own.get(f.key, -1) for f in found]),
    ]


def _meet(words: WordTable, found: List[Found], given: numpy.ndarray) -> None:
    """Words without a row get one: from their vector, else small random numbers."""
    new = {f.key: i for i, f in enumerate(found) if f.key not in words.rows}
    if not new:
        return
    index = list(new.values())
    start = torch.from_numpy(given[index])
    bound = (3.0 / start.shape[1]) ** 0.5  # as for characters: Ma & Hovy (2016), §3.1
    fresh = torch.tensor([found[i].row < 0 for i in index]).unsqueeze(1)
    noise = torch.empty_like(start).uniform_(-bound, bound)
    words.add(list(new), torch.where(fresh, noise, start))


def _char_inputs(forms: List[str]) -> list:
    """Code points of all forms, a 0 before and after each, and characters a form."""
    half = MAX_CHARS // 2
    cut = [f if len(f) <= MAX_CHARS else f[:half] + f[-half:] for f in forms]
    text = "\0" + "\0".join(cut) + "\0"
    # surrogatepass: a lone surrogate in a text is a character like any other
    data = text.encode("utf-32-le", errors="surrogatepass")
    code_points = numpy.frombuffer(data, dtype="<u4").astype("int64")
    return [torch.from_numpy(code_points), [len(form) for form in cut]]


def log_coverage(
    model: Model, name: str, vocab: Vocab, words: Mapping[str, int]
) -> None:
    """Log how the words of the training data are found in the vectors.

    Args:
        model: any model; only those of its nodes count that embed words.
        name: of the component.
        vocab: whose vectors are looked up.
        words: how often each form occurs.
    """
    embeds = any(
        node.name == "word_char_embed" and node.attrs["vectors"] != "none"
        for node in model.walk()
    )
    if not embeds or vocab.vectors.shape[0] == 0:
        return
    row_of = row_finder(vocab.vectors)
    counts, unknown = [0] * len(RULES), Counter[str]()
    for form, count in words.items():
        rule = find(form, vocab.strings.add(form), row_of, _never).rule
        counts[rule] += count
        if RULES[rule] == "unknown":
            unknown[form] = count
    frequent = [form for form, _ in unknown.most_common(5)]
    logger.info(coverage_line(name, counts, frequent))


def _never(key: int) -> bool:
    return False
