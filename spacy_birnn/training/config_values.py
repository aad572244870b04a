"""Wrong values of a config, in one coded line each."""

import re
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any, Dict, Iterator, Optional, Sequence

from thinc.api import Config

from ..errors import BirnnError, Errors
from .config_keys import spelling_hint, unknown

_AT_LEAST = {
    "eval_frequency": 1,
    "accumulate_gradient": 1,
    "max_epochs": -1,
    "max_steps": 0,
    "patience": 0,
}

_OURS = ("birnn_", "spacy-birnn.")
"""How the names of our factories and functions begin."""

_NO_SCHEDULE = re.compile("Invalid schedule for '(.+?)'")
"""How thinc's optimizers begin a message on a value that they cannot use."""


def check_score_weights(config: Config) -> None:
    """Refuse weights that spaCy, when it makes the pipeline, could not add up.

    Raises:
        BirnnError: One is neither a number nor null.
    """
    for score, weight in config["training"].get("score_weights", {}).items():
        if not isinstance(weight, (int, float, type(None))):
            raise wrong_setting(f"score_weights.{score}", weight, "a number, or null")


def check_settings(
    settings: Dict[str, Any], config: Config, components: Sequence[str]
) -> None:
    """Refuse settings of training that spaCy's types let through.

    Args:
        settings: The section `[training]`, resolved to objects.
        config: Complete and interpolated.
        components: The names of all components of the pipeline.

    Raises:
        BirnnError: A number is out of range, or a corpus or a component is not there.
    """
    for key, least in _AT_LEAST.items():
        if settings[key] < least:
            raise wrong_setting(key, settings[key], f"at least {least}")
    if not 0 <= settings["dropout"] < 1:
        raise wrong_setting(
            "dropout", settings["dropout"], "a number from 0 to below 1"
        )
    for key in ("train_corpus", "dev_corpus"):
        if not _is_section(config, settings[key]):
            wanted = "the name of a section, such as corpora.train for [corpora.train]"
            raise wrong_setting(key, settings[key], wanted)
    for key in ("frozen_components", "annotating_components"):
        for name in settings[key]:
            if name not in components:
                raise unknown("component", name, "the pipeline", components)


def _is_section(config: Config, dotted: str) -> bool:
    """Whether there is a section of that name, and a function makes something of it."""
    block: Any = config
    for name in dotted.split("."):
        if "@readers" in block:
            return True  # one function reads several corpora, and names them
        block = block.get(name)
        if not isinstance(block, dict):
            return False
    return any(key.startswith("@") for key in block)


def wrong_setting(key: str, value: Any, expected: str) -> BirnnError:
    """The error of a value in the section `[training]`."""
    text = Errors.B069.format(key=f"training.{key}", value=value, expected=expected)
    return BirnnError(text)


@contextmanager
def coded(config: Config) -> Iterator[None]:
    """Tell in one line what spaCy and thinc find wrong with a config.

    spaCy's messages go on for many lines: with the whole config, or with all that there
    is, after the words "Available factories:" or "Available names:".
    """
    try:
        yield
    except BirnnError:
        raise
    except (ValueError, OSError, ImportError) as error:
        if setting := _NO_SCHEDULE.match(str(error)):
            value = config["training"]["optimizer"].get(setting[1])
            key = f"optimizer.{setting[1]}"
            raise wrong_setting(key, value, "a number or a schedule") from error
        if not str(error).startswith("[E"):
            raise  # of somebody else's code: its author needs the traceback
        # The config comes after an empty line.
        reason = " ".join(str(error).partition("\n\n")[0].split())
        raise _unknown_name(str(error)) or BirnnError(
            Errors.B491.format(reason=reason.rstrip("."))
        ) from error


def _unknown_name(message: str) -> Optional[BirnnError]:
    """The error of a factory or a registered function that is not there.

    Returns:
        None where spaCy's message is about something else.
    """
    reason, _, listed = " ".join(message.split()).partition(" Available ")
    quoted = re.search("'(.+?)'", reason[reason.find("find") :])
    names = [name for name in listed.partition(": ")[2].split(", ") if name]
    if not (names and quoted):
        return None
    if listed.startswith("factories"):
        # Until one of them is used, spaCy does not list those of other packages.
        names += [p.name for p in entry_points(group="spacy_factories")]
    return BirnnError(
        Errors.B490.format(
            name=quoted[1],
            hint=spelling_hint(quoted[1], names),
            ours=", ".join(sorted({n for n in names if n.startswith(_OURS)})),
        )
    )
