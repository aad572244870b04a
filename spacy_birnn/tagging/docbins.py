"""Pack docs as .spacy files have them, and take such files apart doc by doc.

`DocBin` itself looks at each string of each token in Python, and asks for plugins of
msgpack anew for each document: that takes longer than to tag it.
"""

from dataclasses import dataclass
from struct import Struct
from typing import (
    Any,
    BinaryIO,
    Callable,
    Collection,
    Dict,
    Iterable,
    Iterator,
    List,
    Set,
    Union,
    cast,
)

import numpy
from spacy.attrs import (
    DEP,
    ENT_ID,
    ENT_KB_ID,
    ENT_TYPE,
    LEMMA,
    MORPH,
    NORM,
    ORTH,
    SPACY,
    TAG,
)
from spacy.strings import get_string_id
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from srsly.msgpack import Packer, Unpacker

from ..errors import BirnnError, Errors

_STRINGS = (ORTH, NORM, TAG, LEMMA, DEP, ENT_TYPE, ENT_KB_ID, ENT_ID)
_NO_MORPH = get_string_id("_")  # which as a string is empty
_SPAN = Struct(">QQQllll")  # id, kb_id, label, tokens, characters


def pack_docs(docs: Iterable[Doc]) -> DocBin:
    """Pack docs, user data included: `DocBin(store_user_data=True, docs=docs)`.

    Raises:
        BirnnError: User data holds a number that is too large for the format.
    """
    packed = DocBin(store_user_data=True)
    attrs = cast(List[Union[int, str]], packed.attrs)
    columns = [attrs.index(attr) for attr in _STRINGS]
    morph = attrs.index(MORPH)
    pack = Packer(use_bin_type=True).pack
    for doc in docs:
        tokens, spaces = doc.to_array(attrs), doc.to_array(SPACY)
        packed.tokens.append(tokens)
        packed.spaces.append(spaces.reshape(-1, 1).astype(bool))
        packed.flags.append({"has_unknown_spaces": doc.has_unknown_spaces})
        packed.cats.append(doc.cats)
        packed.span_groups.append(_pack_groups(doc, pack))
        try:
            packed.user_data.append(pack(doc.user_data))
        except OverflowError as error:
            keys = [key for key in doc.user_data if isinstance(key, str)]
            raise BirnnError(Errors.B218.format(key=", ".join(keys))) from error
        ids = _ids(tokens[:, columns]) | _span_ids(doc)
        ids |= {0 if id == _NO_MORPH else id for id in _ids(tokens[:, morph])}
        packed.strings.update(doc.vocab.strings[id] for id in ids)
    return packed


def _pack_groups(doc: Doc, pack: Callable[[Any], bytes]) -> bytes:
    """`doc.spans.to_bytes()`."""
    if not doc.spans:
        return doc.spans.to_bytes()
    keys: Dict[bytes, List[str]] = {}
    for key, group in doc.spans.items():
        spans = [
            _SPAN.pack(s.id, s.kb_id, s.label, s.start, s.end, s.start_char, s.end_char)
            for s in group
        ]
        data = pack({"name": group.name, "attrs": group.attrs, "spans": spans})
        keys.setdefault(data, []).append(key)
    return pack(keys)


def _ids(tokens: numpy.ndarray) -> Set[int]:
    return set(tokens.ravel().tolist())


def _span_ids(doc: Doc) -> Set[int]:
    spans = [span for group in doc.spans.values() for span in group]
    ids = {id for span in spans for id in (span.kb_id, span.id)}
    return {id for id in ids if id in doc.vocab.strings} | {s.label for s in spans}


@dataclass
class PackedDoc:
    """One doc, as a `DocBin` holds it.

    Attributes:
        source: What messages call the file.
    """

    source: str
    attrs: List[Any]
    tokens: numpy.ndarray
    spaces: numpy.ndarray
    cats: Dict[str, Any]
    span_groups: bytes
    flags: Dict[str, Any]
    user_data: Dict[Any, Any]
    strings: Collection[str]

    def __len__(self) -> int:
        return len(self.tokens)

    def make_doc(self, vocab: Vocab) -> Doc:
        """Unpack the doc: annotation that it brings stays, as in any pipeline.

        Raises:
            BirnnError: The file is damaged.
        """
        packed = DocBin()
        packed.attrs, packed.strings = self.attrs, set(self.strings)
        packed.tokens, packed.spaces = [self.tokens], [self.spaces]
        packed.cats, packed.flags = [self.cats], [self.flags]
        packed.span_groups = [self.span_groups]
        try:
            (doc,) = packed.get_docs(vocab)
        except Exception as error:
            raise _damaged(self.source) from error
        doc.user_data.update(self.user_data)
        return doc


def take_apart(file: BinaryIO, source: str) -> Iterator[PackedDoc]:
    """Yield the docs of a .spacy file.

    Args:
        file: The open file.
        source: What messages call it.

    Raises:
        BirnnError: The file is damaged.
    """
    unpacker = Unpacker(raw=False, use_list=False, max_buffer_size=0)

    def unpack(data: bytes) -> Any:
        unpacker.feed(data)
        return unpacker.unpack()

    try:
        packed = DocBin().from_bytes(file.read())
        strings = {get_string_id(string): string for string in packed.strings}
        for i, tokens in enumerate(packed.tokens):
            groups, user_data = packed.span_groups[i], packed.user_data[i]
            ids = _ids(tokens) | _group_ids(groups, unpack)
            yield PackedDoc(
                source,
                packed.attrs,
                tokens,
                packed.spaces[i],
                packed.cats[i],
                groups,
                packed.flags[i],
                {} if user_data is None else unpack(user_data),
                [strings[id] for id in strings.keys() & ids],
            )
    except Exception as error:
        # All that takes part in it fails in its own way on damaged bytes.
        raise _damaged(source) from error


def _group_ids(groups: bytes, unpack: Callable[[bytes], Any]) -> Set[int]:
    """The strings of span groups as they are packed; old files have none."""
    if not groups:
        return set()
    packed = [span for data in unpack(groups) for span in unpack(data)["spans"]]
    return {id for span in packed for id in _SPAN.unpack(span)[:3]}


def _damaged(source: str) -> BirnnError:
    return BirnnError(Errors.B124.format(path=source))
