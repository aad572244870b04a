"""`explain`: why a pipeline said that."""

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from ..diagnostics.evaluation_words import short_name
from ..diagnostics.explanation import explain
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from . import options as shared
from .explanation_view import show
from .loading import load_pipeline
from .options import check_ending


def explain_command(
    model: shared.Model,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", show_default=False, help="A text; - for standard input."
        ),
    ],
    output: Annotated[
        Optional[Path],
        typer.Option(
            "-o",
            "--output",
            metavar="OUT.html",
            help="Write a page instead of printing.",
        ),
    ] = None,
    component: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAME",
            help="Which component of ours is asked. By default the first that sets "
            "entities, else chunks, else tags.",
        ),
    ] = None,
    readings: Annotated[
        int, typer.Option(min=1, help="How many readings of each place are shown.")
    ] = 5,
    reach: Annotated[
        int,
        typer.Option(
            min=0,
            help="How many words on either side are asked for their part; other "
            "mentions that vote are asked wherever they are.",
        ),
    ] = 50,
    force: shared.Force = False,
    gpu_id: shared.GpuId = -1,
) -> None:
    """Explain each entity, chunk or tag of a text: how sure, what else, and why.

    Examples:

      spacy-birnn explain training/model-best "Jordan flew to Jordan."

      spacy-birnn explain en_my_pipeline "Jordan flew to Jordan." -o why.html

      spacy-birnn explain en_my_pipeline - --component birnn_tagger < text.txt
    """
    if output is not None:
        check_ending(output, ".html", "HTML")
        check_output(output, force)
    given = sys.stdin.read().strip() if text == "-" else text
    try:
        given.encode("utf-8")
    except UnicodeEncodeError as error:
        # Python stands in half a character for each byte that is no text.
        reason = "a byte is no text"
        raise BirnnError(Errors.B477.format(reason=reason)) from error
    nlp = load_pipeline(model, gpu_id)
    found = explain(nlp, given, component, readings=readings, reach=reach)
    if output is None:
        show(found)
        return
    page = found.to_html(short_name(model))
    with replacing(output) as file:
        file.write(page.encode("utf-8", "surrogatepass"))
    print(f"Wrote {output}.")
