"""`spacy-birnn.Tok2Vec.v1`: embed whole documents, encode them sentence by sentence."""

from typing import Any, Callable, List, Optional, Tuple, cast

from numpy import ndarray
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from .embed import can_keep_forms, embed_forms, forms_stamp
from .empty import empty_batch
from .encoder import EncoderShim, check_width, inference_of
from .flat import join, split
from .forms import FormTable
from .sentences import DocBatch, doc_batch
from .shim import is_on_gpu, no_backprop, shim_of


def build_tok2vec(
    embed: Model[List[Doc], List[Floats2d]],
    encode: Model[List[Floats2d], List[Floats2d]],
) -> Model[List[Doc], List[Floats2d]]:
    """Like `spacy.Tok2Vec.v2`, but a recurrence does not run across sentences.

    Where a document has sentence starts, each sentence is a sequence of its own; white
    space tokens are left out of the sequences, since training data rarely have any, and
    get zeros.

    Args:
        embed: a vector for each token, regardless of its context.
        encode: a vector for each token in the context of its sequence.
    """
    tok2vec: Model[List[Doc], List[Floats2d]] = Model(
        "birnn_tok2vec",
        forward,
        init=init,
        layers=[embed, encode],
        dims={"nO": None},
        refs={"embed": embed, "encode": encode},
    )
    if encode.has_dim("nO"):
        tok2vec.set_dim("nO", encode.get_dim("nO"))
    return tok2vec


def init(model: Model, X=None, Y=None) -> None:
    embed, encode = model.layers
    embed.initialize(X=X)
    encode.initialize(X=None if X is None else embed.predict(X))
    model.set_dim("nO", encode.get_dim("nO"), force=True)


def forward(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    embed, encode = model.layers
    ops = model.ops
    sizes = [len(doc) for doc in docs]
    batch = doc_batch(docs)
    found = batch.sentences
    words = ops.asarray(cast(Any, ~found.space)) if found.has_space else None
    lengths = found.words_only().lengths
    if not lengths:
        return empty_batch(model, docs)
    if not is_train and _is_by_form(model):
        H = _encode_forms(model, batch, words, lengths)
        return _scatter(ops, [H], words, sizes, model.get_dim("nO")), no_backprop

    E, backprop_embed = embed(docs, is_train)
    flat = join(ops, E)
    H, backprop_encode = encode(
        split(flat if words is None else flat[words], lengths), is_train
    )
    width = model.get_dim("nO")
    Y = _scatter(ops, H, words, sizes, width)

    def backprop(dY: List[Floats2d]):
        d_flat = join(ops, dY)
        d_words = d_flat if words is None else d_flat[words]
        dH = backprop_encode(split(d_words, lengths))
        return backprop_embed(_scatter(ops, dH, words, sizes, flat.shape[1]))

    return Y, backprop


def _is_by_form(model: Model) -> bool:
    """Whether all that the encoder reads depends on the word form alone."""
    embed, encode = model.layers
    names = (embed.name, encode.name)
    return names == ("word_char_embed", "birnn_encoder") and not is_on_gpu(encode)


def _encode_forms(
    model: Model, batch: DocBatch, words: Optional[Any], lengths: List[int]
) -> Floats2d:
    """Hidden states of all words; each form is embedded when it is met first."""
    embed, encode = model.layers
    check_width(encode, embed.get_dim("nO"))
    vocab, network = batch[0].vocab, inference_of(encode)
    kept = cast(EncoderShim, shim_of(encode)).forms
    forms = kept if can_keep_forms(embed) else FormTable()
    orths = batch.orths if words is None else batch.orths[words]
    stamp = (network, forms_stamp(embed, vocab))

    def compute(keys: List[int]) -> List[ndarray]:
        return network.project(embed_forms(embed, vocab, keys))

    def look_up(tokens: ndarray) -> Tuple[List[ndarray], ndarray]:
        return forms.look_up(stamp, orths[tokens], compute)

    return cast(Floats2d, network.encode(look_up, lengths))


def _scatter(ops, X: List[Floats2d], words, sizes: List[int], width: int):
    """Sequences of words back to documents, zeros for the tokens left out."""
    rows = join(ops, X)
    if words is not None:
        full = ops.alloc2f(len(words), width)
        full[words] = rows
        rows = full
    return split(rows, sizes)
