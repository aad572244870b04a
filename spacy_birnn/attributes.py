"""Where a Doc holds a target: `_.name` stands for `token._.name`, the custom attribute
of a token; entities and groups of spans may be there or not."""

from typing import Any, Dict, List, Optional

from spacy.tokens import Doc, SpanGroup, Token

CUSTOM = "_."


def custom_name(target: str) -> Optional[str]:
    """The name of the custom attribute that a target stands for, None if for none."""
    if not target.startswith(CUSTOM):
        return None
    name = target.removeprefix(CUSTOM)
    return name if name.isidentifier() else None


def custom_value(token: Token, name: str) -> Any:
    """The value that a token's custom attribute was given. Its default is none."""
    if not Token.has_extension(name):
        return None
    _, _, getter, _ = Token.get_extension(name)
    if getter is not None:
        return token._.get(name)
    given: Dict[Any, Any] = token.doc.user_data
    return given.get(("._.", name, token.idx, None))


def is_annotated(doc: Doc, target: str, spans_key: str) -> bool:
    """Whether anything is known of the spans of a document."""
    if target == "ents":
        return bool(doc.has_annotation("ENT_IOB"))
    return spans_key in doc.spans


def one_per_span(group: SpanGroup, attr: str) -> List[Any]:
    """The values of an attribute that has one for each span. None where their number
    differs: spans were added or removed past it."""
    values = group.attrs.get(attr)
    if values is None or len(values) != len(group):
        return [None] * len(group)
    return list(values)
