"""`select`: the texts worth annotating next."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from ..diagnostics.components import find_component
from ..diagnostics.selection import MEASURES, select
from ..diagnostics.suggestions import FORMATS, selected_bytes
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from ..tagging.chunks import prepared
from ..tagging.targets import Target
from ..tagging.texts import read_docs
from .groups import with_groups
from .inputs import InputOptions, Inputs, make_fields, open_inputs
from .loading import load_pipeline
from .options import Force, GpuId, Model, check_ending, check_not_input
from .reading import TokenOptions

Tool = Enum("Tool", {n: n for n in FORMATS}, type=str)  # type: ignore[misc]
Measure = Enum("Measure", {n: n for n in MEASURES}, type=str)  # type: ignore[misc]


@with_groups
def select_command(
    model: Model,
    inputs: Inputs,
    number: Annotated[
        int, typer.Option("-n", "--number", min=1, help="How many texts to choose.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="OUT", help="The file to be written."),
    ],
    format: Annotated[
        Tool,
        typer.Option(
            help="As which tool imports it, with the model's spans as suggestions. "
            "Label Studio takes .json, the others .jsonl."
        ),
    ] = Tool.jsonl,  # type: ignore[attr-defined]
    by: Annotated[
        Measure,
        typer.Option(
            help="The entropy of all readings of a text, per word; or the margin "
            "between its two best readings, by which long texts come first."
        ),
    ] = Measure.entropy,  # type: ignore[attr-defined]
    similarity: Annotated[
        float,
        typer.Option(
            min=0,
            help="The share of common words from which on two texts are near "
            "duplicates, of which one is left out. More than 1 keeps all.",
        ),
    ] = 0.8,
    component: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="The component to ask, where several are spacy-birnn's.",
        ),
    ] = None,
    *,
    reading: InputOptions,
    tokens: TokenOptions,
    force: Force = False,
    gpu_id: GpuId = -1,
) -> None:
    """Choose the texts that a pipeline is least sure of, to be annotated next.

    The least sure comes first. Keys of a JSON object or columns of a table, such as an
    id, stay with their text.

    Examples:

      spacy-birnn select model news.txt -n 100 -o next.jsonl

      spacy-birnn select model news.jsonl -n 100 -o next.jsonl --format prodigy

      spacy-birnn select model news/ -n 50 -o next.json --format label-studio
      --whole-files
    """
    tool = FORMATS[format.value]
    fields = make_fields(reading, tokens)
    check_ending(output, tool.ending, "JSON" if tool.is_list else "JSON lines")
    check_output(output, force)
    files = open_inputs(inputs, reading, tokens)
    check_not_input(output, (Path(file.address) for file in files))
    nlp = load_pipeline(model, gpu_id)
    pipe = find_component(nlp, component)
    with prepared(nlp):
        chosen = select(
            nlp,
            read_docs(nlp, files, fields),
            number,
            by=by.value,
            component=component,
            similarity=similarity,
        )
    if not chosen:
        raise BirnnError(Errors.B449.format(inputs=", ".join(inputs)))
    target = Target(pipe.target, pipe.cfg.get("spans_key", ""))
    with replacing(output) as file:
        file.write(selected_bytes(chosen, target, format.value))
    texts = "1 text" if len(chosen) == 1 else f"{len(chosen):,} texts"
    words = sum(not token.is_space for item in chosen for token in item.doc)
    print(f"Wrote {output}: {texts}, {words:,} words.")
