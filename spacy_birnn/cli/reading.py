"""Open annotated files for a command, with the options that commands share."""

from dataclasses import dataclass, fields
from inspect import signature
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
)

from spacy.language import Language
from spacy.training import Example

from ..data.arguments import SPAN_TARGETS
from ..data.conll import ConllCorpus
from ..data.conllu import ConlluCorpus
from ..data.corpus import AnyCorpus
from ..data.hub import create_datasets_reader
from ..data.loading import has_splits, is_dataset
from ..data.spans import SpansCorpus
from ..data.text import list_files
from ..errors import BirnnError, Errors
from ..tagging.targets import Target
from . import options as shared
from .options import Scheme, value_of

Corpus = Callable[[Language], Iterable[Example]]

DATASETS = "datasets"

READERS: Dict[str, Callable[..., Corpus]] = {
    "conll": ConllCorpus,
    "conllu": ConlluCorpus,
    "spans": SpansCorpus,
    DATASETS: create_datasets_reader,
}
"""The reader of each format that `--format` names."""

_NAMES = {
    "conll": "CoNLL columns",
    "conllu": "CoNLL-U",
    "spans": "span annotation",
    DATASETS: "datasets",
}


@dataclass(frozen=True, kw_only=True)
class TokenOptions:
    """How a user says that files of tokens are written, whatever is read of them.

    The fields are options of a command; see `groups.with_groups`. They are None, or
    False, where the content tells.
    """

    separator: shared.SeparatorOption = None
    header: shared.Header = None
    empty_words: shared.EmptyWordsOption = None
    merge_subtokens: shared.MergeSubtokens = False
    encoding: shared.Encoding = None

    def given(self) -> Dict[str, Any]:
        """The options that were given, by the names of the readers' arguments."""
        return {
            field.name: value_of(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


@dataclass(frozen=True, kw_only=True)
class ReadOptions(TokenOptions):
    """How a user says that annotated files are written."""

    format: shared.FormatOption = None
    scheme: shared.SchemeOption = Scheme.auto  # type: ignore[attr-defined]
    columns: shared.Columns = None
    docs: shared.DocsOption = None
    label: shared.Label = None
    ents_key: shared.EntsKey = None
    target: shared.TargetOption = None
    alignment_mode: shared.AlignmentOption = None
    missing_label: shared.MissingLabel = None
    unmarked: shared.UnmarkedOption = None
    tokens: shared.TokensColumn = None
    labels: shared.LabelsColumn = None
    split: shared.SplitOption = None
    name: shared.NameOption = None
    revision: shared.Revision = None
    limit: shared.Limit = None
    joined: shared.Joined = None


def open_corpus(
    path: Path,
    options: Mapping[str, Any],
    defaults: Optional[Mapping[str, Any]] = None,
) -> Corpus:
    """Make the reader of annotated files.

    Args:
        path: A file, or a directory; a dataset may be an id of the Hub.
        options: What a user has given: `format`, one of `READERS`, and the arguments
            of the readers; None for what was not given.
        defaults: What the command itself says where the user does not.

    Raises:
        BirnnError: There is no such file, an option has no effect on any, or nothing
            says which split of a dataset is meant.
    """
    given = {k: v for k, v in options.items() if k != "format" and v is not None}
    formats = find_formats(path, options)
    check_effect(given, formats)
    if formats == {DATASETS} and "split" not in given and has_splits(str(path)):
        raise BirnnError(Errors.B485.format(path=path))
    format = options.get("format") or (DATASETS if DATASETS in formats else None)
    reader = READERS[format] if format else AnyCorpus
    settings = {**(defaults or {}), **given}
    known = _arguments(reader)
    return reader(path, **{k: v for k, v in settings.items() if k in known})


def read_gold(
    nlp: Language, path: Path, targets: Sequence[Target], **options: Any
) -> List[Example]:
    """Read annotated files for what a pipeline sets.

    Without `columns` a pipeline of several targets reads CoNLL files as its training
    did. Else the last column is for the first target, and so are the labels of a
    dataset without `target`.

    Args:
        nlp: The pipeline.
        path: A file or a directory, or the id of a dataset.
        targets: What the pipeline sets.
        options: `format` and the arguments of the readers, as for `open_corpus`.

    Raises:
        BirnnError: The files cannot be read, or an option has no effect.
    """
    first = targets[0].column
    keys = [target.spans_key for target in targets if target.spans_key]
    defaults: Dict[str, Any] = {"columns": {first: -1}}
    if len(targets) > 1:
        defaults["columns"] = trained_columns(nlp) or defaults["columns"]
    if keys:
        defaults["spans_key"] = keys[0]
    if first in SPAN_TARGETS or find_formats(path, options) == {DATASETS}:
        defaults["target"] = first
    return list(open_corpus(path, options, defaults)(nlp))


def trained_columns(nlp: Language) -> Optional[Dict[str, int]]:
    """The columns that the config of a pipeline names for its development corpus; None
    where it names none."""
    corpora = nlp.config.get("corpora", {})
    columns = corpora.get("dev", {}).get("columns")
    return columns if isinstance(columns, dict) else None


def of_training(path: Path, options: Mapping[str, Any]) -> Dict[str, Any]:
    """The options for the training data, of those for what is scored.

    They say how both are written, as far as the format knows them; which part is scored
    they do not say of the training data.
    """
    formats = find_formats(path, options)
    readers = [reader for name, reader in READERS.items() if name in formats]
    known = {"format"}.union(*map(_arguments, readers))
    parts = ("limit", "joined", "split")
    chosen = {key: options[key] for key in options if key in known - {*parts}}
    if formats == {DATASETS} and has_splits(str(path)):
        chosen["split"] = "train"
    return chosen


def find_formats(path: Path, options: Mapping[str, Any]) -> Set[str]:
    """Tell the formats of a file, or of the files of a directory; or the one given."""
    if options.get("format"):
        return {options["format"]}
    if is_dataset(path):
        return {DATASETS}
    telling = {k: options[k] for k in ("columns", "encoding") if options.get(k)}
    corpus = AnyCorpus(path, **telling)
    return {corpus.sniff(file) for file in corpus.list_files()}


def files_of(path: Path, options: Mapping[str, Any]) -> List[Path]:
    """The files that are read, as far as they are known; an id of the Hub is none."""
    if options.get("format") == DATASETS and not path.exists():
        return []
    return list_files(path)


def check_effect(given: Mapping[str, Any], formats: Set[str]) -> None:
    """Refuse an option that none of the formats at hand knows.

    Raises:
        BirnnError: There is one.
    """
    # These hold for all formats, .spacy files too.
    for name in given.keys() - {"limit", "joined"}:
        owners = [f for f, reader in READERS.items() if name in _arguments(reader)]
        if not formats & set(owners):
            option = "--" + name.replace("_", "-")
            kinds = " and ".join(_NAMES[owner] for owner in owners)
            raise BirnnError(Errors.B226.format(option=option, kinds=kinds))


def _arguments(reader: Callable[..., Corpus]) -> Set[str]:
    return set(signature(reader).parameters) - {"path"}
