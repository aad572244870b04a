"""The arguments of readers: what they can hold, and the checks on all of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Literal, Optional, Sequence, Union

from ..attributes import custom_name
from ..errors import BirnnError, Errors
from ..models.arguments import is_whole
from ..schemes import RAW
from .tags import READABLE

Paths = Union[str, Path, List[Any]]
"""One path or several, each of which `check_paths` looks at."""

SPAN_TARGETS = ("ents", "chunks")
TARGETS = (*SPAN_TARGETS, "tag", "pos")

Scheme = Literal["auto", "iob1", "iob2", "bioes", "bilou", "bmes", "io", "raw"]
SCHEME_CHOICES = ("auto", *READABLE, RAW)

Docs = Literal["sentence", "document"]
DOCS = ("sentence", "document")

EmptyWords = Literal["error", "drop", "replace"]
EMPTY_WORDS = ("error", "drop", "replace")

Separator = Literal["auto", "tab", "blank", "comma", "semicolon"]
SEPARATORS = ("auto", "tab", "blank", "comma", "semicolon")

AlignmentMode = Literal["strict", "contract", "expand"]
ALIGNMENT_MODES = ("strict", "contract", "expand")

Unmarked = Literal["outside", "missing"]
UNMARKED = ("outside", "missing")


def as_list(path: Paths) -> List[Any]:
    """The paths that are given as one or as several."""
    return [path] if isinstance(path, (str, Path)) else path


def check_path(path: Any) -> None:
    """Refuse what cannot name a file or a dataset."""
    if not isinstance(path, (str, Path)) or path == "":
        raise BirnnError(Errors.B135.format(path=path))


def check_paths(paths: Any) -> None:
    """Refuse what cannot name a file, a folder or several of them."""
    if not isinstance(paths, list) or not paths:
        paths = [paths]
    for path in paths:
        check_path(path)


def check_columns(columns: Any) -> None:
    """Refuse what does not say for known names which column holds them."""
    if not isinstance(columns, dict):
        raise BirnnError(Errors.B136.format(columns=columns))
    for target, index in columns.items():
        if target not in ("word", "sentence"):
            check_target(target)
        if not is_whole(index):
            raise BirnnError(Errors.B137.format(target=target, index=index))
        # One counted from the front and one from the end need the width of a file.
        if target != "word" and index == columns.get("word"):
            raise BirnnError(
                Errors.B117.format(path="columns", index=index, target=target)
            )


def check_target(target: Any) -> None:
    """Refuse a target that no component reads."""
    if target not in TARGETS and not _is_custom(target):
        raise BirnnError(Errors.B111.format(target=target, targets=", ".join(TARGETS)))


def check_scheme(scheme: str) -> None:
    """Refuse a scheme that readers do not know."""
    if scheme not in SCHEME_CHOICES:
        known = ", ".join(SCHEME_CHOICES)
        raise BirnnError(Errors.B103.format(scheme=scheme, schemes=known))


def check_limit(limit: Any) -> None:
    """Refuse what is no number of Docs."""
    if not is_whole(limit) or limit < 0:
        raise BirnnError(Errors.B138.format(limit=limit))


def check_joined(joined: Any) -> None:
    """Refuse what is no number of Docs to join."""
    if not is_whole(joined) or joined < 0 or joined == 1:
        raise BirnnError(Errors.B150.format(joined=joined))


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse what is none of a setting's choices."""
    if value not in choices:
        known = ", ".join(choices)
        raise BirnnError(Errors.B139.format(name=name, value=value, choices=known))


def check_encoding(encoding: Any) -> None:
    """Refuse an encoding that Python does not know, or that is none of text."""
    try:
        "".encode(encoding)
    except (LookupError, TypeError) as error:
        raise BirnnError(Errors.B140.format(encoding=encoding)) from error


def _is_custom(target: Any) -> bool:
    return isinstance(target, str) and custom_name(target) is not None


@dataclass(frozen=True)
class WordFormat:
    """How the words of files of tokens are written, where nothing else is read of them.

    The arguments mean what they mean in `ConllCorpus` and `ConlluCorpus`.

    Attributes:
        word: The column of the words; None for the first that has some.
        sentence: A column in which a new value begins a sentence, if there is one.
        separator: One of `SEPARATORS`.
        header: Whether the first row names the columns; None tells it.
        empty_words: One of `EMPTY_WORDS`.
        merge_subtokens: Whether a multi-word token of CoNLL-U is one token.
    """

    word: Optional[int] = None
    sentence: Optional[int] = None
    separator: Separator = "auto"
    header: Optional[bool] = None
    empty_words: EmptyWords = "error"
    merge_subtokens: bool = False

    def __post_init__(self) -> None:
        check_choice("separator", self.separator, SEPARATORS)
        check_choice("empty_words", self.empty_words, EMPTY_WORDS)


USUAL = WordFormat()
"""As most files are written."""
