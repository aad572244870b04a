"""Annotated sentences, as readers of tokens see them, and how they become Examples."""

from dataclasses import dataclass, field
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from spacy.tokens import Doc, Span, Token
from spacy.training import Example
from spacy.vocab import Vocab

from ..attributes import CUSTOM
from ..schemes import decode


@dataclass
class Sentence:
    """One annotated sentence, before it meets spaCy.

    Attributes:
        words: The tokens.
        spaces: Whether a space follows each token; None where the format cannot tell.
        starts_document: Whether it is the first sentence of a document.
        columns: Annotations by target (`ents` and `chunks` in IOB2, `tag`,
            `pos`, `morph`, `lemma`, `dep`, `_.name`), one string per
            token, empty where the annotation is missing.
        heads: The position of each token's head in the sentence, if all are known.
    """

    words: List[str]
    spaces: Optional[List[bool]] = None
    starts_document: bool = False
    columns: Dict[str, List[str]] = field(default_factory=dict)
    heads: Optional[List[int]] = None

    def drop(self, tokens: Sequence[int]) -> None:
        """Leave tokens out; a span that began with one begins with the next."""
        gone = set(tokens)
        for target in ("ents", "chunks"):
            tags = self.columns.get(target, [])
            for i in tokens:
                if (
                    tags
                    and tags[i][:1] == "B"
                    and tags[i + 1 : i + 2] == [f"I{tags[i][1:]}"]
                ):
                    tags[i + 1] = tags[i]
        kept = [i for i in range(len(self.words)) if i not in gone]
        self.words = [self.words[i] for i in kept]
        if self.spaces is not None:
            self.spaces = [self.spaces[i] for i in kept]
        for target, values in self.columns.items():
            self.columns[target] = [values[i] for i in kept]
        self.heads = None


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
    """Build a Doc with everything that is known; see `Sentence`."""
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
