"""The parts of a component's model that label a stream of words.

A stream needs hidden states that follow from the words so far: our Tok2Vec over an
embedding by form and a BiRNNEncoder, on a CPU.
"""

from typing import Dict, List, Optional, Sequence, Tuple, Union, cast

import torch
from numpy import ndarray
from spacy.strings import get_string_id
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import BirnnError, Errors
from ..nn.crf.fixed_lag import FixedLagChain
from ..nn.decoder import PreparedDecoder, SequenceDecoder
from ..nn.rnn.predict import PreparedBiRNN
from ..nn.stream.classes import LabelClasses
from ..nn.stream.encoders import Ahead, OneWay
from ..nn.stream.lanes import Lanes
from ..nn.stream.one_by_one import OneByOne
from .embed import given_vectors
from .forms import FormTable
from .sequence_tagger import get_decoder, get_prepared_decoder
from .shim import is_on_gpu, shim_of
from .tok2vec import is_tok2vec, look_up_forms
from .word_forms import FormEmbedder


class StreamedModel:
    """A model with the weights that it has now, as streams run it.

    Args:
        model: a SequenceTagger.
        vocab: whose vectors are looked up.
        name: of the component, for messages.

    Attributes:
        checksum: of the component, once it was asked for.

    Raises:
        BirnnError: there is nothing in it that runs from word to word.
    """

    def __init__(self, model: Model, vocab: Vocab, name: str) -> None:
        embed, encode = _parts(model, name)
        self._vocab, self._embed = vocab, embed
        self.checksum: Optional[str] = None
        self._embedder: FormEmbedder = embed.attrs["form_embedder"](embed)
        self._encoder: PreparedBiRNN = encode.attrs["prepared_encoder"](encode)
        self._decoder: PreparedDecoder = get_prepared_decoder(model)
        self._module: SequenceDecoder = get_decoder(model)
        self._temperature = self._module.temperature
        shared = model.get_ref("tok2vec").attrs["forms"]
        # What a form is to a character LSTM depends on those beside it, to 1e-7.
        self._forms = shared if self._embedder.is_exact else FormTable()
        nodes = (embed, encode, model.get_ref("emissions"))
        self._shims = [shim_of(node) for node in nodes]
        self._versions = [shim.version for shim in self._shims]

    @property
    def is_current(self) -> bool:
        """Whether the model has not been trained or loaded since."""
        one, two, three = self._shims
        first, second, third = self._versions
        return one.version is first and two.version is second and three.version is third

    def is_same(self, other: "StreamedModel") -> bool:
        """Whether both have the same weights, and were calibrated alike."""
        return self._temperature == other._temperature and all(
            getattr(self, part) is getattr(other, part)
            for part in ("_embedder", "_encoder", "_decoder", "_vocab")
        )

    @property
    def bidirectional(self) -> bool:
        """Whether a backward direction reads the last words again and again."""
        return self._encoder.bidirectional

    @property
    def depth(self) -> int:
        return self._encoder.depth

    def look_up(self, words: Sequence[str]) -> Tuple[List[ndarray], ndarray]:
        """The words' part of the pre-activations: tables, and each word's row in them.

        The vocabulary's strings do not grow: a stream may go on for ever.
        """
        keys = [get_string_id(word) for word in words]
        strings: Dict[int, str] = dict(zip(keys, words, strict=True))
        vectors: Optional[Vectors] = given_vectors(self._embed, self._vocab)
        return look_up_forms(
            self._forms, self._embedder, self._encoder, vectors, strings, keys
        )

    @torch.no_grad()
    def new_lanes(
        self,
        classes: LabelClasses,
        masked: Sequence[int],
        lag: int,
        n_lanes: int,
        with_spans: bool,
    ) -> Lanes:
        """Room for streams, see `Lanes`.

        Args:
            with_spans: follow the probability of whole spans.
        """
        encoder: Union[OneWay, Ahead]
        if self._encoder.bidirectional:
            lookahead = self._encoder.lookahead
            reads = lag if lookahead is None else min(lag, lookahead)
            encoder = Ahead(self._encoder, reads, n_lanes)
        else:
            encoder = OneWay(self._encoder, n_lanes)
        decisions: Union[FixedLagChain, OneByOne]
        if self._module.is_independent:
            decisions = OneByOne(classes, n_lanes, with_spans, self._module.temperature)
        else:
            chain = self._module.crf.chain(torch.float64)
            decisions = FixedLagChain(
                chain, classes, n_lanes, with_spans, self._module.temperature
            )
        return Lanes(encoder, self._decoder, decisions, masked, lag, n_lanes)


def _parts(model: Model, name: str) -> Tuple[Model, Model]:
    """The embedding and the encoder.

    Raises:
        BirnnError: they are others than ours, or lie on a GPU.
    """
    tok2vec = model.get_ref("tok2vec")
    if not is_tok2vec(tok2vec):
        raise BirnnError(Errors.B462.format(name=name, found=_short(tok2vec.name)))
    embed, encode = cast(List[Model], tok2vec.layers)
    for part, attr in ((embed, "form_embedder"), (encode, "prepared_encoder")):
        if attr not in part.attrs:
            raise BirnnError(Errors.B462.format(name=name, found=_short(part.name)))
    if is_on_gpu(encode):
        raise BirnnError(Errors.B463.format(name=name))
    return embed, encode


def _short(name: str) -> str:
    return f"{name[:40]}…" if len(name) > 40 else name
