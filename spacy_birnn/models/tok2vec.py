"""`spacy-birnn.Tok2Vec.v1`: embed whole documents, encode them sentence by sentence."""

from typing import Any, Callable, List, Optional, Tuple, cast

from numpy import ndarray
from spacy.tokens import Doc
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..nn.rnn.predict import Group, PreparedBiRNN, in_groups, join_groups
from .embed import given_vectors
from .empty import empty_batch
from .encoder import check_width
from .flat import join, split
from .forms import FormTable
from .perturbation import Perturbation
from .sentences import doc_batch
from .shim import is_on_gpu, no_backprop
from .word_forms import FormEmbedder, Spelled

NAME = "birnn_tok2vec"


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
        NAME,
        forward,
        init=init,
        layers=[embed, encode],
        dims={"nO": None},
        attrs={"forms": FormTable(), "perturbation": Perturbation()},
        refs={"embed": embed, "encode": encode},
    )
    if encode.has_dim("nO"):
        tok2vec.set_dim("nO", encode.get_dim("nO"))
    return tok2vec


def is_tok2vec(node: Model) -> bool:
    """Whether a node is a `spacy-birnn.Tok2Vec.v1`, not another's or a listener."""
    return node.name == NAME


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
    if not is_train and _reads_forms(model):
        orths = batch.orths if words is None else batch.orths[words]
        states = cast(Floats2d, _encode_forms(model, docs[0].vocab, orths, lengths))
        return _scatter(ops, [states], words, sizes, model.get_dim("nO")), no_backprop

    perturbation: Perturbation = model.attrs["perturbation"]
    E, backprop_embed = embed(docs, is_train)
    flat = join(ops, E)
    if is_train:
        flat = perturbation.apply(flat)
    H, backprop_encode = encode(
        split(flat if words is None else flat[words], lengths), is_train
    )
    width = model.get_dim("nO")
    Y = _scatter(ops, H, words, sizes, width)

    def backprop(dY: List[Floats2d]):
        d_flat = join(ops, dY)
        d_words = d_flat if words is None else d_flat[words]
        dH = backprop_encode(split(d_words, lengths))
        dE = _scatter(ops, dH, words, sizes, flat.shape[1])
        perturbation.note(join(ops, dE))
        return backprop_embed(dE)

    return Y, backprop


def _reads_forms(model: Model) -> bool:
    """Whether all that the encoder reads depends on the word form alone."""
    embed, encode = model.layers
    by_form = "form_embedder" in embed.attrs and "prepared_encoder" in encode.attrs
    return by_form and not is_on_gpu(encode)


def _encode_forms(model: Model, vocab: Vocab, orths: ndarray, lengths: List[int]):
    """Hidden states of all words, shape (N, nO).

    As `encode(embed(docs))`, but what depends on the word form alone is computed when a
    form is met first, and kept.
    """
    embed, encode = model.layers
    check_width(encode, embed.get_dim("nO"))
    encoder: PreparedBiRNN = encode.attrs["prepared_encoder"](encode)
    groups = in_groups(lengths, encoder.group_size)

    def run(group: Group) -> ndarray:
        keys = orths[group.rows].tolist()
        tables, found = _look_up(model, encoder, vocab, keys)
        return encoder.run(tables, found, group.lengths)

    return join_groups(groups, map(run, groups), lengths)


def _look_up(
    model: Model, encoder: PreparedBiRNN, vocab: Vocab, keys: List[int]
) -> Tuple[List[ndarray], ndarray]:
    embed, _ = model.layers
    embedder: FormEmbedder = embed.attrs["form_embedder"](embed)
    forms = model.attrs["forms"] if embedder.is_exact else FormTable()
    vectors = given_vectors(embed, vocab)
    return look_up_forms(forms, embedder, encoder, vectors, vocab.strings, keys)


def look_up_forms(
    forms: FormTable,
    embedder: FormEmbedder,
    encoder: PreparedBiRNN,
    vectors: Optional[Vectors],
    strings: Spelled,
    keys: List[int],
) -> Tuple[List[ndarray], ndarray]:
    """Each form's part of the pre-activations: tables, and each token's row in them.

    Args:
        forms: what is kept of earlier ones.
        embedder, encoder: with the weights that the model has now.
        vectors: where word vectors are looked up, None for nowhere.
        strings: the words of `keys`, such as a `StringStore`.
        keys: hash of each token's form, shape (N,).
    """
    with forms.lock:
        rows = forms.find(keys, (embedder, encoder), vectors)
        if rows is None:
            new = forms.missing(keys)
            embedded, found = embedder.embed(vectors, strings, new)
            forms.add(new, encoder.project(embedded), vectors, found)
            rows = forms.rows(keys)
        return list(forms.tables), rows


def _scatter(ops, X: List[Floats2d], words, sizes: List[int], width: int):
    """Sequences of words back to documents, zeros for the tokens left out."""
    rows = join(ops, X)
    if words is not None:
        full = ops.alloc2f(len(words), width)
        full[words] = rows
        rows = full
    return split(rows, sizes)
