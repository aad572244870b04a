"""`evaluate`: score a pipeline on annotated files."""

from pathlib import Path
from timeit import default_timer as timer
from typing import Annotated, Any, Dict, List, Optional, Sequence

import srsly
import typer
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example

from ..data.corpus import create_corpus_reader
from ..data.text import list_files
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from ..scorers import (
    seqeval_report,
    seqeval_score,
    span_prefix,
    tag_prf,
    tag_sequences,
)
from ..tagging.targets import Target, pipeline_targets
from .loading import load_pipeline
from .options import Columns, GpuId, Model, Scheme, SchemeOption, check_not_input


def evaluate_command(
    model: Model,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="CoNLL columns, CoNLL-U or .spacy, a file or a directory.",
        ),
    ],
    output: Annotated[
        Optional[Path],
        typer.Option("-o", "--output", metavar="FILE", help="Write all as JSON."),
    ] = None,
    columns: Columns = None,
    scheme: SchemeOption = Scheme.auto,  # type: ignore[attr-defined]
    gpu_id: GpuId = -1,
) -> None:
    """Score a pipeline: seqeval's table for spans, accuracy and a table for tags.

    Examples:

      spacy-birnn evaluate training/model-best dev.conll -o metrics.json

      spacy-birnn evaluate en_my_tagger test.conllu

      spacy-birnn evaluate en_my_chunker test.txt --columns word=0,chunks=2
    """
    if output is not None:
        check_not_input(output, list_files(data))
        check_output(output, force=True)
    nlp = load_pipeline(model, gpu_id)
    targets = pipeline_targets(nlp)
    if not targets:
        names = ", ".join(nlp.pipe_names) or "none"
        raise BirnnError(
            Errors.B213.format(model=model, components=names, action="evaluate")
        )
    examples = read_gold(nlp, data, targets, columns, scheme.value)
    scores = evaluate(nlp, examples, targets)
    if not any(is_scored(scores, target) for target in targets):
        raise BirnnError(
            Errors.B214.format(
                path=data,
                targets=", ".join(str(target) for target in targets),
                column=targets[0].column,
            )
        )
    print("\n\n".join(report(examples, scores, target) for target in targets))
    if output is not None:
        with replacing(output) as file:
            file.write(srsly.json_dumps(scores, indent=2).encode("utf-8") + b"\n")


def read_gold(
    nlp: Language,
    path: Path,
    targets: Sequence[Target],
    columns: Optional[Dict[str, int]] = None,
    scheme: str = "auto",
) -> List[Example]:
    """Read annotated files for what a pipeline sets.

    Without ``columns`` the last column of a CoNLL file is for the first target.
    """
    keys = [target.spans_key for target in targets if target.spans_key]
    reader = create_corpus_reader(
        path,
        columns=columns or {"word": 0, targets[0].column: -1},
        scheme=scheme,  # type: ignore[arg-type]
        spans_key=keys[0] if keys else "chunks",
    )
    return list(reader(nlp))


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
        Plain numbers: the components' own scores and ``speed`` (words a second), as
        from ``nlp.evaluate``; what ``seqeval_score`` returns; for tags
        ``<target>_per_type``.
    """
    start = timer()
    predicted = list(nlp.pipe(example.predicted for example in examples))
    seconds = timer() - start
    for example, doc in zip(examples, predicted, strict=True):
        example.predicted = doc
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
