"""`tag`: run a pipeline over files."""

import json
import sys
from enum import Enum
from typing import Annotated, Optional

import typer
from spacy.language import Language

from ..diagnostics.components import our_components
from ..tagging.folder import ERRORS
from ..tagging.options import ENGINES, Options, Summary, Workers
from ..tagging.run import Job, Out, format_of, is_folder
from ..tagging.shards import DEFAULT_SIZE, parse_size
from ..tagging.sinks import SINKS
from ..tagging.storage import join
from .content_counts import counted
from .groups import with_groups
from .inputs import InputOptions, Inputs, make_fields, open_inputs
from .loading import load_pipeline, targets_of
from .options import Force, GpuId, Model, check_promise
from .reading import TokenOptions
from .tag_live import check_live, check_stream, tag_live
from .tag_progress import shown

OutputFormat = Enum("OutputFormat", {n: n for n in SINKS}, type=str)  # type: ignore[misc]
OnError = Enum("OnError", {n: n for n in ("stop", "skip")}, type=str)  # type: ignore[misc]
Engine = Enum("Engine", {n: n for n in ENGINES}, type=str)  # type: ignore[misc]

SKIPPED = 3
"""The exit status of a run that is finished, but for documents that it skipped."""


@with_groups
def tag_command(
    ctx: typer.Context,
    model: Model,
    inputs: Inputs,
    output: Annotated[
        Optional[str],
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A file; or a folder, where OUT is one, ends in / or --shard-size is "
            "given; - or nothing for standard output.",
        ),
    ] = None,
    output_format: Annotated[
        Optional[OutputFormat],
        typer.Option(show_default=False, help="Default: by OUT's name, else jsonl."),
    ] = None,
    *,
    reading: InputOptions,
    confidence: Annotated[
        bool,
        typer.Option("--confidence", help="Write how probable each span or tag is."),
    ] = False,
    min_confidence: Annotated[
        Optional[float],
        typer.Option(
            metavar="P",
            min=0,
            max=1,
            show_default=False,
            help="Leave out what is less probable; 0 for nothing. Default: as the "
            "pipeline's config says.",
        ),
    ] = None,
    tokens: TokenOptions,
    batch_size: Annotated[int, typer.Option(min=1, help="Documents a batch.")] = 256,
    shard_size: Annotated[
        Optional[str],
        typer.Option(
            metavar="N|NMB",
            show_default=False,
            help="Documents, or bytes of input, of a shard; OUT is then a folder.",
        ),
    ] = None,
    on_error: Annotated[
        OnError, typer.Option(help="What becomes of a bad document.")
    ] = OnError.stop,  # type: ignore[attr-defined]
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="Processes of this machine, or actors of Ray.")
    ] = Engine.local,  # type: ignore[attr-defined]
    n_process: Annotated[
        int, typer.Option(min=-1, help="Processes or actors; -1 for one a core.")
    ] = 1,
    min_process: Annotated[
        Optional[int],
        typer.Option(
            min=1,
            show_default=False,
            help="Ray: the fewest actors; the pool then grows up to --n-process.",
        ),
    ] = None,
    address: Annotated[
        Optional[str],
        typer.Option(
            show_default=False,
            help="Ray: the cluster to join, such as auto or 10.0.0.1:6379. Default: a "
            "local one is started.",
        ),
    ] = None,
    num_gpus: Annotated[
        float, typer.Option(min=0, help="Ray: GPUs for each actor.")
    ] = 0,
    gpu_id: GpuId = -1,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Label words as they come from standard input (-), each line as it "
            "is typed; --input-format conll for a word per line.",
        ),
    ] = False,
    lag: Annotated[
        Optional[int],
        typer.Option(
            min=0,
            show_default=False,
            metavar="N",
            help="--stream: words that a label waits for. Default: 0.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the summary as JSON, to standard error where there is no OUT.",
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show the rate of each worker.")
    ] = False,
    force: Force = False,
) -> None:
    """Tag text, JSON lines, CSV, CoNLL, CoNLL-U, .spacy, Parquet and Arrow, in order.

    Text is read as a document a line, CoNLL and CoNLL-U sentence by sentence; .gz and
    .zst are unpacked. A file is written whole or not at all. In a folder each shard
    gets a file, and manifest.json says what they hold. After a crash the same command
    with --resume goes on, and the result is the same to the byte.

    The exit status is 3 where --on-error skip has skipped some; they are listed in
    OUT.errors.jsonl or OUT/errors.jsonl.

    Examples:

      spacy-birnn tag training/model-best news.txt -o news.jsonl

      spacy-birnn tag en_my_ner a.conll b.conll -o tagged.conll --n-process 4

      spacy-birnn tag en_my_ner corpus/ -o tagged/ --output-format parquet --resume

      spacy-birnn tag en_my_ner news.txt --confidence --min-confidence 0.8

      zcat news.jsonl.gz | spacy-birnn tag en_my_ner - --input-format jsonl

      captions | spacy-birnn tag en_my_ner - --stream --lag 2
    """
    if stream or lag is not None:
        check_stream(ctx, stream, inputs)
        formats = reading.format, output_format.value if output_format else None
        check_live(*formats, reading.columns)
        tag_live(load_pipeline(model), lag or 0, formats, reading.columns)
        return
    _check_usage(n_process, gpu_id, engine.value)
    if output == "-":
        output = None
    chosen = output_format.value if output_format else None
    if chosen is None and output is not None:
        check_promise(output)
    to_folder = output is not None and is_folder(output, shard_size)
    options = Options(
        reading.format,
        chosen or format_of(output, to_folder),
        make_fields(reading, tokens),
        batch_size,
        parse_size(shard_size) if shard_size else DEFAULT_SIZE,
        on_error.value,
        resume,
        force,
    )
    is_binary = options.output_format in ("spacy", "parquet")
    if output is None and is_binary and sys.stdout.isatty():
        raise typer.BadParameter(
            f"the {options.output_format} format is binary: write it to a file.",
            param_hint="'-o'",
        )
    files = open_inputs(inputs, reading, tokens)
    workers = Workers(engine.value, n_process, min_process, address, num_gpus)
    target: Out = output if output is not None else sys.stdout.buffer
    job = Job(files, target, options, workers, to_folder)
    nlp = load_pipeline(model, gpu_id)
    targets_of(nlp, model, "tag")
    _set_confidence(nlp, confidence, min_confidence)
    is_seen = sys.stderr.isatty() and (output is not None or not sys.stdout.isatty())
    with shown(is_seen, verbose) as watch:
        summary = job.run(nlp, watch)
    _report(summary, output, to_folder, as_json)
    if summary.skipped:
        raise typer.Exit(SKIPPED)


def _check_usage(n_process: int, gpu_id: int, engine: str) -> None:
    if n_process == 0:
        raise typer.BadParameter("0 processes do no work.", param_hint="'--n-process'")
    if n_process != 1 and gpu_id >= 0:
        raise typer.BadParameter(
            "processes cannot share a GPU: leave out one of --n-process and --gpu-id.",
            param_hint="'--n-process'",
        )
    if engine == "ray" and gpu_id >= 0:
        raise typer.BadParameter(
            "with Ray give --num-gpus, the GPUs of each actor.", param_hint="'--gpu-id'"
        )


def _set_confidence(
    nlp: Language, wanted: bool, min_confidence: Optional[float]
) -> None:
    """Change the settings of our components.

    Raises:
        BirnnError: There is none, and something is asked of it.
    """
    asked = {"confidence": wanted or None, "min_confidence": min_confidence}
    settings = {key: value for key, value in asked.items() if value is not None}
    if not settings:
        return
    for name, pipe in our_components(nlp).items():
        pipe.cfg.update(settings)
        # By its config other processes make the pipeline, and a resumed run knows it.
        nlp.get_pipe_config(name).update(settings)


def _report(
    summary: Summary, output: Optional[str], to_folder: bool, as_json: bool
) -> None:
    """The last line; without a file what was skipped has no other place."""
    for entry in summary.errors:
        print(entry["reason"], file=sys.stderr)
    if as_json:
        found = json.dumps(summary.to_dict(), ensure_ascii=False)
        print(found, file=sys.stdout if output is not None else sys.stderr)
    elif output is not None:
        print(_line(summary, output, to_folder))
    elif summary.skipped:
        print(f"Skipped {counted(summary.skipped, 'document')}.", file=sys.stderr)


def _line(summary: Summary, output: str, to_folder: bool) -> str:
    if summary.resumed and not summary.documents and not to_folder:
        line = (
            f"{output} is there, so an earlier run has finished it: nothing was left "
            "to do. For another model, other settings or inputs give --force."
        )
    else:
        line = _done_line(summary, output)
    if summary.skipped:
        where = join(output, ERRORS) if to_folder else f"{output}.{ERRORS}"
        line += f" Skipped {counted(summary.skipped, 'document')}, see {where}."
    return line


def _done_line(summary: Summary, output: str) -> str:
    spans = sum(summary.entities.values())
    line = (
        f"Wrote {output}: {counted(summary.documents, 'document')}, "
        f"{counted(summary.tokens, 'token')}, {counted(spans, 'span')}, in "
        f"{summary.seconds:.1f} s ({summary.rate:,.0f} tokens/s)."
    )
    if summary.resumed:
        done = f"{summary.resumed:,} of {counted(summary.shards, 'shard')}"
        line += f" Resumed: {done} had been done before."
    return line
