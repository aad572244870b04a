"""Tag schemes: how labelled spans are written as one tag per token, and read back.

All schemes share one picture. A tag is `O` or `PREFIX-label`; a token continues the
span of the token before it where both carry the same label, the first one leaves its
span open (`B`, `I`) and the second one stays inside (`I`, `E`/`L`). The
schemes differ only in which neighbours are well formed, which is the one thing that
`follows` says; outside a sequence there is `O` on both sides.
"""

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

import numpy

from .errors import BirnnError, Errors

Span = Tuple[int, int, str]
"""A labelled span: first token, token after the last one, label."""

BLANK = "O"
RAW = "raw"
SCHEMES = ("iob1", "iob2", "bioes", "bilou")

# The prefixes of each scheme in the order begin, inside, end, single.
_PREFIXES = {"iob1": "BI", "iob2": "BI", "bioes": "BIES", "bilou": "BILU"}
_OPEN = frozenset("BI")
_INSIDE = frozenset("IEL")


def leaves_open(prefix: str) -> bool:
    """Whether a span can go on after a tag with this prefix."""
    return prefix in _OPEN


def stays_inside(prefix: str) -> bool:
    """Whether a tag with this prefix goes on with the span before it."""
    return prefix in _INSIDE


def span_prefix(scheme: str, begins: bool, goes_on: bool) -> str:
    """Give the prefix of a token of a span.

    Args:
        scheme: One of `SCHEMES`; for `iob1` as if no span of its label touched it.
        begins: Whether the span begins with the token.
        goes_on: Whether it goes on after it.
    """
    prefixes = _prefixes(scheme)
    if len(prefixes) == 4:
        # In the order begin, inside, end, single.
        return prefixes[(0 if goes_on else 3) if begins else (1 if goes_on else 2)]
    return "B" if begins and scheme == "iob2" else "I"


@lru_cache(maxsize=65536)
def split_tag(tag: str) -> Tuple[str, str]:
    """Split `B-ORG` into `("B", "ORG")`, `O` into `("O", "")`.

    Only the first hyphen counts: labels may contain more of them.
    """
    prefix, _, label = tag.partition("-")
    return prefix, label


def is_tag(tag: str, scheme: str) -> bool:
    """Whether a tag belongs to a scheme; for `raw` every tag does."""
    prefix, label = split_tag(tag)
    return tag == BLANK or scheme == RAW or _is_labelled(prefix, label, scheme)


def expected_tags(scheme: str) -> str:
    """The tags of a scheme in words, for messages: `O, B-LABEL or I-LABEL`."""
    *others, last = [BLANK, *(f"{prefix}-LABEL" for prefix in _prefixes(scheme))]
    return f"{', '.join(others)} or {last}"


def encode(spans: Iterable[Span], length: int, scheme: str) -> List[str]:
    """Write spans that do not overlap as tags.

    Args:
        spans: Spans in any order.
        length: Number of tokens.
        scheme: One of `SCHEMES`.

    Returns:
        One tag per token.

    Raises:
        BirnnError: A span is empty, outside the sequence or overlaps another.
    """
    _prefixes(scheme)
    tags = [BLANK] * length
    last_end, last_label = 0, ""
    for start, end, label in sorted(spans):
        if not last_end <= start < end <= length:
            raise BirnnError(
                Errors.B101.format(start=start, end=end, label=label, length=length)
            )
        touches = start == last_end and label == last_label
        tags[start:end] = _span_tags(end - start, label, scheme, touches)
        last_end, last_label = end, label
    return tags


def _span_tags(length: int, label: str, scheme: str, touches: bool) -> List[str]:
    """The tags of one span; `touches` says that one of its label ends before it."""
    tags = [
        f"{span_prefix(scheme, i == 0, i < length - 1)}-{label}" for i in range(length)
    ]
    if scheme == "iob1" and touches:
        tags[0] = f"B-{label}"
    return tags


def decode(tags: Sequence[str], scheme: str) -> Tuple[List[Span], int]:
    """Read spans from tags; every sequence of tags decodes.

    A tag that cannot continue the span before it starts a new one, so a stray `I-X`
    is a start; a span that is not closed ends where the next tag cannot continue it.

    Args:
        tags: One tag per token.
        scheme: One of `SCHEMES`.

    Returns:
        The spans in order, and the number of repairs: neighbours (the sequence counts
        as standing between two `O`) that the scheme does not allow.

    Raises:
        BirnnError: A tag is neither `O` nor `PREFIX-label` with a known prefix.
    """
    _prefixes(scheme)
    spans: List[Span] = []
    repairs = 0
    before, start = BLANK, 0
    for i, tag in enumerate(tags):
        if tag == before == BLANK:
            continue
        repairs += not follows(before, tag, scheme)
        if not continues(before, tag):
            if before != BLANK:
                spans.append((start, i, split_tag(before)[1]))
            start = i
        before = tag
    if before != BLANK:
        spans.append((start, len(tags), split_tag(before)[1]))
        repairs += not follows(before, BLANK, scheme)
    return spans, repairs


@lru_cache(maxsize=65536)
def continues(before: str, tag: str) -> bool:
    """Whether two neighbouring tags belong to the same span."""
    first, first_label = split_tag(before)
    second, second_label = split_tag(tag)
    return leaves_open(first) and stays_inside(second) and first_label == second_label


@lru_cache(maxsize=65536)
def follows(before: str, tag: str, scheme: str) -> bool:
    """Whether a scheme allows `tag` after `before`."""
    first, first_label = _parse(before)
    second, second_label = _parse(tag)
    prefixes = _PREFIXES[scheme] + BLANK
    if first not in prefixes or second not in prefixes:
        return False
    if len(prefixes) > 3:
        is_open, is_inside = leaves_open(first), stays_inside(second)
        return is_open == is_inside and (not is_open or first_label == second_label)
    # IOB2 wants something to continue, IOB1 says B only where I would continue.
    wants_same = "I" if scheme == "iob2" else "B"
    return second != wants_same or first_label == second_label


def _parse(tag: str) -> Tuple[str, str]:
    prefix, label = split_tag(tag)
    if tag != BLANK and not any(_is_labelled(prefix, label, s) for s in SCHEMES):
        raise BirnnError(Errors.B102.format(tag=tag))
    return prefix, label


def _is_labelled(prefix: str, label: str, scheme: str) -> bool:
    return len(prefix) == 1 and prefix in _prefixes(scheme) and bool(label)


def _prefixes(scheme: str) -> str:
    if scheme not in _PREFIXES:
        raise BirnnError(Errors.B103.format(scheme=scheme, schemes=", ".join(SCHEMES)))
    return _PREFIXES[scheme]


TagPairs = Counter[Tuple[str, str]]
"""How often each tag follows which; a sequence begins after an `O`."""


def detect(sentences: Iterable[Sequence[str]]) -> str:
    """Tell the scheme from all tags of a file.

    The prefixes of BIOES and BILOU give them away. IOB1 and IOB2 share theirs: the one
    whose rule is broken least often wins, IOB2 where both fit. Tags of unknown shape
    (and marks for missing ones) are passed over.

    Args:
        sentences: The tags of each sentence.

    Returns:
        One of `SCHEMES`.
    """
    pairs: TagPairs = Counter()
    for tags in sentences:
        pairs.update(tag_pairs(tags))
    return scheme_of(pairs)


def tag_pairs(tags: Sequence[str]) -> Iterator[Tuple[str, str]]:
    """The neighbours of a sequence, to be counted for `scheme_of`."""
    return pairwise([BLANK, *tags])


def scheme_of(pairs: TagPairs) -> str:
    """Tell the scheme as `detect` does, from the neighbours counted."""
    prefixes: Counter[str] = Counter()
    broken: Dict[str, int] = {"iob2": 0, "iob1": 0}
    for (before, tag), count in pairs.items():
        prefix, label = split_tag(tag)
        if not label:
            continue
        prefixes[prefix] += count
        if prefix in "BI" and split_tag(before)[1] != label:
            broken["iob2" if prefix == "I" else "iob1"] += count
    bioes = prefixes["E"] + prefixes["S"]
    bilou = prefixes["L"] + prefixes["U"]
    if bioes or bilou:
        return "bioes" if bioes >= bilou else "bilou"
    return min(broken, key=broken.__getitem__)


def label_set(types: Sequence[str], scheme: str) -> List[str]:
    """All tags for some span types: `O` first, then type by type in their order."""
    if scheme == RAW:
        return list(types)
    prefixes = _prefixes(scheme)
    return [BLANK, *(f"{prefix}-{name}" for name in types for prefix in prefixes)]


def transition_constraints(
    labels: Sequence[str], scheme: str
) -> Tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Which tags may begin a sequence, follow one another and end it.

    Args:
        labels: The tags, L of them.
        scheme: One of `SCHEMES`, or `raw`, where everything is allowed.

    Returns:
        Boolean arrays, True where allowed: start (L,), pairs (L, L) as [from, to],
        end (L,).
    """
    size = len(labels)
    if scheme == RAW:
        return (
            numpy.ones(size, bool),
            numpy.ones((size, size), bool),
            numpy.ones(size, bool),
        )
    _prefixes(scheme)
    start = numpy.array([follows(BLANK, tag, scheme) for tag in labels], dtype=bool)
    end = numpy.array([follows(tag, BLANK, scheme) for tag in labels], dtype=bool)
    pairs = numpy.array(
        [follows(before, tag, scheme) for before in labels for tag in labels],
        dtype=bool,
    ).reshape(size, size)
    return start, pairs, end
