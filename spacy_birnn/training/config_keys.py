"""Misspelled keys of a config, which spaCy passes over.

Arguments of registered functions are checked where they are called; the keys of spaCy's
own sections are not.
"""

from difflib import get_close_matches
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from spacy.language import DEFAULT_CONFIG
from spacy.schemas import CONFIG_SCHEMAS
from thinc.api import Config

from ..errors import BirnnError, Errors

_SCHEMAS: Dict[str, Any] = dict(CONFIG_SCHEMAS)


def check_sections(config: Config) -> None:
    """Refuse keys that spaCy's own sections do not have, sections almost of a name, and
    functions without one.

    Args:
        config: Interpolated or not.

    Raises:
        BirnnError: There is one.
    """
    known = [*DEFAULT_CONFIG, "pretraining"]
    for section in config:
        # Other sections are the user's own: variables for the rest of the config.
        close = get_close_matches(section, known, n=1, cutoff=0.8)
        if section not in known and close and not _is_used(config, section):
            raise unknown("section", section, "the config", close)
    for section, schema in _SCHEMAS.items():
        for key in config.get(section, {}):
            if key not in schema.model_fields:
                raise unknown("key", key, f"[{section}]", schema.model_fields)
    for key, value in flatten(config):
        if "@" in key and not isinstance(value, str):
            wanted = "the name of a registered function"
            raise BirnnError(Errors.B069.format(key=key, value=value, expected=wanted))


def check_overrides(config: Config, overrides: Dict[str, Any]) -> None:
    """Refuse settings of the command line that would have no effect.

    Args:
        config: Without them, not interpolated.
        overrides: Values by names such as `training.max_epochs`.

    Raises:
        BirnnError: There is one.
    """
    for name in overrides:
        *sections, key = name.split(".")
        block: Dict[str, Any] = config
        for depth, section in enumerate(sections):
            if not isinstance(block.get(section), dict):
                known = [k for k, value in block.items() if isinstance(value, dict)]
                where = f"[{'.'.join(sections[:depth])}]" if depth else "the config"
                raise unknown("section", section, where, known)
            block = block[section]
        if len(sections) > 1:
            continue
        if sections[0] in _SCHEMAS:
            known = list(_SCHEMAS[sections[0]].model_fields)
        else:
            known = [*block, *DEFAULT_CONFIG.get(sections[0], {})]
        if key not in known and not _is_used(config, *sections, key):
            raise unknown("key", key, f"[{sections[0]}]", known)


def spelling_hint(name: str, known: Iterable[str]) -> str:
    """The closest of the names that there are, or the advice to look for it."""
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean '{close[0]}'" if close else "check its spelling"


def unknown(kind: str, name: str, where: str, known: Iterable[str]) -> BirnnError:
    """The error of a name that is not there, with the closest one that is."""
    names: List[str] = list(known)
    close = get_close_matches(name, names, n=1)
    listed = ", ".join(names) or "nothing"
    hint = f"did you mean '{close[0]}'?" if close else f"it has {listed}."
    return BirnnError(Errors.B492.format(kind=kind, name=name, where=where, hint=hint))


def _is_used(config: Config, *names: str) -> bool:
    """Whether a variable, as in `${paths.train}`, refers to it."""
    text = config.to_str(interpolate=False)
    name = ".".join(names)
    ends = ("}", ".", ":")
    return any(f"${{{name}{end}" in text for end in ends) or (
        len(names) > 1 and f"${{{names[0]}:{names[1]}" in text
    )


def flatten(values: Dict[str, Any], prefix: str = "") -> Iterator[Tuple[str, Any]]:
    """Yield the values of a config, as JSON can hold them, by their dotted keys."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    if isinstance(value, Iterable) and not isinstance(value, dict):
        return [_plain(item) for item in value]
    return str(value)
