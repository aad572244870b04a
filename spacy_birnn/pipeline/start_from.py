"""Start training from what a pipeline has learned on other data."""

from typing import Callable, Dict, Optional

import spacy
from spacy.language import Language

from ..errors import BirnnError, Errors, one_line
from ..models.embed import reads_vectors
from ..models.transfer import take_encoder
from ..models.vectors import share_rows
from .base import BiRNNPipe
from .callbacks import our_components


def create_start_from(
    model: Optional[str] = None, component: Optional[str] = None
) -> Callable[[Language], Language]:
    """Start from the words and contexts that another pipeline has learned
    (`spacy-birnn.start_from.v1`).

    For `[initialize.after_init]`. All components of ours that are new get the embedding
    and the encoder of a trained component; their labels are those of their own data.
    Sourced and frozen components stay as they are.

    Args:
        model: the trained pipeline, a directory or an installed package; null to start
            from nothing.
        component: whose weights they are. By default each component takes those of the
            one of its own name, or of the only one of ours.

    Returns:
        A function that changes the pipeline and returns it. It raises a BirnnError
        where the other pipeline cannot be loaded, or has no weights that fit.
    """

    def start_from(nlp: Language) -> Language:
        if model is None:
            return nlp
        loaded = _load(model)
        given = our_components(loaded)
        if not given:
            raise BirnnError(Errors.B096.format(where=model))
        own = _new_components(nlp)
        if any(reads_vectors(pipe.model) for pipe in own.values()) and not share_rows(
            nlp.vocab.vectors, loaded.vocab.vectors
        ):
            raise BirnnError(Errors.B099.format(model=model))
        for name, pipe in own.items():
            other = _choose(given, component or name, component is None, model)
            other.check_initialized()
            take_encoder(pipe.model, other.model, f"'{other.name}' of {model}")
        return nlp

    return start_from


def _new_components(nlp: Language) -> Dict[str, BiRNNPipe]:
    """The components of ours that are initialized now: all others are switched off."""
    own = {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, BiRNNPipe)}
    if not own:
        raise BirnnError(Errors.B496)
    return own


def _load(model: str) -> Language:
    try:
        return spacy.load(model)
    except BirnnError:
        raise
    except Exception as error:
        # A directory can be damaged in any file, and each has its own reader.
        reason = one_line(error)
        raise BirnnError(Errors.B094.format(model=model, reason=reason)) from error


def _choose(
    given: Dict[str, BiRNNPipe], name: str, any_name: bool, model: str
) -> BiRNNPipe:
    if name in given:
        return given[name]
    if any_name and len(given) == 1:
        return next(iter(given.values()))
    known = ", ".join(given)
    raise BirnnError(Errors.B097.format(name=name, model=model, known=known))
