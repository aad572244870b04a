"""`evaluate`: score a pipeline on annotated files."""

import warnings
from pathlib import Path
from timeit import default_timer as timer
from typing import Annotated, Any, Dict, List, Optional, Sequence, Set

import srsly
import typer
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ..attributes import CUSTOM
from ..data.arguments import SPAN_TARGETS
from ..errors import BirnnError, Errors, Warnings
from ..files import check_output, replacing
from ..progress import show_progress, show_wait
from ..scorers import (
    seqeval_report,
    seqeval_score,
    span_prefix,
    tag_prf,
    tag_sequences,
)
from ..tagging.targets import Target, pipeline_targets
from . import options as shared
from .groups import with_groups
from .loading import load_pipeline
from .options import check_ending, check_not_input
from .reading import DATASETS, ReadOptions, files_of, find_formats, open_corpus


@with_groups
def evaluate_command(
    model: shared.Model,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="Columns, CoNLL-U, what an annotation tool has exported, or .spacy; a "
            "file or a directory; or a dataset of Hugging Face.",
        ),
    ],
    output: Annotated[
        Optional[Path],
        typer.Option("-o", "--output", metavar="FILE", help="Write all as JSON."),
    ] = None,
    *,
    reading: ReadOptions,
    gpu_id: shared.GpuId = -1,
) -> None:
    """Score a pipeline: seqeval's table for spans, accuracy and a table for tags.

    Examples:

      spacy-birnn evaluate training/model-best dev.conll -o metrics.json

      spacy-birnn evaluate en_my_tagger test.conllu

      spacy-birnn evaluate en_my_chunker test.txt --columns word=0,chunks=2

      spacy-birnn evaluate en_my_ner doccano.jsonl

      spacy-birnn evaluate en_my_ner lhoestq/conll2003 --format datasets
      --split validation
    """
    options = reading.given()
    if output is not None:
        check_not_input(output, files_of(data, options))
        check_ending(output, ".json", "JSON")
        check_output(output, force=True)
    nlp = load_pipeline(model, gpu_id)
    targets = pipeline_targets(nlp)
    if not targets:
        names = ", ".join(nlp.pipe_names) or "none"
        raise BirnnError(
            Errors.B213.format(model=model, components=names, action="evaluate")
        )
    examples = read_gold(nlp, data, targets, **options)
    scores = evaluate(nlp, examples, targets)
    if not any(is_scored(scores, target) for target in targets):
        raise BirnnError(
            Errors.B214.format(
                path=data,
                targets=", ".join(str(target) for target in targets),
                column=targets[0].column,
            )
        )
    for scored in targets:
        _warn_of_strangers(examples, scored, data)
    print("\n\n".join(report(examples, scores, target) for target in targets))
    if output is not None:
        with replacing(output) as file:
            file.write(srsly.json_dumps(scores, indent=2).encode("utf-8") + b"\n")


def read_gold(
    nlp: Language, path: Path, targets: Sequence[Target], **options: Any
) -> List[Example]:
    """Read annotated files for what a pipeline sets.

    Without `columns` the last column of a CoNLL file is for the first target, and so
    are the labels of a dataset without `target`.

    Args:
        nlp: The pipeline.
        path: A file or a directory, or the id of a dataset.
        targets: What the pipeline sets.
        options: `format` and the arguments of the readers; see `reading.open_corpus`.

    Raises:
        BirnnError: The files cannot be read, or an option has no effect.
    """
    first = targets[0].column
    keys = [target.spans_key for target in targets if target.spans_key]
    defaults: Dict[str, Any] = {"columns": {first: -1}}
    if keys:
        defaults["spans_key"] = keys[0]
    if first in SPAN_TARGETS or find_formats(path, options) == {DATASETS}:
        defaults["target"] = first
    return list(open_corpus(path, options, defaults)(nlp))


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
    start = timer()
    docs = nlp.pipe(example.predicted for example in examples)
    shown = show_progress(docs, "Predicting", "documents", len(examples))
    predicted = list(shown)
    seconds = timer() - start
    for example, doc in zip(examples, predicted, strict=True):
        example.predicted = doc
    with show_wait("Scoring"):
        scores = Scorer(nlp).score(examples)
    scores["speed"] = sum(len(doc) for doc in predicted) / seconds
    for target in targets:
        if _main_key(target) not in scores:
            names = {"target": target.name, "spans_key": target.spans_key}
            scores.update(seqeval_score(examples, **names))
        if not target.is_spans:
            name = target.name.removeprefix("_.")
            scores[f"{name}_per_type"] = tag_prf(examples, target.name)
    return scores


def _warn_of_strangers(examples: Sequence[Example], target: Target, path: Path) -> None:
    """Warn where gold annotation and predictions have no label in common."""
    gold: Set[str] = set()
    predicted: Set[str] = set()
    for example in examples:
        gold |= _labels(example.reference, target)
        predicted |= _labels(example.predicted, target)
    if gold and predicted and not gold & predicted:
        line = Warnings.W110.format(
            path=path, target=target, gold=_list(gold), predicted=_list(predicted)
        )
        warnings.warn(line, stacklevel=2)


def _labels(doc: Doc, target: Target) -> Set[str]:
    if target.is_spans:
        spans = (
            doc.ents if target.name == "ents" else doc.spans.get(target.spans_key, ())
        )
        return {span.label_ for span in spans}
    if target.name.startswith(CUSTOM):
        name = target.name.removeprefix(CUSTOM)
        return {str(t._.get(name)) for t in doc if t.has_extension(name)} - {"None"}
    return {getattr(token, f"{target.name}_") for token in doc} - {""}


def _list(labels: Set[str]) -> str:
    names = sorted(labels)
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def is_scored(scores: Dict[str, Any], target: Target) -> bool:
    """Whether there was gold annotation for a target."""
    return scores[_main_key(target)] is not None


def _main_key(target: Target) -> str:
    if target.is_spans:
        return f"{span_prefix(target.name, target.spans_key)}_seqeval_f"
    return f"{target.name.removeprefix('_.')}_acc"


def report(examples: Sequence[Example], scores: Dict[str, Any], target: Target) -> str:
    """The table of a target as text, or a line where there is nothing to compare."""
    if not is_scored(scores, target):
        return f"{target}: no gold annotation"
    if target.is_spans:
        return _spans_report(examples, scores, target)
    return _tag_report(scores, target)


def _spans_report(
    examples: Sequence[Example], scores: Dict[str, Any], target: Target
) -> str:
    gold, predicted, n_split = tag_sequences(examples, target.name, target.spans_key)
    prefix = f"{span_prefix(target.name, target.spans_key)}_seqeval"
    lines = [
        f"{target}: {len(gold):,} sentences, seqeval (default mode)",
        "",
        seqeval_report(gold, predicted).rstrip("\n") or "no spans, gold or predicted",
        "",
        _prf_line("default", scores, prefix),
        _prf_line("strict", scores, f"{prefix}_strict"),
    ]
    if n_split:
        lines.append(f"{n_split:,} spans cross a sentence and were split there.")
    return "\n".join(lines)


def _prf_line(mode: str, scores: Dict[str, Any], prefix: str) -> str:
    p, r, f = (100 * scores[f"{prefix}_{key}"] for key in "prf")
    return f"{mode:<8} precision {p:6.2f}   recall {r:6.2f}   F1 {f:6.2f}"


def _tag_report(scores: Dict[str, Any], target: Target) -> str:
    name = target.name.removeprefix("_.")
    table = scores[f"{name}_per_type"]
    width = max(12, *(len(tag) for tag in table))
    lines = [
        f"{name}: accuracy {100 * scores[f'{name}_acc']:.2f}",
        "",
        f"{'':>{width}}  precision    recall  f1-score   support",
    ]
    for tag, row in table.items():
        figures = "".join(f"{row[key]:10.4f}" for key in "prf")
        lines.append(f"{tag:>{width}} {figures}{row['support']:10,}")
    return "\n".join(lines)
