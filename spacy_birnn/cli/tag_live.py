"""`tag --stream`: label what standard input brings, as it comes."""

import sys
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple

import typer
from spacy.language import Language

from ..tagging.formats import STDIN
from ..tagging.live import (
    LiveTagger,
    Row,
    read_text,
    read_words,
    to_conll_row,
    to_json_row,
)
from .options import refuse_others

SIZE = 1 << 16
"""Bytes that are taken at once, if so many are there."""

ROWS: Dict[str, Callable[[Row], str]] = {"conll": to_conll_row, "jsonl": to_json_row}


TAKEN = {"model", "inputs", "stream", "lag", "input_format", "output_format", "columns"}
"""The arguments of `tag` that say something about a stream."""


def check_stream(ctx: typer.Context, stream: bool, inputs: List[str]) -> None:
    """Refuse options that do not go together.

    Args:
        ctx: of the command, which knows what was given.
        stream: `--stream` is given.
        inputs: what is to be read.
    """
    if not stream:
        raise typer.BadParameter("for --stream only.", param_hint="'--lag'")
    if inputs != [STDIN]:
        raise typer.BadParameter(
            "labels follow the words of standard input: give - and no file.",
            param_hint="'--stream'",
        )
    refuse_others(
        ctx,
        TAKEN,
        "not with --stream, which writes to standard output as words come.",
    )


def check_live(
    reads: Optional[str], writes: Optional[str], columns: Optional[Dict[str, int]]
) -> None:
    """Refuse formats and columns that are not for a stream.

    Args:
        reads: the format of the input that was given.
        writes: that of the output.
        columns: what was said of columns.

    Raises:
        typer.BadParameter: they have no effect, or cannot be.
    """
    for name, known, option in (
        (reads, ("text", "conll"), "--input-format"),
        (writes, tuple(ROWS), "--output-format"),
    ):
        if name is not None and name not in known:
            raise typer.BadParameter(
                f"'{name}' is not for --stream: give {' or '.join(known)}.",
                param_hint=f"'{option}'",
            )
    if columns and (reads != "conll" or set(columns) != {"word"}):
        raise typer.BadParameter(
            "with --stream give word=N alone, for --input-format conll; an empty line "
            "ends a sequence.",
            param_hint="'--columns'",
        )


def tag_live(
    nlp: Language,
    lag: int,
    formats: Tuple[Optional[str], Optional[str]],
    columns: Optional[Dict[str, int]],
) -> None:
    """Read standard input to its end, and write each label when it is final.

    Args:
        nlp: the pipeline.
        lag: words that a label waits for.
        formats: of the input, text by default, and of the output, conll by default.
        columns: which has the word, for columns; by default the first.
    """
    reads, writes = formats[0] or "text", formats[1] or "conll"
    tagger = LiveTagger(nlp, lag)
    pieces = _pieces(sys.stdin.buffer)
    if reads == "conll":
        arriving = read_words(pieces, (columns or {}).get("word"))
    else:
        arriving = read_text(pieces, nlp)
    out, to_line = sys.stdout.buffer, ROWS[writes]
    is_begun = False
    for words in arriving:
        if words is not None:
            _write(out, map(to_line, tagger.push(words)))
            is_begun = True
        elif is_begun:
            _write(out, _last(tagger, to_line, writes))
            is_begun = False
    if is_begun:
        _write(out, _last(tagger, to_line, writes))


def _last(
    tagger: LiveTagger, to_line: Callable[[Row], str], writes: str
) -> Iterator[str]:
    """The rows that end a sequence, and for columns an empty line."""
    yield from map(to_line, tagger.end())
    if writes == "conll":
        yield ""


def _pieces(file: Any) -> Iterator[bytes]:
    """Yield bytes as soon as they are there."""
    while piece := file.read1(SIZE):
        yield piece


def _write(out: BinaryIO, lines: Iterator[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    if text:
        out.write(text.encode("utf-8"))
        out.flush()
