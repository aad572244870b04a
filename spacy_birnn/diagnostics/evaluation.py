"""Predict annotated documents and score what was predicted."""

import warnings
from pathlib import Path
from timeit import default_timer as timer
from typing import Any, Dict, List, Sequence, Set

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Warnings, some_names
from ..pipeline.base import BiRNNPipe
from ..progress import show_progress, show_wait
from ..scorers import seqeval_score, span_prefix, tag_prf
from ..tagging.targets import Target, spans_of
from .training_words import read_tags


def predict(nlp: Language, examples: Sequence[Example]) -> float:
    """Let a pipeline annotate the predicted side of examples.

    Returns:
        Words per second.
    """
    start = timer()
    docs = nlp.pipe(example.predicted for example in examples)
    shown = show_progress(docs, "Predicting", "documents", len(examples))
    predicted = list(shown)
    seconds = timer() - start
    for example, doc in zip(examples, predicted, strict=True):
        example.predicted = doc
    return sum(len(doc) for doc in predicted) / seconds


def evaluate(
    nlp: Language, examples: Sequence[Example], targets: Sequence[Target]
) -> Dict[str, Any]:
    """Predict and score.

    Args:
        nlp: The pipeline.
        examples: The gold annotation; afterwards they hold the predictions, too.
        targets: What is scored with seqeval or tag by tag, beside the components' own
            scores.

    Returns:
        Plain numbers: the components' own scores and `speed` (words a second), as
        from `nlp.evaluate`; what `seqeval_score` returns; for tags
        `<target>_per_type`.
    """
    speed = predict(nlp, examples)
    with show_wait("Scoring"):
        scores = Scorer(nlp).score(examples)
        scores["speed"] = speed
        for target in targets:
            if _main_key(target) not in scores:
                names = {"target": target.name, "spans_key": target.spans_key}
                scores.update(seqeval_score(examples, **names))
            if not target.is_spans:
                name = target.name.removeprefix("_.")
                scores[f"{name}_per_type"] = tag_prf(examples, target.name)
    return scores


def is_scored(scores: Dict[str, Any], target: Target) -> bool:
    """Whether there was gold annotation for a target."""
    return scores[_main_key(target)] is not None


def _main_key(target: Target) -> str:
    if target.is_spans:
        return f"{span_prefix(target.name, target.spans_key)}_seqeval_f"
    return f"{target.name.removeprefix('_.')}_acc"


def predict_baseline(
    nlp: Language, examples: Sequence[Example], docs: Sequence[Doc]
) -> List[Example]:
    """Let another pipeline annotate the same documents.

    Args:
        nlp: the other pipeline.
        examples: whose references are the gold annotation.
        docs: the documents, made with that pipeline's vocabulary.
    """
    others = [
        Example(doc, example.reference)
        for doc, example in zip(docs, examples, strict=True)
    ]
    predict(nlp, others)
    return others


def use_confidence(nlp: Language) -> None:
    """Let all components of ours write confidences, whatever their config says."""
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, BiRNNPipe):
            pipe.cfg["confidence"] = True


def warn_of_strangers(examples: Sequence[Example], target: Target, path: Path) -> None:
    """Warn where gold annotation and predictions have no label in common."""
    gold: Set[str] = set()
    predicted: Set[str] = set()
    for example in examples:
        gold |= _labels(example.reference, target)
        predicted |= _labels(example.predicted, target)
    if gold and predicted and not gold & predicted:
        line = Warnings.W110.format(
            path=path,
            target=target,
            gold=some_names(gold),
            predicted=some_names(predicted),
        )
        warnings.warn(line, stacklevel=2)


def _labels(doc: Doc, target: Target) -> Set[str]:
    if target.is_spans:
        return {span.label_ for span in spans_of(doc, target)}
    return set(read_tags(doc, target.name)) - {""}
