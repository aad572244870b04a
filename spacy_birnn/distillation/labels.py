"""The labels that a student is to have."""

import warnings
from typing import List, Sequence, Set, Tuple

from spacy.language import Language
from spacy.parts_of_speech import IDS as UNIVERSAL_POS
from spacy.training import Example

from ..errors import BirnnError, Errors, Warnings
from ..pipeline.base import BiRNNPipe
from ..tagging.targets import Target, pipeline_targets
from .plan import name_of
from .student import Student
from .teachers import setters_of

_NOT_LEARNED = ("", "CONJ", "EOL", "SPACE", "_SP")
"""Tags of white space, which is no part of a sequence, and of no treebank."""

GOLD_DATA = "the training data"

Known = Sequence[Tuple[str, Set[str]]]
"""Who knows which labels."""


def choose_labels(
    student: Student, gold: Sequence[Example], teachers: Sequence[Language]
) -> List[str]:
    """The labels that the student is to have: given, or all that anyone knows.

    Raises:
        BirnnError: a teacher does not set what the student learns, has other labels, or
            nobody lists any.
    """
    listed = [(GOLD_DATA, set(student.gold_labels(gold)))]
    for nlp in teachers:
        who = f"the teacher {name_of(nlp)}"
        listed.append((who, teacher_labels(nlp, student.target)))
    known = [(who, labels) for who, labels in listed if labels]
    for who, labels in known[1:]:
        _compare(who, labels, *known[0])
    chosen = student.given_labels()
    if chosen is not None:
        _check_given(set(chosen), student, known)
    else:
        chosen = sorted({label for _, labels in known for label in labels})
    if not chosen and student.target.name == "pos":
        chosen = sorted(set(UNIVERSAL_POS).difference(_NOT_LEARNED))
    if not chosen:
        raise BirnnError(Errors.B456.format(target=student.target, name=student.name))
    return chosen


def _check_given(given: Set[str], student: Student, known: Known) -> None:
    """Refuse labels of a config that have nothing in common with somebody's, and those
    that lack one of gold."""
    for who, labels in known:
        _refuse_others("the config", given, who, labels)
        if who == GOLD_DATA and labels - given:
            label, listed = min(labels - given), _listed(given)
            text = Errors.B014.format(name=student.name, label=label, known=listed)
            raise BirnnError(text)


def teacher_labels(nlp: Language, target: Target) -> Set[str]:
    """The labels that a pipeline sets, as far as its components list them.

    Args:
        nlp: the pipeline.
        target: what the student learns.

    Raises:
        BirnnError: it does not set the target.
    """
    setters = setters_of(nlp, target)
    if not setters:
        found = ", ".join(map(str, pipeline_targets(nlp))) or "nothing"
        raise BirnnError(
            Errors.B451.format(model=name_of(nlp), target=target, targets=found)
        )
    labels: Set[str] = set()
    for name in setters:
        pipe = nlp.get_pipe(name)
        if isinstance(pipe, BiRNNPipe):
            labels |= set(pipe.labels) - set(pipe.cfg["masked"])
        elif target.name != "pos":  # a morphologizer lists other things
            labels |= set(getattr(pipe, "labels", ()))
    return labels.difference(_NOT_LEARNED)


def _compare(who: str, labels: Set[str], other: str, others: Set[str]) -> None:
    """Refuse labels that have nothing in common with others, and warn of fewer."""
    _refuse_others(who, labels, other, others)
    alone = {who: labels - others, other: others - labels}
    found = [
        f"only {name} knows {_listed(some)}" for name, some in alone.items() if some
    ]
    if found:
        warnings.warn(Warnings.W450.format(found=" and ".join(found)), stacklevel=2)


def _refuse_others(who: str, labels: Set[str], other: str, others: Set[str]) -> None:
    if not labels & others:
        listed, others_listed = _listed(labels), _listed(others)
        raise BirnnError(
            Errors.B452.format(
                who=who, labels=listed, other=other, others=others_listed
            )
        )


def _listed(labels: Set[str]) -> str:
    """Labels on one line, whatever is in them."""
    return ", ".join(" ".join(label.split()) for label in sorted(labels))
