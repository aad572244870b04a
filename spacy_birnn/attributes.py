"""Custom attributes of tokens as targets: `_.name` stands for `token._.name`."""

from typing import Optional

CUSTOM = "_."


def custom_name(target: str) -> Optional[str]:
    """The name of the custom attribute that a target stands for, None if for none."""
    if not target.startswith(CUSTOM):
        return None
    name = target.removeprefix(CUSTOM)
    return name if name.isidentifier() else None
