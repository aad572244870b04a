"""The common part of all readers of files: settings, the files, reports."""

import inspect
import warnings
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field
from itertools import islice
from pathlib import Path
from typing import ClassVar, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from spacy.language import Language
from spacy.training import Example

from ..errors import BirnnError, Errors, Warnings
from ..progress import show_progress
from .arguments import (
    DOCS,
    EMPTY_WORDS,
    Docs,
    EmptyWords,
    Paths,
    Scheme,
    as_list,
    check_choice,
    check_encoding,
    check_joined,
    check_limit,
    check_paths,
    check_scheme,
)
from .base import Sentence
from .joining import join_by_turns, number
from .kept import KeptExamples
from .tags import Where
from .text import list_files

REPLACEMENT = "\ufffd"
"""The word that stands for an empty one; Unicode's own sign for what is missing."""


@dataclass
class Notes:
    """Notes of one pass over a corpus that its user should hear of.

    Attributes:
        path: What messages call the corpus.
        annotated: By kind of annotation that the settings ask for, whether it is there.
        lines: The warnings, in the order in which they arose.
    """

    path: str
    annotated: Dict[str, bool] = field(default_factory=dict)
    lines: List[str] = field(default_factory=list)

    def ask_for(self, *kinds: str) -> None:
        """Note that the settings ask for these kinds of annotation."""
        for kind in kinds:
            self.annotated.setdefault(kind, False)

    def found(self, kind: str) -> None:
        """Note that there is annotation of a kind."""
        self.annotated[kind] = True

    def add(self, line: str) -> None:
        """Keep a warning until the pass is over."""
        self.lines.append(line)

    def warn(self, reported: Set[str]) -> None:
        """Give the warnings, once for each reader.

        Args:
            reported: What the reader has warned of before; it grows.
        """
        for kind, is_there in self.annotated.items():
            if not is_there:
                self.add(Warnings.W105.format(path=self.path, kind=kind))
        for line in self.lines:
            if line not in reported:
                reported.add(line)
                warnings.warn(line, stacklevel=2)


@dataclass(eq=False)
class FileCorpus(ABC):
    """A reader of files: called with a pipeline, it yields Examples.

    Args:
        path: A file, plain or gzipped, a directory, or a list of these, which are read
            one after the other.
        limit: Read only so many Docs; 0 for all.
        joined: Join every second run of so many Docs into one without sentence starts,
            so that half of a development set is running text; 0 joins nothing.
        encoding: How bytes stand for characters. A byte order mark tells UTF-16.
    """

    file_ending: ClassVar[str] = ""
    """Which files of a directory are read."""

    path: Optional[Paths]
    _: KW_ONLY
    limit: int = 0
    joined: int = 0
    encoding: str = "utf-8"
    _reported: Set[str] = field(default_factory=set, init=False, repr=False)
    _kept: KeptExamples = field(default_factory=KeptExamples, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.path is None:
            raise BirnnError(Errors.B104.format(corpus=config_block()))
        check_paths(self.path)
        check_limit(self.limit)
        check_joined(self.joined)
        check_encoding(self.encoding)

    @abstractmethod
    def read_file(self, file: Path, nlp: Language, notes: Notes) -> Iterator[Example]:
        """Yield the Examples of one file."""

    def list_files(self) -> List[Path]:
        """List the files that are read.

        Raises:
            BirnnError: A path does not exist, or a file would be read twice.
        """
        files = [
            file
            for path in self._paths()
            for file in list_files(path, self.file_ending)
        ]
        check_once(files)
        return files

    def _paths(self) -> List[Path]:
        assert self.path is not None
        return list(map(Path, as_list(self.path)))

    def __call__(self, nlp: Language) -> Iterator[Example]:
        yield from self._kept.read(nlp, self.list_files(), lambda: self._read(nlp))

    def _read(self, nlp: Language) -> Iterator[Example]:
        examples: Iterable[Example] = islice(self._read_all(nlp), self.limit or None)
        if self.joined:
            examples = join_by_turns(examples, self.joined)
        examples = number(examples)
        task = f"Reading {', '.join(path.name for path in self._paths())}"
        yield from show_progress(examples, task, "documents")

    def _read_all(self, nlp: Language) -> Iterator[Example]:
        notes = Notes(", ".join(map(str, self._paths())))
        for file in self.list_files():
            yield from self.read_file(file, nlp, notes)
        notes.warn(self._reported)


@dataclass(eq=False, kw_only=True)
class TokenCorpus(FileCorpus):
    """A reader of files that hold tokens, a row each.

    Args:
        docs: A Doc per sentence, or a Doc per document.
        scheme: How spans are written as tags. `auto` tells it from all tags of a file.
            `bmes` also reads `W` for a single token, `io` reads types without prefix.
        label: The type of spans whose tags are a prefix without a type, as `B`.
        empty_words: Words that are empty or white space: `error` refuses the empty
            ones and keeps white space as a token, `drop` leaves both out, `replace`
            puts U+FFFD in their place.
    """

    docs: Docs = "sentence"
    scheme: Scheme = "auto"
    label: Optional[str] = None
    empty_words: EmptyWords = "error"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.docs not in DOCS:
            raise BirnnError(Errors.B110.format(docs=self.docs))
        check_scheme(self.scheme)
        check_choice("empty_words", self.empty_words, EMPTY_WORDS)


def check_once(files: Iterable[Path]) -> None:
    """Refuse files that would be read twice, however their paths are written.

    Raises:
        BirnnError: One is there twice.
    """
    seen: Set[Path] = set()
    for file in files:
        place = file.resolve()
        if place in seen:
            raise BirnnError(Errors.B100.format(path=file))
        seen.add(place)


def config_block() -> str:
    """Name the block of a config that is being resolved, for a message.

    A reader is not told where it stands, and `[corpora]` is resolved as a whole; only
    confection's loop over the blocks knows which one is at fault.
    """
    for frame in inspect.stack(context=0):
        if frame.function == "resolve_promises":
            return f"[corpora.{frame.frame.f_locals.get('key')}]"
    return "the corpus"


class EmptyWordRule:
    """The rule for empty words in one file, and how many there were."""

    def __init__(self, choice: str, path: str) -> None:
        self.choice = choice
        self.path = path
        self.count = 0
        self.first = ""
        self._starts_document = False

    def apply(self, sentence: Sentence, where: Where) -> None:
        """Refuse, leave out or replace the empty words of a sentence.

        Raises:
            BirnnError: There is one, and the choice is `error`.
        """
        if self.choice == "error":
            if "" in sentence.words:
                place = where(sentence.words.index(""))
                raise BirnnError(Errors.B112.format(where=place))
            return
        # The first sentence of a document may have gone.
        sentence.starts_document |= self._starts_document
        self._starts_document = False
        empty = [i for i, word in enumerate(sentence.words) if not word.strip()]
        if not empty:
            return
        self.first = self.first or where(empty[0])
        self.count += len(empty)
        if self.choice == "drop":
            sentence.drop(empty)
            self._starts_document = not sentence.words and sentence.starts_document
        for i in empty if self.choice == "replace" else ():
            sentence.words[i] = REPLACEMENT

    def report(self, notes: Notes) -> None:
        """Count them in one line."""
        if self.count:
            done = "left out" if self.choice == "drop" else "replaced by U+FFFD"
            notes.add(
                Warnings.W104.format(
                    path=self.path, count=self.count, done=done, first=self.first
                )
            )


def with_words(
    sentences: Iterable[Tuple[Sentence, Where]], choice: str, path: str
) -> Iterator[Sentence]:
    """Apply the rule for empty words to sentences that only `tag` reads, then warn.

    Args:
        sentences: Each with the places of its tokens.
        choice: One of `EMPTY_WORDS`.
        path: What messages call the file.

    Returns:
        Those that have a word left.

    Raises:
        BirnnError: A word is empty, and the choice is `error`.
    """
    rule, notes = EmptyWordRule(choice, path), Notes(path)
    for sentence, where in sentences:
        rule.apply(sentence, where)
        if sentence.words:
            yield sentence
    rule.report(notes)
    notes.warn(set())
