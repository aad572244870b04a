"""The components of a pipeline that are ours."""

from typing import Dict, Optional

from spacy.language import Language

from ..errors import BirnnError, Errors
from ..pipeline.base import BiRNNPipe
from ..pipeline.tagger import BiRNNTagger


def our_components(nlp: Language) -> Dict[str, BiRNNPipe]:
    """The enabled components of ours by name, in the order of the pipeline.

    Raises:
        BirnnError: there is none.
    """
    found = {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, BiRNNPipe)}
    if not found:
        names = ", ".join(nlp.pipe_names) or "none"
        raise BirnnError(Errors.B440.format(components=names))
    return found


def find_component(nlp: Language, name: Optional[str] = None) -> BiRNNPipe:
    """The component of ours that has a name; None for the only one.

    Raises:
        BirnnError: there is none, or several and no name was given.
    """
    found = our_components(nlp)
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        asked = "which one is not said" if name is None else f"'{name}' is none of them"
        raise BirnnError(Errors.B441.format(asked=asked, known=", ".join(found)))
    return found[name]


def tags_with_confidence(nlp: Language) -> Optional[str]:
    """The target whose confidences `token._.confidence` holds, that of the last
    `birnn_tagger` with confidences; None without one."""
    found = [
        pipe.target
        for _, pipe in nlp.pipeline
        if isinstance(pipe, BiRNNTagger) and pipe.cfg["confidence"]
    ]
    return found[-1] if found else None
