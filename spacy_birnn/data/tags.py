"""How files spell tags: turned into `PREFIX-label`, which `schemes` reads.

Files write the tag of a token that begins a person as `B-PER`, `b-PER`, `B_PER`,
`PER-B`, as `B` alone where there is one type only, or as `PER` where no tag has a
prefix; and they name the prefixes of BIOES `B`, `M`, `E`, `S` (BMES) or `B`, `M`, `E`,
`W` (BMEWO).
"""

import re
from collections import Counter
from itertools import pairwise
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple, cast

from spacy.parts_of_speech import IDS as POS_IDS

from ..errors import BirnnError, Errors, Warnings
from ..schemes import (
    BLANK,
    SCHEMES,
    TagPairs,
    continues,
    decode,
    encode,
    expected_tags,
    follows,
    is_tag,
    scheme_of,
    split_tag,
    transition_constraints,
)

Where = Callable[[int], str]
"""Says for messages where a token of the sentence at hand stands."""

# How files write "nobody has annotated this", which is not "there is nothing" (O).
MISSING = frozenset(["", "-", "_"])

READABLE = (*SCHEMES, "bmes", "io")
"""Spellings that span tags can be read from."""

ONLY_TYPE = "ENTITY"
"""The type of spans in a file whose tags are all prefixes without a type."""

# What the letters of BMES and BMEWO are in BIOES.
_BMES = {"B": "B", "M": "I", "E": "E", "S": "S", "W": "S"}
_PREFIX = "([BIESLUMW])"

# The spellings, the most usual first: a pattern with the groups prefix and label.
_SPELLINGS = {
    "prefix": re.compile(rf"(?P<prefix>{_PREFIX})-(?P<label>.+)"),
    "case": re.compile(rf"(?P<prefix>{_PREFIX})-(?P<label>.+)", re.IGNORECASE),
    "sign": re.compile(rf"(?P<prefix>{_PREFIX})[_:](?P<label>.+)", re.IGNORECASE),
    "suffix": re.compile(rf"(?P<label>.+)[-_:](?P<prefix>{_PREFIX})"),
    "bare": re.compile(rf"(?P<prefix>{_PREFIX})(?P<label>)", re.IGNORECASE),
}


class TagReader:
    """Reads the span tags of one column.

    Args:
        scheme: One of `READABLE`.
        label: The type of tags that are a prefix alone; None refuses them.
        spellings: Which spellings the column has, in the order in which they are tried.
    """

    def __init__(
        self,
        scheme: str,
        label: Optional[str] = None,
        spellings: Sequence[str] = tuple(_SPELLINGS),
    ) -> None:
        self.name = scheme
        self.scheme = {"bmes": "bioes", "io": "iob1"}.get(scheme, scheme)
        self.label = label
        self.spellings = spellings
        self._known: Dict[str, Optional[str]] = {}
        self._steps: Dict[Tuple[str, str], Optional[str]] = {}

    def canonical(self, tag: str) -> Optional[str]:
        """Give a tag as `PREFIX-label` or `O`; None if it is no tag of the scheme."""
        if tag not in self._known:
            self._known[tag] = self._spell_out(tag)
        return self._known[tag]

    def _spell_out(self, tag: str) -> Optional[str]:
        if tag in MISSING or tag in ("O", "o"):
            return BLANK
        if self.name == "io":
            is_prefixed = _SPELLINGS["prefix"].fullmatch(tag) is not None
            # Some files write an `I-` before each type.
            label = tag.removeprefix("I-")
            return None if is_prefixed and label == tag else f"I-{label}"
        for spelling in self.spellings:
            match = _SPELLINGS[spelling].fullmatch(tag)
            if match and (match["label"] or self.label):
                type_ = match["label"] or self.label
                prefix = match["prefix"].upper()
                if self.name == "bmes":
                    prefix = _BMES.get(prefix, "")
                if is_tag(f"{prefix}-{type_}", self.scheme):
                    return f"{prefix}-{type_}"
        return None

    def read(
        self, tags: Sequence[str], where: Where, column: str
    ) -> Tuple[List[str], List[int]]:
        """Turn the tags of a sentence into IOB2 that is in order.

        Args:
            tags: As they stand in the file.
            where: For messages.
            column: What messages call the column.

        Returns:
            One tag per token, empty where it is missing; the token of each repair.

        Raises:
            BirnnError: A tag is not of the scheme.
        """
        pairs = list(pairwise([BLANK, *tags, BLANK]))
        read = list(map(self._steps.get, pairs))
        if None in read:
            read = [self._step(pair) for pair in pairs]
        if None not in read:
            return cast(List[str], read[:-1]), []
        known: List[str] = []
        for i, tag in enumerate(tags):
            canonical = self.canonical(tag)
            if canonical is None:
                raise self._unknown(tag, where(i), column)
            known.append(canonical)
        fixed = encode(decode(known, self.scheme)[0], len(tags), "iob2")
        for i, tag in enumerate(tags):
            if tag in MISSING:
                fixed[i] = ""
        return fixed, _repaired_tokens(known, self.scheme)

    def _step(self, pair: Tuple[str, str]) -> Optional[str]:
        """The second of two neighbours in IOB2; None if it is no tag, or the scheme
        does not allow it there. A corpus has few pairs, so each is kept."""
        if pair not in self._steps:
            self._steps[pair] = self._read_step(*pair)
        return self._steps[pair]

    def _read_step(self, tag_before: str, tag: str) -> Optional[str]:
        before, here = self.canonical(tag_before), self.canonical(tag)
        if before is None or here is None or not follows(before, here, self.scheme):
            return None
        if tag in MISSING or here == BLANK:
            return "" if tag in MISSING else BLANK
        prefix = "I" if continues(before, here) else "B"
        return f"{prefix}-{split_tag(here)[1]}"

    def _unknown(self, tag: str, place: str, column: str) -> BirnnError:
        if self.name == "io":
            expected = "O or LABEL"
        elif self.name == "bmes":
            expected = "O, B-LABEL, M-LABEL, E-LABEL or S-LABEL"
        else:
            expected = expected_tags(self.scheme)
        facts = {"where": place, "tag": tag, "column": column}
        if _SPELLINGS["bare"].fullmatch(tag):
            return BirnnError(Errors.B141.format(**facts))
        return BirnnError(
            Errors.B114.format(scheme=self.name, expected=expected, **facts)
        )


def tell_tags(pairs: TagPairs, label: Optional[str] = None) -> TagReader:
    """Tell spelling and scheme from all tags of a column.

    A spelling other than `PREFIX-label` is told where all tags have it, so no column of
    something else is taken for span tags. Types without prefix are never told: a column
    of parts of speech looks the same.

    Args:
        pairs: How often each tag follows which, from `schemes.tag_pairs`.
        label: The type of tags that are a prefix alone.
    """
    tags = {tag for _, tag in pairs} - MISSING - {"O", "o"}
    spelling = _tell_spelling(tags)
    if spelling is None:
        return TagReader(scheme_of(pairs), label)
    pattern = _SPELLINGS[spelling]
    matches = [pattern.fullmatch(tag) for tag in tags]
    prefixes = {match["prefix"].upper() for match in matches if match}
    if prefixes & set("MW") and not prefixes & set("IU"):
        return TagReader("bmes", label or ONLY_TYPE, [spelling])

    def usual(tag: str) -> str:
        match = pattern.fullmatch(tag)
        if match is None:
            return tag.upper()  # O or a mark for a missing tag
        return f"{match['prefix'].upper()}-{match['label'] or ONLY_TYPE}"

    spelled: TagPairs = Counter()
    for (before, tag), count in pairs.items():
        spelled[usual(before), usual(tag)] += count
    return TagReader(scheme_of(spelled), label or ONLY_TYPE, [spelling])


def _tell_spelling(tags: Set[str]) -> Optional[str]:
    """The first spelling that all tags have."""
    for name, pattern in _SPELLINGS.items():
        if tags and all(map(pattern.fullmatch, tags)):
            return name
    return None


def read_values(target: str, values: Sequence[str], where: Where) -> List[str]:
    """Give one label per token as it stands; for `pos` it must be a universal tag.

    A hyphen is a tag in some tagsets, so only `pos` reads it as missing.

    Raises:
        BirnnError: A value for `pos` is no universal tag.
    """
    if target != "pos":
        return ["" if value == "_" else value for value in values]
    known = ["" if value in MISSING else value for value in values]
    for i, tag in enumerate(known):
        if tag not in POS_IDS:
            raise BirnnError(Errors.B113.format(where=where(i), tag=tag))
    return known


def _repaired_tokens(tags: Sequence[str], scheme: str) -> List[int]:
    """The tokens whose tags break a scheme, one for each repair of `decode`."""
    tokens = []
    for i, pair in enumerate(pairwise([BLANK, *tags, BLANK])):
        starts, follows, _ = transition_constraints(pair, scheme)
        if not follows[0, 1]:
            # What may begin a sentence is in order: the tag before it was left open.
            tokens.append(i - int(starts[1]))
    return tokens


class RepairCount:
    """Counts the repaired tags of a file."""

    def __init__(self) -> None:
        self.count = 0
        self.first = ""

    def add(self, tokens: Sequence[int], where: Where) -> None:
        """Count the repairs of a sentence, given by their tokens."""
        if tokens and not self.count:
            self.first = where(min(tokens))
        self.count += len(tokens)

    def warning(self, path: str, scheme: str) -> str:
        """Say how many there were."""
        return Warnings.W101.format(
            path=path, count=self.count, scheme=scheme, first=self.first
        )
