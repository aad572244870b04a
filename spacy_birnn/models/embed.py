"""`spacy-birnn.WordCharEmbed.v1`: word vectors beside a character encoding."""

import logging
import warnings
from collections import Counter
from typing import Callable, List, Literal, Mapping, Optional, Tuple, cast

import numpy
import torch
from spacy.attrs import ORTH
from spacy.tokens import Doc
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import BirnnError, Errors, Warnings
from ..nn.words import WordCharEmbedding
from .arguments import check_positive, check_rate
from .empty import empty_batch
from .flat import to_arrays, to_tensor
from .sentences import doc_batch
from .settings import Settings
from .shim import TorchShim, shim_of
from .vectors import RULES, coverage_line, find, no_own, row_finder
from .vocabularies import share_strings
from .word_forms import FormEmbedder, read_forms

# A child of spaCy's logger: its lines come out like spaCy's own.
logger = logging.getLogger("spacy.birnn")
logger.setLevel(logging.INFO)


def build_word_char_embed(
    vectors: Literal["finetune", "frozen", "none"] = "finetune",
    chars: Literal["cnn", "rnn", "none"] = "cnn",
    char_width: int = 50,
    char_embed_width: int = 30,
    word_width: int = 100,
    word_dropout: float = 0.0,
) -> Model[List[Doc], List[Floats2d]]:
    """Embed each token by its word vector and by its characters.

    Words are looked up as they are written, then in lower case, then with digits as 0.
    "finetune" gives every word met in training a trainable vector of its own, which
    starts from the table's, over the frozen rest; over an empty table words are learned
    from scratch. "frozen" only reads `vocab.vectors`. Words found nowhere share one
    vector. It is zeros where training knows all of its own words, as "finetune" does,
    unless word dropout trains it.

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
    check_rate(place, word_dropout=word_dropout)
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
            "settings": Settings(
                vectors=vectors,
                chars=chars,
                char_width=char_width,
                char_embed_width=char_embed_width,
                word_width=word_width,
                word_dropout=word_dropout,
            ),
            "form_embedder": form_embedder,
            "has_table": False,
        },
        shims=[TorchShim(WordCharEmbedding)],
    )


def init(model: Model, X: Optional[List[Doc]] = None, Y=None) -> None:
    """Build the module, as wide as the vectors of the documents' vocabulary are."""
    if not X:
        raise BirnnError(Errors.B004.format(what="WordCharEmbed.v1"))
    settings: Settings = model.attrs["settings"]
    mode = settings["vectors"]
    sizes = {key: settings[key] for key in ("chars", "char_width", "char_embed_width")}
    table = X[0].vocab.vectors
    has_table = table.shape[0] > 0 and table.shape[1] > 0
    width = 0
    if mode == "finetune":
        width = table.shape[1] if has_table else settings["word_width"]
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
    vocab = docs[0].vocab
    for doc in docs:
        if doc.vocab is not vocab:
            share_strings(doc.vocab, vocab, doc.to_array(ORTH).tolist())
    forms = read_forms(
        module, given_vectors(model, vocab), vocab.strings, distinct.tolist(), is_train
    )
    rate = model.attrs["settings"]["word_dropout"] if is_train else 0.0
    inputs = (torch.from_numpy(inverse), *forms.inputs)
    moved = [x.to(shim.device) if isinstance(x, torch.Tensor) else x for x in inputs]
    Y, backprop_torch = shim((*moved, rate, is_train), is_train)

    def backprop(dY: List[Floats2d]) -> List[Doc]:
        backprop_torch(to_tensor(model.ops, dY, shim.device))
        return []

    return to_arrays(Y, lengths), backprop


def form_embedder(model: Model) -> FormEmbedder:
    """The same object as long as the weights of a WordCharEmbed stay the same."""
    return shim_of(model).prepared(FormEmbedder)


def given_vectors(model: Model, vocab: Vocab) -> Optional[Vectors]:
    """The vectors that a model reads. One that was initialized without a table has
    none, whatever is there now."""
    reads = model.attrs["has_table"] and _reads_vectors(model)
    return vocab.vectors if reads else None


def _reads_vectors(node: Model) -> bool:
    settings = node.attrs.get("settings")
    return isinstance(settings, Settings) and settings.get("vectors", "none") != "none"


def reads_vectors(model: Model) -> bool:
    """Whether a node of a model is set to read word vectors."""
    return any(map(_reads_vectors, model.walk()))


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
    if not reads_vectors(model) or vocab.vectors.shape[0] == 0:
        return
    row_of = row_finder(vocab.vectors)
    counts, unknown = [0] * len(RULES), Counter[str]()
    for form, count in words.items():
        rule = find(form, vocab.strings.add(form), row_of, no_own).rule
        counts[rule] += count
        if RULES[rule] == "unknown":
            unknown[form] = count
    frequent = [form for form, _ in unknown.most_common(5)]
    logger.info(coverage_line(name, counts, frequent))
