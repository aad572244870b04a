"""`evaluate`: score a pipeline on annotated files."""

from pathlib import Path
from typing import Annotated, Any, Dict, List, Optional, Sequence

import typer
from spacy.language import Language

from ..diagnostics.components import tags_with_confidence
from ..diagnostics.evaluation import (
    evaluate,
    is_scored,
    predict_baseline,
    use_confidence,
    warn_of_strangers,
)
from ..diagnostics.report import make_report
from ..diagnostics.training_log import read_log
from ..errors import BirnnError, Errors
from ..progress import show_wait
from ..tagging.targets import Target, pipeline_targets
from . import options as shared
from .evaluation_outputs import Outputs
from .groups import with_groups
from .loading import load_pipeline, targets_of
from .reading import ReadOptions, files_of, of_training, read_gold
from .score_tables import comparisons, score_table


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
    page: Annotated[
        Optional[Path],
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write a page that explains the scores and shows the errors in "
            "context.",
        ),
    ] = None,
    errors: Annotated[
        Optional[Path],
        typer.Option(
            "--errors", metavar="FILE.jsonl", help="Write a line of JSON per error."
        ),
    ] = None,
    baseline: Annotated[
        Optional[str],
        typer.Option(
            metavar="MODEL2",
            help="Another pipeline, to compare with: differences, their p-value, and "
            "what one gets right and the other does not.",
        ),
    ] = None,
    train: Annotated[
        Optional[Path],
        typer.Option(
            metavar="TRAIN",
            help="The training data, so that the report tells seen from unseen.",
        ),
    ] = None,
    log: Annotated[
        Optional[Path],
        typer.Option(
            metavar="LOG.jsonl",
            help="The log of the training, for learning curves in the report.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing report or errors file.")
    ] = False,
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

      spacy-birnn evaluate training/model-best dev.conll --report report.html
      --train train.conll --log training/log.jsonl --baseline en_core_web_sm
    """
    outputs = Outputs(output, page, errors)
    outputs.check_options(train=train, log=log)
    options = reading.given()
    inputs = [*files_of(data, options), *(files_of(train, options) if train else [])]
    outputs.check([*inputs, *filter(None, [log])], force)
    steps = None if log is None else read_log(log)
    nlp = load_pipeline(model, gpu_id)
    targets = targets_of(nlp, model, "evaluate")
    other = None if baseline is None else load_baseline(baseline, model, targets)
    examples = read_gold(nlp, data, targets, **options)
    if outputs.shows_errors:
        use_confidence(nlp)
    scores = evaluate(nlp, examples, targets)
    scored = scored_targets(scores, targets, data)
    with show_wait("Counting by label"):
        for one in targets:
            warn_of_strangers(examples, one, data)
        tables = [score_table(examples, scores, one) for one in targets]
    report = None
    if outputs.shows_errors or other is not None:
        compared = None
        if other is not None:
            use_confidence(other)
            others = read_gold(other, data, targets, **options)
            docs_of_other = [example.predicted for example in others]
            compared = predict_baseline(other, examples, docs_of_other)
        training = None
        if train is not None:
            training = read_gold(nlp, train, targets, **of_training(train, options))
        report = make_report(
            examples,
            scored,
            model=model,
            data=str(data),
            baseline=compared,
            baseline_name=baseline,
            baseline_targets=[] if other is None else pipeline_targets(other),
            training=training,
            training_name=None if train is None else str(train),
            log=steps,
            sure_tags=(
                tags_with_confidence(nlp),
                None if other is None else tags_with_confidence(other),
            ),
        )
        tables += comparisons(report)
    # Written before anything is printed: `| head` must not cost a file.
    outputs.write(scores, report)
    print("\n\n".join(tables))
    outputs.show()


def scored_targets(
    scores: Dict[str, Any], targets: Sequence[Target], data: Path
) -> List[Target]:
    """The targets that the data annotates.

    Raises:
        BirnnError: it annotates none of them.
    """
    scored = [target for target in targets if is_scored(scores, target)]
    if not scored:
        names = ", ".join(map(str, targets))
        column = targets[0].column
        raise BirnnError(Errors.B214.format(path=data, targets=names, column=column))
    return scored


def load_baseline(baseline: str, model: str, targets: Sequence[Target]) -> Language:
    """Load the pipeline to compare with.

    Raises:
        BirnnError: it cannot be loaded, or sets nothing of what the other one sets.
    """
    nlp = load_pipeline(baseline)
    if not set(targets) & set(pipeline_targets(nlp)):
        names = ", ".join(str(target) for target in targets)
        raise BirnnError(Errors.B426.format(model=baseline, other=model, targets=names))
    return nlp
