"""Training without a development corpus: on all the data there is."""

from typing import Any, Dict

from spacy.util import registry
from thinc.api import Config

from ..data.arguments import as_list, check_paths
from ..data.reader import FileCorpus
from ..errors import BirnnError, Errors
from .config_values import wrong_setting
from .optimizers import loop_schedules


def check_no_dev(settings: Dict[str, Any]) -> None:
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


def join_dev(config: Config) -> Config:
    """Let the training corpus read the files of the development corpus too.

    They are read by the settings of the training corpus.

    Args:
        config: not interpolated. It stays as it is.

    Returns:
        Another config.

    Raises:
        BirnnError: the two are not read from files by one reader, or a path is none.
    """
    resolved = config.interpolate()
    training = resolved.get("training", {})
    names = [
        training.get(f"{part}_corpus", f"corpora.{part}") for part in ("train", "dev")
    ]
    sections = [_section(resolved, name) for name in names]
    readers = {section.get("@readers") for section in sections}
    if len(readers) > 1 or not _reads_files(readers.pop()):
        wanted = (
            "a corpus of files, read by the reader of the training corpus, for "
            "--dev train: or let that one read all, and give --dev none"
        )
        raise wrong_setting("dev_corpus", names[1], wanted)
    joined, both = config.copy(), []
    for name, section in zip(names, sections):
        if section.get("path") is None:
            raise BirnnError(Errors.B104.format(corpus=f"[{name}]"))
        check_paths(section["path"])
        both += as_list(section["path"])
    _section(joined, names[0])["path"] = both
    return joined


def _section(config: Config, dotted: str) -> Dict[str, Any]:
    block: Any = config
    for name in dotted.split("."):
        block = block.get(name, {}) if isinstance(block, dict) else {}
    return block


def _reads_files(name: Any) -> bool:
    if not isinstance(name, str) or name not in registry.readers:
        return False
    reader = registry.readers.get(name)
    return isinstance(reader, type) and issubclass(reader, FileCorpus)
