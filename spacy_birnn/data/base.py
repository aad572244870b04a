"""What all readers share: annotated sentences, and how they become spaCy Examples."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import (
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
    Union,
    cast,
)

from spacy.language import Language
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.tokens import Doc, Span, Token
from spacy.training import Example
from spacy.vocab import Vocab

from ..errors import BirnnError, Errors, Warnings
from ..schemes import (
    BLANK,
    decode,
    encode,
    expected_tags,
    is_tag,
    transition_constraints,
)
from .arguments import CUSTOM, check_limit, check_path
from .text import list_files

# How files write "nobody has annotated this", which is not "there is nothing" (O).
MISSING = frozenset(["", "-", "_"])


@dataclass
class Sentence:
    """One annotated sentence, before it meets spaCy.

    Attributes:
        words: The tokens.
        spaces: Whether a space follows each token; None where the format cannot tell.
        starts_document: Whether it is the first sentence of a document.
        columns: Annotations by target (``ents`` and ``chunks`` in IOB2, ``tag``,
            ``pos``, ``morph``, ``lemma``, ``dep``, ``_.name``), one string a token,
            the empty string where the annotation is missing.
        heads: The position of each token's head in the sentence, if all are known.
    """

    words: List[str]
    spaces: Optional[List[bool]] = None
    starts_document: bool = False
    columns: Dict[str, List[str]] = field(default_factory=dict)
    heads: Optional[List[int]] = None


class SentenceCorpus(ABC):
    """A reader of files: called with a pipeline, it yields Examples.

    Args:
        path: A file or a directory.
        docs: ``"sentence"`` for a Doc a sentence, ``"document"`` for a Doc a document.
        spans_key: The key in ``doc.spans`` that receives the target ``chunks``.
        limit: Read only so many Docs; 0 for all.
    """

    file_ending = ""
    """Which files of a directory are read."""

    def __init__(
        self, path: Optional[Union[str, Path]], docs: str, spans_key: str, limit: int
    ) -> None:
        check_path(path)
        if docs not in ("sentence", "document"):
            raise BirnnError(Errors.B110.format(docs=docs))
        check_limit(limit)
        self.path = Path(cast(Union[str, Path], path))
        self.docs = docs
        self.spans_key = spans_key
        self.limit = limit

    @abstractmethod
    def sentences(self, path: Path) -> Iterator[Sentence]:
        """Yield the sentences of one file."""

    def read_file(self, path: Path, nlp: Language) -> Iterator[Example]:
        """Yield the Examples of one file."""
        for sentences in group_documents(self.sentences(path), self.docs):
            yield make_example(nlp.vocab, sentences, self.spans_key)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        files = list_files(self.path, self.file_ending)
        examples = chain.from_iterable(self.read_file(file, nlp) for file in files)
        return islice(examples, self.limit or None)


def group_documents(
    sentences: Iterable[Sentence], docs: str
) -> Iterator[List[Sentence]]:
    """Group sentences into what becomes one Doc each."""
    if docs == "sentence":
        yield from ([sentence] for sentence in sentences)
        return
    document: List[Sentence] = []
    for sentence in sentences:
        if document and sentence.starts_document:
            yield document
            document = []
        document.append(sentence)
    if document:
        yield document


def make_example(
    vocab: Vocab, sentences: Sequence[Sentence], spans_key: str
) -> Example:
    """Build an Example: both sides know words, spaces and sentence starts."""
    return Example(
        make_doc(vocab, sentences), make_annotated_doc(vocab, sentences, spans_key)
    )


def make_doc(vocab: Vocab, sentences: Sequence[Sentence]) -> Doc:
    """Build a Doc that has words, spaces and sentence starts only."""
    words, spaces, sent_starts = _layout(sentences)
    return Doc(vocab, words=words, spaces=spaces, sent_starts=sent_starts)


def make_annotated_doc(
    vocab: Vocab, sentences: Sequence[Sentence], spans_key: str
) -> Doc:
    """Build a Doc with everything that is known; see ``Sentence``."""
    words, spaces, sent_starts = _layout(sentences)
    columns = _join_columns(sentences)
    heads = _join_heads(sentences)
    doc = Doc(
        vocab,
        words=words,
        spaces=spaces,
        sent_starts=sent_starts,
        tags=columns.get("tag"),
        pos=columns.get("pos"),
        morphs=columns.get("morph"),
        lemmas=columns.get("lemma"),
        heads=heads,
        deps=columns.get("dep") if heads else None,
        ents=columns.get("ents"),
    )
    chunks = columns.get("chunks")
    # A span group cannot say "unknown here": one gap makes the whole group unknown.
    if chunks is not None and "" not in chunks:
        doc.spans[spans_key] = [
            Span(doc, start, end, label)
            for start, end, label in decode(chunks, "iob2")[0]
        ]
    for target, values in columns.items():
        if target.startswith(CUSTOM):
            _set_extension(doc, target.removeprefix(CUSTOM), values)
    return doc


def _layout(
    sentences: Sequence[Sentence],
) -> Tuple[List[str], Optional[List[bool]], List[Union[bool, int, None]]]:
    words: List[str] = []
    spaces: List[bool] = []
    sent_starts: List[Union[bool, int, None]] = []
    for sentence in sentences:
        words += sentence.words
        spaces += sentence.spaces or []
        sent_starts += [True, *[False] * (len(sentence.words) - 1)]
    return words, spaces or None, sent_starts


def _join_columns(sentences: Sequence[Sentence]) -> Dict[str, List[str]]:
    if len(sentences) == 1:
        return sentences[0].columns
    return {
        target: [value for s in sentences for value in s.columns[target]]
        for target in sentences[0].columns
    }


def _join_heads(sentences: Sequence[Sentence]) -> Optional[List[int]]:
    heads: List[int] = []
    for sentence in sentences:
        if sentence.heads is None:
            return None
        first = len(heads)
        heads += [first + head for head in sentence.heads]
    return heads


def _set_extension(doc: Doc, name: str, values: Sequence[str]) -> None:
    if not Token.has_extension(name):
        Token.set_extension(name, default=None)
    for token, value in zip(doc, values, strict=True):
        if value:
            token._.set(name, value)


Where = Callable[[int], str]
"""Says for messages where a token of the sentence at hand stands."""


def check_words(words: Sequence[str], where: Where) -> None:
    """Refuse words without a character."""
    if "" in words:
        raise BirnnError(Errors.B112.format(where=where(words.index(""))))


def read_values(target: str, values: Sequence[str], where: Where) -> List[str]:
    """One label a token, as it stands; for ``pos`` it must be a universal tag.

    A hyphen is a tag in some tagsets, so only ``pos`` reads it as missing.
    """
    if target != "pos":
        return ["" if value == "_" else value for value in values]
    known = ["" if value in MISSING else value for value in values]
    for tag in set(known):
        if tag not in POS_IDS:
            raise BirnnError(Errors.B113.format(where=where(known.index(tag)), tag=tag))
    return known


def read_spans(
    tags: Sequence[str], scheme: str, where: Where, column: str
) -> Tuple[List[str], List[int]]:
    """Turn the tags of a scheme into IOB2 that is in order.

    Returns:
        One tag a token, the empty string where it is missing; the token of each repair.

    Raises:
        BirnnError: A tag is not of the scheme.
    """
    known = [BLANK if tag in MISSING else tag for tag in tags]
    for tag in set(known):
        if not is_tag(tag, scheme):
            raise BirnnError(
                Errors.B114.format(
                    where=where(known.index(tag)),
                    tag=tag,
                    column=column,
                    scheme=scheme,
                    expected=expected_tags(scheme),
                )
            )
    spans, repairs = decode(known, scheme)
    fixed = encode(spans, len(tags), "iob2")
    return [
        "" if tag in MISSING else new for tag, new in zip(tags, fixed, strict=True)
    ], _repaired_tokens(known, scheme) if repairs else []


def _repaired_tokens(tags: Sequence[str], scheme: str) -> List[int]:
    """The tokens whose tags break a scheme, one for each repair of ``decode``."""
    tokens = []
    for i, pair in enumerate(pairwise([BLANK, *tags, BLANK])):
        starts, follows, _ = transition_constraints(pair, scheme)
        if not follows[0, 1]:
            # What may begin a sentence is in order: the tag before it was left open.
            tokens.append(i - int(starts[1]))
    return tokens


def report_repairs(
    reported: Set[str], path: str, count: int, scheme: str, first: str
) -> None:
    """Warn of repaired tags, once for each path in ``reported``."""
    if count and path not in reported:
        reported.add(path)
        warnings.warn(
            Warnings.W101.format(path=path, count=count, scheme=scheme, first=first),
            stacklevel=2,
        )
