"""The encoder and the decoder of a component, found in a pipeline, to compute with."""

import copy
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, cast

import numpy
import torch
from spacy.attrs import IS_SPACE
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor, nn

from ..errors import BirnnError, Errors
from ..models.flat import to_tensor
from ..models.sequence_tagger import get_decoder
from ..models.tok2vec import is_tok2vec
from ..nn.decoder import SequenceDecoder
from ..nn.rnn.birnn import BiRNN
from ..pipeline.base import BiRNNPipe
from .components import find_component

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Network:
    """The recurrent network of a component, in double precision on the CPU: gradients
    100 steps away are far below what single precision holds.

    The votes of other mentions of a word (`votes`) are no part of it.

    Attributes:
        pipe: the component.
        encoder: a copy of its recurrence.
        decoder: a copy of its decoder.
        embed: gives the input of the encoder.
        upstream: the component with the shared encoder, if the component listens.
        skips_space: whether the encoder does not see white-space tokens.
    """

    pipe: BiRNNPipe
    encoder: BiRNN
    decoder: SequenceDecoder
    embed: Model
    upstream: Optional[Any]
    skips_space: bool

    @property
    def layers(self) -> List[nn.RNNBase]:
        return cast(List[nn.RNNBase], list(self.encoder.layers))

    @property
    def facts(self) -> Dict[str, Any]:
        """The encoder and the decoder in words and numbers."""
        layer = self.layers[0]
        cell = type(self.encoder.cell).__name__
        facts: Dict[str, Any] = {
            "cell": cell,
            "directions": 2 if layer.bidirectional else 1,
            "depth": len(self.layers),
            "hidden": layer.hidden_size,
            "decoder": self.decoder.decoder,
        }
        return facts

    def inputs(self, doc: Doc) -> Tensor:
        """The encoder's input (T, n_in) for a document read as one sequence."""
        rows = to_tensor(self.embed.ops, self.embed.predict([doc]), CPU)
        if self.skips_space:
            rows = rows[torch.from_numpy(words_of(doc))]
        return rows.double()

    @torch.no_grad()
    def check(self, doc: Doc) -> None:
        """Check on a document that nothing else stands between the parts.

        Raises:
            BirnnError: the component computes other emissions.
        """
        if self.upstream is not None:
            self.upstream(doc)
        model = self.pipe.model
        states = model.get_ref("tok2vec").predict([doc])
        found = model.get_ref("emissions").predict(states)
        wanted = to_tensor(model.ops, found, CPU).double()
        if self.skips_space:
            wanted = wanted[torch.from_numpy(words_of(doc))]
        X = self.inputs(doc)
        emissions = self.decoder(self.encoder(X, [len(X)]))
        scale = max(1.0, wanted.abs().max().item())
        # In bf16, which a config can ask for, predictions have three digits.
        if (emissions - wanted).abs().max().item() > 0.05 * scale:
            raise _unknown(self.pipe.name)


def find_network(nlp: Language, name: Optional[str] = None) -> Network:
    """Find the network of a component of ours.

    Args:
        nlp: the pipeline, initialized.
        name: of the component; may be left out where there is one of ours.

    Raises:
        BirnnError: there is none, or several; the component is not initialized; or its
            encoder is no `spacy-birnn.BiRNNEncoder.v1`.
    """
    pipe = find_component(nlp, name)
    pipe.check_initialized()
    tok2vec, upstream = pipe.model.get_ref("tok2vec"), None
    if not tok2vec.has_ref("encode"):
        upstream = _upstream(nlp, pipe.name)
        tok2vec = upstream.model if upstream is not None else tok2vec
    embed, encode = (tok2vec.maybe_get_ref(ref) for ref in ("embed", "encode"))
    shims = encode.shims if encode is not None else []
    encoder = getattr(shims[0], "_model", None) if shims else None
    if embed is None or not isinstance(encoder, BiRNN):
        raise _unknown(pipe.name)
    return Network(
        pipe,
        copy.deepcopy(encoder).cpu().double(),
        copy.deepcopy(get_decoder(pipe.model)).cpu().double(),
        embed,
        upstream,
        is_tok2vec(tok2vec),
    )


def _upstream(nlp: Language, listener: str) -> Optional[Any]:
    for _, pipe in nlp.pipeline:
        if listener in getattr(pipe, "listening_components", []):
            return pipe
    return None


def _unknown(name: str) -> BirnnError:
    return BirnnError(Errors.B404.format(name=name))


def words_of(doc: Doc) -> numpy.ndarray:
    """Which tokens are no white space, shape (N,)."""
    return doc.to_array(IS_SPACE) == 0
