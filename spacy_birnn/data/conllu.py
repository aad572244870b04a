"""CoNLL-U, the format of Universal Dependencies: one token per syntactic word."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import (
    Callable,
    ClassVar,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Tuple,
    cast,
)

from spacy.language import Language
from spacy.training import Example

from ..errors import BirnnError, Errors, Warnings
from ..schemes import BLANK, RAW, TagPairs, tag_pairs
from .arguments import USUAL, WordFormat
from .base import Sentence, group_documents, make_example
from .conllu_rows import (
    GLOBAL_COLUMNS,
    Parsed,
    Range,
    Row,
    column_of,
    parse,
    parse_number,
    read_words,
    token_rows,
)
from .reader import EmptyWordRule, Notes, TokenCorpus, with_words
from .tags import RepairCount, TagReader, Where, read_values, tell_tags
from .text import read_lines, read_text

_ROOT = "ROOT"
_LIKELY_TAG = re.compile("[BIESLUMW]-.+")
_LIKELY_MISC = re.compile(r"[\t|][^\t|=\n]+=[BIESLUMW]-[^\t\n]+$", re.MULTILINE)


@dataclass(eq=False, kw_only=True)
class ConlluCorpus(TokenCorpus):
    """Reads CoNLL-U straight into Examples (`spacy-birnn.ConlluCorpus.v1`).

    UPOS becomes `pos`, XPOS `tag`, FEATS `morph`, LEMMA `lemma`; HEAD and DEPREL the
    parse, where a Doc has a whole tree for each sentence. `_` is missing. `# newdoc`
    begins a document. CoNLL-U Plus names its columns in its first line.

    Args:
        ents_key: Where entities are: the key in MISC, as in `name=B-PER`, or the name
            of a column of CoNLL-U Plus. In a file that has it, a token without it is
            outside.
        merge_subtokens: Read a multi-word token as one token, as running text has it
            (French `du`, not `de` and `le`). XPOS of its words are joined by `_`, the
            rest is that of its first word whose head is outside of it.

    The other arguments are those of `TokenCorpus` and `FileCorpus`.
    """

    file_ending: ClassVar[str] = ".conllu"

    ents_key: str = "name"
    merge_subtokens: bool = False

    def read_file(self, file: Path, nlp: Language, notes: Notes) -> Iterator[Example]:
        notes.ask_for("UPOS, XPOS or entities")
        sentences = _read_gold(self, file, notes)
        for group in group_documents(sentences, self.docs):
            yield make_example(nlp.vocab, group, "")


def _tell_entities(
    settings: ConlluCorpus, path: Path, notes: Notes
) -> Optional[TagReader]:
    """Tell how the entities of a file are written; None where it has none.

    Reading everything twice is the price of telling the scheme from all tags.
    """
    key = settings.ents_key
    if settings.scheme == RAW or not _may_have_entities(settings, path):
        return None
    pairs: TagPairs = Counter()
    others: Dict[str, str] = {}
    for parsed in parse(read_lines(path, settings.encoding), str(path)):
        tags = _entity_tags(parsed, key)
        if any(tags):
            pairs.update(tag_pairs([tag or BLANK for tag in tags]))
        for part in (part for word in parsed.words for part in word.misc):
            name, _, value = part.partition("=")
            if name != key and _LIKELY_TAG.fullmatch(value):
                others.setdefault(name, part)
    if not pairs:
        for name, part in others.items():
            notes.add(Warnings.W106.format(path=path, part=part, key=key, name=name))
        return None
    if settings.scheme == "auto":
        return tell_tags(pairs, settings.label)
    return TagReader(settings.scheme, settings.label)


def _may_have_entities(settings: ConlluCorpus, path: Path) -> bool:
    """Look at the text, which is much faster than to take its lines apart."""
    text = read_text(path, settings.encoding)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return (
        f"{settings.ents_key}=" in text
        or text.startswith(GLOBAL_COLUMNS)
        or f"\n{GLOBAL_COLUMNS}" in text
        or _LIKELY_MISC.search(text) is not None
    )


def _entity_tags(parsed: Parsed, key: str) -> List[str]:
    """The tag of each word from its own column or from MISC, empty without one."""
    start = f"{key}="

    def in_misc(word: Row) -> str:
        found = next((part for part in word.misc if part.startswith(start)), start)
        return found.removeprefix(start).replace(r"\p", "|")  # as `tag` writes it

    return [
        word.cells[key] if key in word.cells else in_misc(word) for word in parsed.words
    ]


def _read_entities(
    sentence: Sentence,
    parsed: Parsed,
    key: str,
    tags: TagReader,
    repairs: RepairCount,
    name: str,
) -> None:
    def line(token: int) -> str:
        return f"line {parsed.words[token].line}"

    def where(token: int) -> str:
        return f"{name}:{parsed.words[token].line}"

    values = [tag or BLANK for tag in _entity_tags(parsed, key)]
    sentence.columns["ents"], repaired = tags.read(values, where, f"{key}=")
    repairs.add(repaired, line)


def _merge(sentence: Sentence, ranges: List[Range]) -> Sentence:
    """Make one token of each multi-word token, as spaCy's `convert -T` does."""
    spaces, heads = sentence.spaces or [], sentence.heads
    merged = Sentence([], [], sentence.starts_document)
    merged.columns = {target: [] for target in sentence.columns}
    ends = {start: (end, row.get("FORM")) for start, end, row in ranges}
    chosen: List[int] = []
    position: List[int] = []
    i = 0
    while i < len(sentence.words):
        end, form = ends.get(i, (i + 1, sentence.words[i]))
        outside = [j for j in range(i, end) if heads and not i <= heads[j] < end]
        root = [j for j in range(i, end) if heads and heads[j] == j]
        chosen.append((root or outside or [i])[0])
        position += [len(merged.words)] * (end - i)
        merged.words.append(form)
        cast(List[bool], merged.spaces).append(spaces[end - 1])
        for target, values in sentence.columns.items():
            join = _JOIN.get(target, _of_root)
            merged.columns[target].append(join(values[i:end], chosen[-1] - i))
        i = end
    if heads is not None:
        merged.heads = [position[heads[j]] for j in chosen]
        if not _is_tree(merged.heads):
            merged.heads = None
    return merged


def _of_root(parts: List[str], root: int) -> str:
    return parts[root]


def _join_by(sign: str) -> Callable[[List[str], int], str]:
    return lambda parts, _: sign.join(parts) if all(parts) else ""


def _first_entity(parts: List[str], _: int) -> str:
    return next((tag for tag in parts if tag not in ("", BLANK)), parts[0])


_JOIN: Dict[str, Callable[[List[str], int], str]] = {
    "tag": _join_by("_"),
    "lemma": _join_by(" "),
    "ents": _first_entity,
}


def _read_gold(settings: ConlluCorpus, path: Path, notes: Notes) -> Iterator[Sentence]:
    """Yield the annotated sentences of a file, then report what was odd."""
    name = str(path)
    tags = _tell_entities(settings, path, notes)
    repairs = RepairCount()
    empty = EmptyWordRule(settings.empty_words, name)
    for parsed in parse(read_lines(path, settings.encoding), name):
        sentence = _read_annotation(parsed, name)
        if tags is not None:
            _read_entities(sentence, parsed, settings.ents_key, tags, repairs, name)
        if settings.merge_subtokens:
            sentence = _merge(sentence, parsed.ranges)
        if any(any(sentence.columns.get(key, ())) for key in ("pos", "tag", "ents")):
            notes.found("UPOS, XPOS or entities")
        rows = token_rows(parsed, settings.merge_subtokens)
        empty.apply(sentence, _place_of(rows, name))
        if sentence.words:
            yield sentence
    empty.report(notes)
    if repairs.count and tags is not None:
        notes.add(repairs.warning(name, tags.name))


def _place_of(rows: List[Row], name: str) -> Where:
    return lambda token: f"{name}:{rows[token].line}"


def read_conllu(
    lines: Iterable[str], name: str, written: WordFormat = USUAL
) -> Iterator[Sentence]:
    """Read the words and spaces of CoNLL-U and nothing else, as `tag` does.

    Args:
        lines: Lines without their ends; they may be a stream.
        name: What messages call the file.
        written: How the file is written.

    Raises:
        BirnnError: IDs or columns are not those of CoNLL-U, with file and line; or
            there is no sentence at all.
    """
    merge = written.merge_subtokens

    def sentences() -> Iterator[Tuple[Sentence, Where]]:
        for parsed in parse(lines, name):
            sentence = read_words(parsed)
            if merge:
                sentence = _merge(sentence, parsed.ranges)
            yield sentence, _place_of(token_rows(parsed, merge), name)

    yield from with_words(sentences(), written.empty_words, name)


def _read_annotation(parsed: Parsed, name: str) -> Sentence:
    def where(token: int) -> str:
        return f"{name}:{parsed.words[token].line}"

    def column(field: str) -> List[str]:
        return column_of(parsed.words, field)

    def known(field: str) -> List[str]:
        return ["" if value == "_" else value for value in column(field)]

    sentence = read_words(parsed)
    sentence.columns = {
        "tag": known("XPOS"),
        "pos": read_values("pos", column("UPOS"), where),
        "morph": _check_feats(known("FEATS"), where),
        "lemma": [
            # The underscore itself has one for its lemma.
            "" if lemma == "_" and form != "_" else lemma
            for form, lemma in zip(column("FORM"), column("LEMMA"), strict=True)
        ],
        # spaCy's parser has its own spelling of the relation of the root.
        "dep": [_ROOT if value == "root" else value for value in known("DEPREL")],
    }
    sentence.heads = _heads(known("HEAD"), known("DEPREL"), where)
    return sentence


def _check_feats(feats: List[str], where: Where) -> List[str]:
    for i, value in enumerate(feats):
        if value and not _are_feats(value):
            raise BirnnError(Errors.B123.format(where=where(i), value=value))
    return feats


@lru_cache(maxsize=4096)
def _are_feats(value: str) -> bool:
    """Whether a cell is `Name=Value|…`; a treebank has some hundred different ones."""
    parts = (part.partition("=") for part in value.split("|"))
    return all(name and equals and setting for name, equals, setting in parts)


def _heads(
    values: List[str], relations: List[str], where: Where
) -> Optional[List[int]]:
    """The heads as positions, a root being its own; None if this is no whole tree."""
    heads: List[int] = []
    for i, value in enumerate(values):
        number = parse_number(value)
        if value and value != "0" and not 0 < number <= len(values):
            raise BirnnError(Errors.B122.format(where=where(i), value=value))
        heads.append(number - 1 if number else i)
    if "" in values or "" in relations or not _is_tree(heads):
        return None
    return heads


def _is_tree(heads: List[int]) -> bool:
    """Whether one root is above every word."""
    roots = [i for i, head in enumerate(heads) if i == head]
    if len(roots) != 1:
        return False
    above = list(heads)
    for _ in range(len(heads).bit_length()):
        above = [above[head] for head in above]
    return all(top == roots[0] for top in above)
