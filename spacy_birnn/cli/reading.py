"""Open annotated files for a command, with the options that commands share."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Type

from spacy.language import Language
from spacy.training import Example

from ..data.arguments import SPAN_TARGETS
from ..data.conll import ConllCorpus
from ..data.conllu import ConlluCorpus
from ..data.corpus import AnyCorpus
from ..data.reader import FileCorpus
from ..data.spans import SpansCorpus
from ..errors import BirnnError, Errors
from ..tagging.targets import Target

READERS: Dict[str, Type[FileCorpus]] = {
    "conll": ConllCorpus,
    "conllu": ConlluCorpus,
    "spans": SpansCorpus,
}
"""The reader of each format that `--format` names."""

_NAMES = {"conll": "CoNLL columns", "conllu": "CoNLL-U", "spans": "span annotation"}


def open_corpus(
    path: Path,
    format: Optional[str],
    options: Mapping[str, Any],
    defaults: Optional[Mapping[str, Any]] = None,
) -> FileCorpus:
    """Make the reader of annotated files.

    Args:
        path: A file, or a directory.
        format: One of `READERS`; None tells it by the content of each file.
        options: What a user has given, by the names of the readers' arguments; None for
            what was not given.
        defaults: What the command itself says where the user does not.

    Raises:
        BirnnError: There is no such file, or an option has no effect on any.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if format is not None:
        reader = READERS[format]
        check_effect(given, {format})
    else:
        reader = AnyCorpus
        check_effect(given, find_formats(path, given))
    settings = {**(defaults or {}), **given}
    known = _arguments(reader)
    return reader(path, **{k: v for k, v in settings.items() if k in known})


def read_gold(
    nlp: Language,
    path: Path,
    targets: Sequence[Target],
    format: Optional[str] = None,
    **options: Any,
) -> List[Example]:
    """Read annotated files for what a pipeline sets.

    Without `columns` the last column of a CoNLL file is for the first target.

    Args:
        nlp: The pipeline.
        path: A file or a directory.
        targets: What the pipeline sets.
        format: `conll`, `conllu` or `spans`; None tells it by content.
        options: Arguments of `AnyCorpus`; None for its defaults.

    Raises:
        BirnnError: The files cannot be read, or an option has no effect.
    """
    first = targets[0].column
    keys = [target.spans_key for target in targets if target.spans_key]
    defaults: Dict[str, Any] = {"columns": {first: -1}}
    if keys:
        defaults["spans_key"] = keys[0]
    if first in SPAN_TARGETS:
        defaults["target"] = first
    return list(open_corpus(path, format, options, defaults)(nlp))


def find_formats(path: Path, options: Mapping[str, Any]) -> Set[str]:
    """Tell the formats of a file, or of the files of a directory."""
    telling = {k: options[k] for k in ("columns", "encoding") if options.get(k)}
    corpus = AnyCorpus(path, **telling)
    return {corpus.sniff(file) for file in corpus.list_files()}


def check_effect(given: Mapping[str, Any], formats: Set[str]) -> None:
    """Refuse an option that none of the formats at hand knows.

    Raises:
        BirnnError: There is one.
    """
    for name in given:
        owners = [f for f, reader in READERS.items() if name in _arguments(reader)]
        if not formats & set(owners):
            option = "--" + name.replace("_", "-")
            kinds = " and ".join(_NAMES[owner] for owner in owners)
            raise BirnnError(Errors.B226.format(option=option, kinds=kinds))


def _arguments(reader: Type[FileCorpus]) -> Set[str]:
    return {field.name for field in fields(reader) if field.init}
