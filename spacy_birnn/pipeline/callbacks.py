"""Callbacks of a config: new labels, missing vectors, dropout that grows."""

from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional

from spacy.language import Language
from spacy.training import Example
from spacy.util import is_package

from ..errors import BirnnError, Errors
from ..models.arguments import is_number
from .base import BiRNNPipe

Corpus = Callable[[Language], Iterable[Example]]


def create_add_labels(
    labels: Optional[Dict[str, List[str]]] = None, corpus: Optional[Corpus] = None
) -> Callable[[Language], Language]:
    """Add labels to trained components (`spacy-birnn.add_labels.v1`).

    For `[initialize.after_init]`: `spacy train` initializes no component that is
    sourced from another pipeline, so nothing else tells it of labels that are new.

    Args:
        labels: the labels to add, by the component's name.
        corpus: a reader, such as `${corpora.train}`: all our components of the pipeline
            get the labels that they find in its examples.

    Returns:
        A function that changes the pipeline and returns it.
    """

    def add_labels(nlp: Language) -> Language:
        for name, new in (labels or {}).items():
            _add(_find(nlp, name), new)
        if corpus is not None:
            pipes = list(our_components(nlp).values())
            found: List[set] = [set() for _ in pipes]
            for example in corpus(nlp):
                for pipe, of_pipe in zip(pipes, found):
                    of_pipe.update(pipe.collect_labels(example))
            for pipe, of_pipe in zip(pipes, found):
                _add(pipe, sorted(of_pipe))
        return nlp

    return add_labels


def our_components(nlp: Language) -> Dict[str, BiRNNPipe]:
    """The components of ours in a pipeline by name, disabled ones too."""
    return {name: pipe for name, pipe in nlp.components if isinstance(pipe, BiRNNPipe)}


def _find(nlp: Language, name: str) -> BiRNNPipe:
    ours = our_components(nlp)
    if name not in ours:
        known = ", ".join(ours) or "none"
        raise BirnnError(Errors.B034.format(name=name, known=known))
    return ours[name]


def _add(pipe: BiRNNPipe, labels: Iterable[str]) -> None:
    for label in labels:
        pipe.add_label(label)


def create_check_vectors(
    vectors: Optional[str] = None,
) -> Callable[[Language], Language]:
    """Look whether there are vectors before spaCy loads them
    (`spacy-birnn.check_vectors.v1`).

    For `[initialize.before_init]`.

    Args:
        vectors: `${initialize.vectors}`, a folder or an installed package; null for
            none.

    Returns:
        A function that returns the pipeline as it is. It raises a BirnnError where
        there is no such folder, or no vectors in it.
    """

    def check_vectors(nlp: Language) -> Language:
        if vectors is not None and not is_package(vectors):
            path = Path(vectors)
            if not path.exists():
                raise BirnnError(Errors.B035.format(path=path))
            if not (path / "vocab" / "vectors").exists():
                raise BirnnError(Errors.B036.format(path=path, lang=nlp.lang))
        return nlp

    return check_vectors


def create_dropout_warmup(
    start: float, epochs: int
) -> Callable[[Language, Dict[str, int]], None]:
    """Begin training with less dropout (`spacy-birnn.dropout_warmup.v1`).

    For `[training.before_update]`. A network that is kept from little learns faster,
    and has nothing yet that it could know by heart (Morerio et al. 2017).

    Args:
        start: the share of `[training] dropout` in the first epoch, from 0 to 1.
        epochs: epochs over which the share grows linearly to 1.

    Returns:
        A function that sets the share for all components of ours.

    Raises:
        BirnnError: a value is out of range.
    """
    if not (is_number(start, 0.0, 1.0) and is_number(epochs, 1)):
        raise BirnnError(Errors.B088.format(start=start, epochs=epochs))

    def set_shares(nlp: Language, progress: Dict[str, int]) -> None:
        share = start + (1.0 - start) * min(progress["epoch"] / epochs, 1.0)
        for _, pipe in nlp.pipeline:
            if isinstance(pipe, BiRNNPipe):
                pipe.dropout_share = share

    return set_shares
