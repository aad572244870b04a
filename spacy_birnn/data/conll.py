"""CoNLL columns: a token per row, a blank line after each sentence."""

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

from spacy.language import Language
from spacy.training import Example

from ..errors import BirnnError, Errors, Warnings
from ..schemes import RAW, TagPairs, tag_pairs
from .arguments import (
    SEPARATORS,
    SPAN_TARGETS,
    USUAL,
    Separator,
    WordFormat,
    check_choice,
    check_columns,
)
from .base import Sentence, group_documents, make_example
from .columns import Block, check_columns_fit, read_blocks
from .layout import Layout, tell_layout
from .reader import EmptyWordRule, Notes, TokenCorpus, with_words
from .tags import RepairCount, TagReader, Where, read_values, tell_tags
from .text import read_lines

KEPT_ROWS = 250_000
"""A file of no more rows is split into cells once: they are kept (some 80 MB) until its
tag scheme is told. A larger one is read again."""


@dataclass(eq=False, kw_only=True)
class ConllCorpus(TokenCorpus):
    """Reads CoNLL columns straight into Examples (`spacy-birnn.ConllCorpus.v1`).

    In the columns of spans `-` and `_` mean that the tag is not known; chunks with such
    a gap are left out of the Doc. `-DOCSTART-` begins a document.

    Args:
        columns: Which column holds what, counted from 0 or from the end with -1: `word`
            (by default the first, or the second where the first counts tokens), `ents`,
            `chunks`, `tag`, `pos` and `_.name` for a custom attribute; `sentence` for a
            column in which a new value begins a sentence. By default `ents` is the last
            one.
        separator: What stands between columns: `tab`, `blank` (runs of blanks and
            tabs), `comma` or `semicolon` (CSV, with quotes). `auto` splits a row on
            tabs if it has one, else on blanks, and tells CSV.
        header: Whether the first row of a file names the columns; null tells it.
        spans_key: The key in `doc.spans` for the column `chunks`.

    Scheme `raw` reads the column of spans as it stands into `token.tag_`. The other
    arguments are those of `TokenCorpus` and `FileCorpus`.
    """

    columns: Optional[Dict[str, int]] = None
    separator: Separator = "auto"
    header: Optional[bool] = None
    spans_key: str = "chunks"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("separator", self.separator, SEPARATORS)
        if self.columns is not None:
            check_columns(self.columns)
        _plan_columns(self.columns, self.scheme)

    def read_file(self, file: Path, nlp: Language, notes: Notes) -> Iterator[Example]:
        sentences = _ColumnFile(self, file, notes).sentences()
        for group in group_documents(sentences, self.docs):
            yield make_example(nlp.vocab, group, self.spans_key)


def _plan_columns(columns: Optional[Dict[str, int]], scheme: str) -> Dict[str, int]:
    """Fill in the default; under `raw` spans are tags."""
    columns = {"ents": -1} if columns is None else columns
    if scheme != RAW:
        return columns
    as_tags = {"tag" if t in SPAN_TARGETS else t: i for t, i in columns.items()}
    if len(as_tags) < len(columns):
        raise BirnnError(Errors.B119.format(columns=columns))
    return as_tags


class _ColumnFile:
    """One file of columns: its layout, and how its tags are read.

    Args:
        settings: The reader.
        path: The file.
        notes: Where warnings go.
    """

    def __init__(self, settings: ConllCorpus, path: Path, notes: Notes) -> None:
        self.settings = settings
        self.path = path
        self.name = str(path)
        self.notes = notes
        self.layout, _ = self._lines()
        columns = _plan_columns(settings.columns, settings.scheme)
        word = self.layout.word_column(columns.get("word"), self.name)
        self.columns = {**columns, "word": word}
        check_columns_fit(self.columns, self.layout, self.name)
        self.notes.ask_for(*(t for t in columns if t not in ("word", "sentence")))
        for line in _oddities(self.layout, "word" in columns, self.name):
            notes.add(line)
        if list(columns) == ["word"] and self.layout.width > 1:
            notes.add(Warnings.W112.format(path=self.name, word=word))

    def _lines(self) -> Tuple[Layout, Iterator[str]]:
        lines = read_lines(self.path, self.settings.encoding)
        return tell_layout(
            lines, self.name, self.settings.separator, self.settings.header
        )

    def _blocks(self) -> Iterator[Block]:
        sentence = self.columns.get("sentence")
        return read_blocks(self._lines()[1], self.layout, self.name, sentence)

    def sentences(self) -> Iterator[Sentence]:
        """Yield the sentences, then report what was odd."""
        kept: List[Block] = []
        readers = self._tag_readers(kept)
        repairs = RepairCount()
        empty = EmptyWordRule(self.settings.empty_words, self.name)
        for block in kept or self._blocks():
            sentence = self._read_sentence(block, readers, repairs, empty)
            for target, values in sentence.columns.items():
                if any(values):
                    self.notes.found(target)
            if sentence.words:
                yield sentence
        empty.report(self.notes)
        if repairs.count:
            used = " and ".join(sorted({reader.name for reader in readers.values()}))
            self.notes.add(repairs.warning(self.name, used))

    def _tag_readers(self, kept: List[Block]) -> Dict[str, TagReader]:
        """The reader of tags for each column with spans.

        Args:
            kept: gets all blocks, if they were read for this and are not too many.
        """
        spans = [target for target in SPAN_TARGETS if target in self.columns]
        if self.settings.scheme != "auto":
            reader = TagReader(self.settings.scheme, self.settings.label)
            return dict.fromkeys(spans, reader)
        pairs: Dict[str, TagPairs] = {target: Counter() for target in spans}
        n_rows = 0
        for block in self._blocks() if spans else ():
            for target, counter in pairs.items():
                counter.update(tag_pairs(_tags(block, self.columns[target])))
            n_rows += len(block.rows)
            if n_rows <= KEPT_ROWS:
                kept.append(block)
            else:
                kept.clear()
        label = self.settings.label
        return {target: tell_tags(counts, label) for target, counts in pairs.items()}

    def _read_sentence(
        self,
        block: Block,
        readers: Dict[str, TagReader],
        repairs: RepairCount,
        empty: EmptyWordRule,
    ) -> Sentence:
        where = _place_of(block, self.name)

        def line(token: int) -> str:
            return f"line {block.lines[token]}"

        sentence = Sentence(
            _column(block, self.columns["word"]),
            starts_document=block.starts_document,
        )
        repaired: List[int] = []
        for target, index in self.columns.items():
            if target in readers:
                column = f"column {index} ({target})"
                tags, tokens = readers[target].read(_tags(block, index), where, column)
                sentence.columns[target] = tags
                repaired += tokens
            elif target not in ("word", "sentence"):
                values = _column(block, index)
                sentence.columns[target] = read_values(target, values, where)
        repairs.add(repaired, line)
        empty.apply(sentence, where)
        return sentence


def _column(block: Block, index: int) -> List[str]:
    """The cells of a column, without the blanks that some editors put beside tabs. A
    word may be nothing but blanks."""
    return [row[index].strip(" ") or row[index] for row in block.rows]


def _tags(block: Block, index: int) -> List[str]:
    return [row[index].strip(" ") for row in block.rows]


def _oddities(layout: Layout, is_word_given: bool, name: str) -> Iterator[str]:
    """Warn of what was told from the content and may be wrong."""
    if layout.header and not layout.is_header_told:
        yield Warnings.W103.format(path=name, line=layout.header)
    if layout.counts and not is_word_given and layout.width > 1:
        yield Warnings.W102.format(path=name)


def read_words(
    lines: Iterable[str], name: str, written: WordFormat = USUAL
) -> Iterator[Sentence]:
    """Read the words of columns and nothing else, as `tag` does.

    Args:
        lines: Lines without their ends; they may be a stream.
        name: What messages call the file.
        written: How the file is written.

    Raises:
        BirnnError: A row has too many or too few columns, a word is empty, or there is
            no row at all.
    """
    layout, lines = tell_layout(lines, name, written.separator, written.header)
    column = layout.word_column(written.word, name)
    columns = {"word": column}
    if written.sentence is not None:
        columns["sentence"] = written.sentence
    check_columns_fit(columns, layout, name)
    for oddity in _oddities(layout, written.word is not None, name):
        warnings.warn(oddity, stacklevel=2)

    def read(block: Block) -> Tuple[Sentence, Where]:
        words = _column(block, column)
        sentence = Sentence(words, starts_document=block.starts_document)
        return sentence, _place_of(block, name)

    blocks = read_blocks(lines, layout, name, written.sentence)
    yield from with_words(map(read, blocks), written.empty_words, name)


def _place_of(block: Block, name: str) -> Where:
    return lambda token: f"{name}:{block.lines[token]}"
