"""`distil`: a fast pipeline out of slow ones and raw text."""

from pathlib import Path
from typing import Annotated, List, Optional

import typer
from thinc.api import Config

from ..data.arguments import as_list
from ..data.text import list_files
from ..distillation.distil import distil
from ..distillation.student import corpus_section
from ..errors import BirnnError, Errors
from ..training.dev_use import DevUse
from .groups import with_groups
from .inputs import InputOptions, make_fields, open_inputs
from .loading import activate_gpu, load_pipeline
from .options import Code, GpuId
from .reading import TokenOptions
from .train import Dev, eval_frequency, parse_overrides, read_config, run_code

TRAIN = "paths.train"


@with_groups
def distil_command(
    ctx: typer.Context,
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG",
            show_default=False,
            help="The config of the student, as init-config writes it for one task.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            show_default=False,
            help="The folder for model-best, model-last, the checkpoint and what the "
            "teachers have said.",
        ),
    ],
    teacher: Annotated[
        List[str],
        typer.Option(
            "--teacher",
            metavar="MODEL",
            show_default=False,
            help="A pipeline that sets what the student learns: its package or "
            "directory. Several are averaged.",
        ),
    ],
    texts: Annotated[
        List[str],
        typer.Option(
            "--texts",
            metavar="TEXTS",
            show_default=False,
            help="Texts without annotation, as tag reads them: files, folders, globs "
            "or URLs; hf:ID[:SPLIT] for a dataset of Hugging Face; - for standard "
            "input.",
        ),
    ],
    gold: Annotated[
        Optional[Path],
        typer.Option(
            "--train",
            metavar="GOLD",
            show_default=False,
            help="Annotated data, as train reads it. Default: paths.train of the "
            "config, or none where that is null.",
        ),
    ] = None,
    gold_weight: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="W",
            help="The share of the gold labels in what is learned from annotated data; "
            "the rest is the teachers'.",
        ),
    ] = 0.5,
    sentences: Annotated[
        Optional[int],
        typer.Option(
            min=0,
            metavar="N",
            show_default=False,
            help="Sentences of TEXTS in each epoch, the next ones each time. Default: "
            "as many as GOLD has, or 10,000 without it.",
        ),
    ] = None,
    *,
    reading: InputOptions,
    tokens: TokenOptions,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was interrupted.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Begin anew over what is in OUT.")
    ] = False,
    dev: Dev = DevUse.choose,
    code: Code = None,
    gpu_id: GpuId = -1,
) -> None:
    """Train a pipeline on what other pipelines say of raw text.

    The teachers read TEXTS and GOLD once; what they say is kept in OUT/targets. Of
    components of ours with the same tag scheme the student learns the whole
    distribution, of all others the labels. It is trained as by train, whose settings
    can be given as options, --section.key VALUE; the dev corpus of the config chooses
    model-best, or --dev says what it is for.

    Examples:

      spacy-birnn distil ner.cfg -o fast --teacher en_core_web_trf --texts news.jsonl
      --paths.dev dev.conll

      spacy-birnn distil ner.cfg -o one --teacher a/model-best --teacher b/model-best
      --texts news/ --train train.conll --paths.dev dev.conll --paths.vectors vectors

      spacy-birnn distil ner.cfg -o one --teacher a/model-best --texts news/
      --paths.dev dev.conll --resume

      spacy-birnn distil ner.cfg -o fast --teacher en_core_web_trf --texts news.jsonl
      --dev none
    """
    overrides = parse_overrides(ctx.args)
    if gold is not None:
        if TRAIN in overrides:
            raise typer.BadParameter(f"Give one of --train and --{TRAIN}.")
        list_files(gold)
        overrides[TRAIN] = str(gold)
    read = read_config(config, overrides)
    if code is not None:
        run_code(code)
    if gold is not None:
        _check_gold(read, gold)
    fields = make_fields(reading, tokens)
    open_inputs(texts, reading, tokens)
    activate_gpu(gpu_id)
    done = distil(
        read,
        output,
        (load_pipeline(model) for model in teacher),
        texts,
        input_format=reading.format,
        fields=fields,
        gold_weight=gold_weight,
        sentences=sentences,
        resume=resume,
        force=force,
        use_gpu=gpu_id,
        dev_use=dev,
        eval_frequency=eval_frequency(read, overrides),
    )
    if done.signal is not None:
        raise typer.Exit(128 + done.signal)


def _check_gold(config: Config, gold: Path) -> None:
    """Raise unless the config reads annotated data where --train says."""
    corpus, section = corpus_section(config.interpolate())
    if str(gold) not in as_list(section.get("path") or []):
        raise BirnnError(Errors.B481.format(corpus=corpus))
