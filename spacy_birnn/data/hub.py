"""Hugging Face datasets with a column of tokens and a column of labels."""

from collections import Counter
from itertools import chain, islice
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Union,
)

from spacy.language import Language
from spacy.training import Example

from ..errors import BirnnError, Errors
from ..progress import show_progress
from ..schemes import RAW, TagPairs, tag_pairs
from .arguments import (
    EMPTY_WORDS,
    SPAN_TARGETS,
    EmptyWords,
    Scheme,
    check_choice,
    check_joined,
    check_limit,
    check_path,
    check_scheme,
    check_target,
)
from .base import Sentence, make_example
from .joining import join_by_turns, number
from .loading import coded_errors, load, row_place
from .reader import EmptyWordRule, Notes, config_block
from .tags import RepairCount, TagReader, read_values, tell_tags

_BATCH = 1000
# A stream is read once, so its scheme is told from its beginning.
_DETECTION_ROWS = 1000


class Row(NamedTuple):
    """One example of a dataset: its tokens, their labels, and where it stands."""

    words: List[str]
    labels: List[str]
    place: Callable[[], str]

    def where(self, token: int) -> str:
        """Say for messages where a token stands, counted from 1."""
        return f"{self.place()}, token {token + 1}"


def create_datasets_reader(
    path: Optional[Union[str, Path]],
    tokens: str = "tokens",
    labels: str = "ner_tags",
    target: str = "ents",
    name: Optional[str] = None,
    split: str = "train",
    revision: Optional[str] = None,
    streaming: bool = False,
    scheme: Scheme = "auto",
    label: Optional[str] = None,
    empty_words: EmptyWords = "error",
    spans_key: str = "chunks",
    limit: int = 0,
    joined: int = 0,
) -> Callable[[Language], Iterable[Example]]:
    """Read a Hugging Face dataset (`spacy-birnn.DatasetsCorpus.v1`).

    Make a Doc of one sentence from each row. Class labels are decoded to their names; a
    null or negative label, like `-` and `_`, means that it is not known.

    Args:
        path: The id of a dataset on the Hub; or a Parquet, JSONL or Arrow file, a
            directory of them, one written by `save_to_disk`, or the address of a
            file (http, https), which is downloaded into the cache of `datasets`.
        tokens: The column that holds a list of words a row.
        labels: The column that holds a label for each of them.
        target: What they become: `ents`, `chunks`, `tag`, `pos` or `_.name`.
        name: The configuration of a dataset on the Hub.
        split: The split, also a slice such as `train[:10%]`. A single file is the
            split `train`.
        revision: The branch, tag or commit of a dataset on the Hub.
        streaming: Read row by row, without a copy of the data in memory or the cache.
        scheme: How `ents` and `chunks` are tagged. `auto` tells it from all
            labels, of a stream from those of its first 1000 rows.
        label: The type of spans whose tags are a prefix without a type.
        empty_words: What is done with words that are empty; see `TokenCorpus`.
        spans_key: The key in `doc.spans` for the target `chunks`.
        limit: Read only so many rows; 0 for all.
        joined: Join every second run of so many rows into one Doc without sentence
            starts; see `FileCorpus`.

    Returns:
        A function from the pipeline to Examples.

    Raises:
        BirnnError: An argument is out of range. The function raises it where the
            dataset cannot be had, or does not hold what was asked for.
    """
    if path is None:
        raise BirnnError(Errors.B104.format(corpus=config_block()))
    check_path(path)
    check_target(target)
    check_limit(limit)
    check_joined(joined)
    source = HubSource(str(path), name, split, revision, streaming)
    check_scheme(scheme)
    if scheme == RAW and target in SPAN_TARGETS:
        raise BirnnError(Errors.B149)
    check_choice("empty_words", empty_words, EMPTY_WORDS)
    return DatasetsCorpus(
        source,
        tokens,
        labels,
        target,
        scheme,
        label,
        empty_words,
        spans_key,
        limit,
        joined,
    )


class HubSource(NamedTuple):
    """Which dataset to load."""

    path: str
    name: Optional[str] = None
    split: str = "train"
    revision: Optional[str] = None
    streaming: bool = False


class DatasetsCorpus:
    """See `create_datasets_reader`."""

    def __init__(
        self,
        source: HubSource,
        tokens: str,
        labels: str,
        target: str,
        scheme: str,
        label: Optional[str],
        empty_words: str,
        spans_key: str,
        limit: int,
        joined: int,
    ) -> None:
        self.source = source
        self.tokens = tokens
        self.labels = labels
        self.target = target
        self.scheme = scheme
        self.label = label
        self.empty_words = empty_words
        self.spans_key = spans_key
        self.limit = limit
        self.joined = joined
        self._dataset: Any = None
        self._reported: Set[str] = set()

    def __call__(self, nlp: Language) -> Iterator[Example]:
        sentences = islice(self.sentences(), self.limit or None)
        examples: Iterable[Example] = (
            make_example(nlp.vocab, [s], self.spans_key) for s in sentences
        )
        if self.joined:
            examples = join_by_turns(examples, self.joined)
        task = f"Reading {self.source.path}"
        yield from show_progress(number(examples), task, "documents")

    def sentences(self) -> Iterator[Sentence]:
        """Yield the rows as sentences, then warn of what was odd.

        Raises:
            BirnnError: The dataset cannot be loaded, or is not what the settings say.
        """
        notes = Notes(self.source.path)
        notes.ask_for(self.target)
        repairs = RepairCount()
        empty = EmptyWordRule(self.empty_words, self.source.path)
        tags, rows = self._detect(self.rows())
        for row in rows:
            if tags is None:
                values = read_values(self.target, row.labels, row.where)
            else:
                column = f"column '{self.labels}'"
                values, repaired = tags.read(row.labels, row.where, column)
                repairs.add(repaired, row.where)
            sentence = Sentence(row.words, columns={self.target: values})
            empty.apply(sentence, row.where)
            if any(values):
                notes.found(self.target)
            if sentence.words:
                yield sentence
        empty.report(notes)
        if repairs.count and tags is not None:
            notes.add(repairs.warning(self.source.path, tags.name))
        notes.warn(self._reported)

    def _detect(self, rows: Iterator[Row]) -> Tuple[Optional[TagReader], Iterator[Row]]:
        """How tags are read, None where they are no span tags, and all rows."""
        if self.target not in SPAN_TARGETS:
            return None, rows
        if self.scheme != "auto":
            return TagReader(self.scheme, self.label), rows
        if self.source.streaming:
            seen = list(islice(rows, _DETECTION_ROWS))
            return self._tell(seen), chain(seen, rows)
        return self._tell(rows), self.rows()

    def _tell(self, rows: Iterable[Row]) -> TagReader:
        pairs: TagPairs = Counter()
        for row in rows:
            pairs.update(tag_pairs(row.labels))
        return tell_tags(pairs, self.label)

    @property
    def fingerprint(self) -> Optional[str]:
        """The fingerprint by which `datasets` tells states of a dataset apart, None for
        a stream.

        Raises:
            BirnnError: The dataset cannot be loaded.
        """
        if self.source.streaming:
            return None
        self._load()
        return self._dataset._fingerprint

    def _load(self) -> None:
        if self._dataset is None:
            self._dataset = load(*self.source)

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold tokens, their labels as strings.

        Raises:
            BirnnError: The dataset cannot be had, a row is wrong, or there is none.
        """
        path = self.source.path
        self._load()
        names = self._label_names()
        number, is_empty = 1, True
        for batch in self._batches():
            columns = [self._column(batch, key) for key in (self.tokens, self.labels)]
            for words, labels in zip(*columns, strict=True):
                row = self._row(words, labels, names, number)
                number += 1
                if row.words:
                    is_empty = False
                    yield row
        if is_empty:
            raise BirnnError(Errors.B118.format(path=path))

    def _batches(self) -> Iterator[Dict[str, List[Any]]]:
        batches = self._dataset.iter(batch_size=_BATCH)
        while True:
            with coded_errors(self.source.path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _column(self, batch: Dict[str, List[Any]], key: str) -> List[Any]:
        if key not in batch:
            raise BirnnError(
                Errors.B130.format(
                    path=self.source.path, column=key, columns=", ".join(batch)
                )
            )
        return batch[key]

    def _label_names(self) -> Optional[List[str]]:
        """The names of class labels; None where the labels are no class labels."""
        feature = (self._dataset.features or {}).get(self.labels)
        return getattr(getattr(feature, "feature", None), "names", None)

    def _row(
        self, words: Any, labels: Any, names: Optional[List[str]], number: int
    ) -> Row:
        def place() -> str:
            return row_place(self.source.path, self.source.split, number)

        if not _is_list_of(str, words):
            raise BirnnError(Errors.B131.format(where=place(), column=self.tokens))
        if labels is None:
            labels = [None] * len(words)
        if not isinstance(labels, list) or len(labels) != len(words):
            found = len(labels) if isinstance(labels, list) else "no list of"
            raise BirnnError(
                Errors.B132.format(where=place(), words=len(words), labels=found)
            )
        if names is not None and all(_has_name(label, names) for label in labels):
            labels = [_class_name(label, names) for label in labels]
        labels = ["" if label is None else label for label in labels]
        if not _is_list_of(str, labels):
            raise BirnnError(Errors.B133.format(where=place(), column=self.labels))
        return Row(words, labels, place)


def _is_list_of(kind: type, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _has_name(label: Optional[int], names: List[str]) -> bool:
    return label is None or label < len(names)


def _class_name(label: Optional[int], names: List[str]) -> str:
    return "" if label is None or label < 0 else names[label]
