"""brat's standoff format: a file of text, and beside it one of spans."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from ..errors import BirnnError, Errors
from .text import read_lines, read_text

BRAT = ".ann"

CharSpan = Tuple[int, int, str]
"""First character, the one after the last, label."""


@dataclass
class AnnotatedText:
    """A text and what a person has said of it.

    Attributes:
        text: The text.
        place: Where it stands, for messages.
        spans: The spans; None where nobody has annotated it, or the answer was no.
        broken: The parts of each span that has several, which no component can learn.
        doc_json: The whole record, where it is a `Doc.to_json`.
    """

    text: str
    place: str
    spans: Optional[List[CharSpan]] = None
    broken: Sequence[List[CharSpan]] = ()
    doc_json: Optional[Dict[str, Any]] = None


_BRAT_SPAN = re.compile(r"(?P<label>\S+) (?P<offsets>\d+ \d+(?:;\d+ \d+)*)")


def check_marked(
    text: str, parts: List[CharSpan], marked: List[str], where: str
) -> None:
    """Refuse offsets of another version of the text: brat repeats what it marks."""
    found = " ".join(text[start:end] for start, end, _ in parts)
    if marked and squeeze(found) != squeeze(marked[0]):
        start, end = parts[0][0], parts[-1][1]
        raise other_version(where, start, end, found, marked[0])


def other_version(
    where: str, start: int, end: int, found: str, marked: str
) -> BirnnError:
    """The error of a span over other words than those that an export repeats."""
    return BirnnError(
        Errors.B147.format(
            where=where, start=start, end=end, found=found[:40], marked=marked[:40]
        )
    )


def squeeze(text: str) -> str:
    """Leave out white space, of which tools make something else."""
    return "".join(text.replace("\\n", "").split())


def read_brat(path: Path, encoding: str) -> AnnotatedText:
    """Read a text with its spans, from the path of either.

    Raises:
        BirnnError: One of the two is missing, or a line of spans is not as brat has it.
    """
    ann = path.with_suffix(BRAT)
    source = ann.with_suffix(".txt")
    if not source.is_file():
        raise BirnnError(Errors.B148.format(path=ann, text=source.name))
    annotated = AnnotatedText(read_text(source, encoding), str(source), [])
    spans: List[CharSpan] = []
    broken: List[List[CharSpan]] = []
    for number, line in enumerate(read_lines(ann, encoding), 1):
        if not line.startswith("T"):
            continue  # relations, events, attributes and notes
        where = f"{ann}:{number}"
        cells = line.split("\t")
        match = _BRAT_SPAN.fullmatch(cells[1]) if len(cells) > 1 else None
        if match is None:
            reason = "a line with T needs 'T1<TAB>LABEL START END<TAB>words'"
            raise BirnnError(Errors.B145.format(where=where, reason=reason))
        parts = []
        for offsets in match["offsets"].split(";"):
            start, end = map(int, offsets.split())
            if not 0 <= start <= end <= len(annotated.text):
                raise BirnnError(
                    Errors.B146.format(
                        where=where, start=start, end=end, length=len(annotated.text)
                    )
                )
            parts.append((start, end, match["label"]))
        check_marked(annotated.text, parts, cells[2:], where)
        if len(parts) == 1:
            spans += parts
        else:
            broken.append(parts)
    annotated.spans, annotated.broken = spans, broken
    return annotated


def is_brat(path: Path) -> bool:
    """Whether a file holds brat's spans, or a text that has such a file beside it."""
    return path.suffix == BRAT or (
        path.suffix == ".txt" and path.with_suffix(BRAT).is_file()
    )


def texts_of_brat(files: Iterable[Path]) -> List[Path]:
    """Leave out brat's settings, and the spans of texts that are there too."""
    names = set(files)
    return [
        file
        for file in files
        if file.suffix != ".conf"
        and not (file.suffix == BRAT and file.with_suffix(".txt") in names)
    ]
