"""Settings of a node: what the config says, also of a model that is loaded.

thinc takes a node's attributes from the model's file, so that a config with other
settings would have no effect and nobody would be told.
"""

from typing import Any, Dict

import srsly
from thinc.api import Model, deserialize_attr

from ..errors import BirnnError, Errors

TRAINING = frozenset({"dropout", "word_dropout", "vote_dropout"})
"""Settings that matter in training again and again: the config's hold, whatever the
file says. What only a first initialization reads is fixed like the sizes."""


class Settings(Dict[str, Any]):
    """Arguments of an architecture, as the attribute "settings" of its node.

    A model's file is refused if its settings are not those of the config. Not compared
    are those of training alone.
    """


@deserialize_attr.register(Settings)
def keep_settings(own: Settings, data: bytes, name: str, node: Model) -> Settings:
    """The config's settings, beside those in a file.

    Args:
        own: of the config.
        data: of the file; one of an earlier version may lack some of them.
        name: of the attribute.
        node: that is loaded.

    Raises:
        BirnnError: the file's weights were made with others.
    """
    saved = srsly.msgpack_loads(data)
    for key in own:
        if key not in TRAINING and saved.get(key, own[key]) != own[key]:
            raise BirnnError(
                Errors.B026.format(
                    where=node.name, key=key, value=own[key], saved=saved[key]
                )
            )
    return own
