"""Uses of the development corpus: to choose, to be trained on too, or none."""

from enum import Enum
from itertools import chain
from typing import Any, Dict, List, cast

from spacy.util import registry
from thinc.api import Config

from ..data.joining import number
from ..data.reader import FileCorpus, check_once
from ..errors import BirnnError, Errors
from .config_values import wrong_setting
from .corpora import Reader, resolve_corpus
from .optimizers import loop_schedules


class DevUse(str, Enum):
    """A use of the development corpus.

    `choose`: its score chooses the best pipeline. `train`: it is trained on too.
    `none`: it is left alone, and need not be there. Without a score training goes on to
    the last step, and there is no best pipeline.
    """

    choose = "choose"
    train = "train"
    none = "none"


def check_needs_no_score(settings: Dict[str, Any]) -> None:
    """Refuse settings of training that need the score of a development corpus.

    Args:
        settings: the section `[training]`, resolved to objects.

    Raises:
        BirnnError: nothing would end the training, or a schedule follows the score.
    """
    if not (settings["max_epochs"] > 0 or settings["max_steps"] > 0):
        wanted = "at least 1, or max_steps: without a dev corpus no score ends training"
        raise wrong_setting("max_epochs", settings["max_epochs"], wanted)
    for key, schedule in loop_schedules(settings["optimizer"]).items():
        if schedule.needs_score:
            wanted = "a schedule that does without scores, as there is no dev corpus"
            raise wrong_setting(f"optimizer.{key}", schedule.name, wanted)


def read_dev_too(config: Config, train: str, dev: str) -> Reader:
    """A reader of the training corpus and, by its settings, of the files of dev.

    Args:
        config: interpolated.
        train, dev: as `[training] train_corpus` and `dev_corpus` name the two.

    Raises:
        BirnnError: the two are not read from files by one reader, a path is null, or a
            file is in both.
    """
    sections = [_section(config, name) for name in (train, dev)]
    names = [section.get("@readers") for section in sections]
    if names[0] != names[1] or not _reads_files(names[0]):
        wanted = (
            "a corpus of files, read by the reader of the training corpus, for "
            "--dev train: or let that one read all, and give --dev none"
        )
        raise wrong_setting("dev_corpus", dev, wanted)
    readers: List[FileCorpus] = []
    for name, section in zip((train, dev), sections):
        if section.get("path") is None:
            raise BirnnError(Errors.B104.format(corpus=f"[{name}]"))
        other = config.copy()
        _section(other, train)["path"] = section["path"]
        readers.append(cast(FileCorpus, resolve_corpus(other, train)))
    check_once([file for reader in readers for file in reader.list_files()])
    return lambda nlp: number(chain.from_iterable(read(nlp) for read in readers))


def _section(config: Config, dotted: str) -> Dict[str, Any]:
    block: Any = config
    for name in dotted.split("."):
        if "@readers" in block:
            break  # one function reads several corpora, and names them
        block = block[name]
    return block


def _reads_files(name: Any) -> bool:
    if not isinstance(name, str) or name not in registry.readers:
        return False
    reader = registry.readers.get(name)
    return isinstance(reader, type) and issubclass(reader, FileCorpus)
