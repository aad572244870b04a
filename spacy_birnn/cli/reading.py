"""Open annotated files for a command, with the options that commands share."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Set, Type

from ..data.conll import ConllCorpus
from ..data.conllu import ConlluCorpus
from ..data.corpus import AnyCorpus
from ..data.reader import FileCorpus
from ..data.spans import SpansCorpus
from ..errors import BirnnError, Errors

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
