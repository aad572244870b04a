"""`tag`: run a pipeline over files."""

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Dict, Iterator, List, Optional, Sequence, Tuple

import typer
from spacy.language import Language

from ..errors import BirnnError, Errors
from ..files import check_output
from ..tagging.sinks import SINKS
from ..tagging.sources import SOURCES, STDIN, check_input, detect_format
from ..tagging.stream import tag_files
from ..tagging.tagger import Records
from ..tagging.targets import pipeline_targets
from .loading import load_pipeline
from .options import Force, GpuId, Model, WordColumn, check_not_input

InputFormat = Enum("InputFormat", {n: n for n in SOURCES}, type=str)  # type: ignore[misc]
OutputFormat = Enum("OutputFormat", {n: n for n in SINKS}, type=str)  # type: ignore[misc]


def tag_command(
    model: Model,
    inputs: Annotated[
        List[Path],
        typer.Argument(
            metavar="INPUT", show_default=False, help="Files, or - for standard input."
        ),
    ],
    output: Annotated[
        Optional[Path],
        typer.Option("-o", "--output", metavar="OUT", help="Default: standard output."),
    ] = None,
    input_format: Annotated[
        Optional[InputFormat],
        typer.Option(
            show_default=False,
            help="Default: .txt is text, .jsonl JSON lines, the rest by content.",
        ),
    ] = None,
    output_format: Annotated[
        Optional[OutputFormat],
        typer.Option(show_default=False, help="Default: by OUT's name, else jsonl."),
    ] = None,
    columns: WordColumn = None,
    n_process: Annotated[
        int, typer.Option(min=-1, help="Processes; -1 for one a core.")
    ] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Documents a batch.")] = 256,
    gpu_id: GpuId = -1,
    force: Force = False,
) -> None:
    """Tag files: text, JSON lines, CoNLL, CoNLL-U or .spacy in, in order.

    Text is read as a document a line, CoNLL and CoNLL-U sentence by sentence. The
    output is written whole or not at all; .gz is seen on both sides.

    Examples:

      spacy-birnn tag training/model-best news.txt -o news.jsonl

      spacy-birnn tag en_my_ner a.conll b.conll -o tagged.conll --n-process 4

      zcat news.jsonl.gz | spacy-birnn tag en_my_ner - --input-format jsonl
    """
    if n_process == 0:
        raise typer.BadParameter("0 processes do no work.", param_hint="'--n-process'")
    if n_process != 1 and gpu_id >= 0:
        raise typer.BadParameter(
            "processes cannot share a GPU: leave out one of --n-process and --gpu-id.",
            param_hint="'--n-process'",
        )
    if STDIN in inputs and input_format is None:
        raise typer.BadParameter(
            "standard input (-) has no name to tell its format by: give one of "
            f"{', '.join(SOURCES)}.",
            param_hint="'--input-format'",
        )
    target_format = output_format.value if output_format else _format_of(output)
    if output is None and target_format == "spacy" and sys.stdout.isatty():
        raise typer.BadParameter(
            "the .spacy format is binary: write it to a file.", param_hint="'-o'"
        )
    if output is not None:
        check_not_input(output, inputs)
        check_output(output, force)
    given = input_format.value if input_format else None
    files = [(path, _input_format(path, given)) for path in inputs]
    if columns is not None:
        _check_columns(columns, files)
    nlp = load_pipeline(model, gpu_id)
    _check_targets(nlp, model)
    tag_files(
        nlp,
        files,
        output if output is not None else sys.stdout.buffer,
        target_format,
        word_column=(columns or {}).get("word"),
        batch_size=batch_size,
        n_process=n_process,
        progress=_show_progress if _is_progress_seen(output) else None,
    )


def _check_columns(columns: Dict[str, int], files: Sequence[Tuple[Path, str]]) -> None:
    """Refuse columns that nothing would read."""
    others = ", ".join(name for name in columns if name != "word")
    if others:
        raise BirnnError(Errors.B222.format(names=others))
    if all(format != "conll" for _, format in files):
        option = "--input-format conll"
        raise BirnnError(Errors.B223.format(options="--columns", format=option))


def _input_format(path: Path, given: Optional[str]) -> str:
    if given is None:
        return detect_format(path)
    check_input(path)
    return given


def _format_of(output: Optional[Path]) -> str:
    suffixes = [s for s in (output.suffixes if output else []) if s != ".gz"]
    name = suffixes[-1][1:] if suffixes else ""
    return name if name in SINKS else "jsonl"


def _check_targets(nlp: Language, model: str) -> None:
    if not pipeline_targets(nlp):
        components = ", ".join(nlp.pipe_names) or "none"
        raise BirnnError(
            Errors.B213.format(model=model, components=components, action="tag")
        )


def _is_progress_seen(output: Optional[Path]) -> bool:
    """Whether there is a terminal for it, and nothing else is written there."""
    return sys.stderr.isatty() and (output is not None or not sys.stdout.isatty())


def _show_progress(stream: Iterator[Records]) -> Iterator[Records]:
    """Count documents and words on stderr."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    counted = "{task.completed:,} documents, {task.fields[words]:,} words"
    columns = (SpinnerColumn(), TextColumn(counted), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None, words=0)
        words = 0
        for records in stream:
            words += records.words
            progress.update(task, advance=records.documents, words=words)
            yield records
