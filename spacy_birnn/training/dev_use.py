"""Uses of the development corpus: to choose, to be trained on too, or none."""

from dataclasses import replace
from enum import Enum
from itertools import chain
from typing import Any, Dict

from ..data.joining import number
from ..data.reader import FileCorpus, check_once
from .config_values import wrong_setting
from .corpora import Reader
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


def read_dev_too(train: Reader, dev: Reader, dev_name: str) -> Reader:
    """A reader of the training corpus and, by its settings, of the files of dev.

    Args:
        train, dev: the readers of the two.
        dev_name: as `[training] dev_corpus` names it.

    Raises:
        BirnnError: the two are not read from files by one reader, or a file is in both.
    """
    if (
        not isinstance(train, FileCorpus)
        or not isinstance(dev, FileCorpus)
        or type(dev) is not type(train)
    ):
        wanted = (
            "a corpus of files, read by the reader of the training corpus, for "
            "--dev train: or let that one read all, and give --dev none"
        )
        raise wrong_setting("dev_corpus", dev_name, wanted)
    readers = [train, replace(train, path=dev.path)]
    check_once([file for reader in readers for file in reader.list_files()])
    return lambda nlp: number(chain.from_iterable(read(nlp) for read in readers))
