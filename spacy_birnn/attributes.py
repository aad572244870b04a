"""Where a Doc holds a target: `_.name` stands for `token._.name`, the custom attribute
of a token; entities and groups of spans may be there or not."""

from typing import Optional

from spacy.tokens import Doc

CUSTOM = "_."


def custom_name(target: str) -> Optional[str]:
    """The name of the custom attribute that a target stands for, None if for none."""
    if not target.startswith(CUSTOM):
        return None
    name = target.removeprefix(CUSTOM)
    return name if name.isidentifier() else None


def is_annotated(doc: Doc, target: str, spans_key: str) -> bool:
    """Whether anything is known of the spans of a document."""
    if target == "ents":
        return bool(doc.has_annotation("ENT_IOB"))
    return spans_key in doc.spans
