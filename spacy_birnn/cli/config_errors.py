"""spaCy's findings in a config, in one line."""

import re

from thinc.api import ConfigValidationError

from ..errors import Errors, one_line
from ..training.config_keys import unknown

_UNEXPECTED = re.compile("unexpected argument: '(.+)'")
_WRONG_TYPE = re.compile("at root: (.+) is not <class '(.+)'>")


def say_config_error(error: ConfigValidationError) -> str:
    """Say the first finding, without the values of the whole section."""
    found = next(iter(error.errors or []), None)
    if found is None:
        reason = one_line(error)
        return Errors.B493.format(where="in the config", reason=reason)
    path, reason = [str(part) for part in found["loc"]], found["msg"]
    key = _UNEXPECTED.fullmatch(reason)
    function = re.search("'(.+)'", error.title or "")
    if key is None or function is None:
        where = ".".join(path) or "the config"
        if function is not None:
            where += f" of '{function[1]}'"
        reason = _WRONG_TYPE.sub(r"\1 is not of type \2", " ".join(reason.split()))
        return Errors.B493.format(where=where, reason=reason)
    # The values are those that were given, and the defaults of the others.
    values = error.config if isinstance(error.config, dict) else {}
    names = [n for n in values if n != key[1] and n[:1] != "@"]
    where = f"[{'.'.join(path[:-1])}], of '{function[1]}'"
    return str(unknown("key", key[1], where, names))
