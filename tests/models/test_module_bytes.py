"""A module as bytes, as its shim writes and reads them."""

import json

import pytest
import torch

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.module_bytes import FORMAT_VERSION

from .tiny import make_docs, make_tagger, make_vocab, shims


@pytest.fixture
def docs():
    return make_docs("the cat sat", "a b c d e f", vocab=make_vocab())


def test_bytes_are_json_and_safetensors(docs):
    data = shims(make_tagger(docs))[0].to_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    ours = json.loads(header.pop("__metadata__")["spacy-birnn"])
    assert ours["format"] == FORMAT_VERSION
    assert ours["args"]
    ends = [tensor["data_offsets"][1] for tensor in header.values()]
    assert len(data) == 8 + size + max(ends)


def test_cut_bytes(docs):
    for shim in shims(make_tagger(docs)):
        data, other = shim.to_bytes(), shim.copy()
        for end in [*range(1, 700, 13), *range(700, len(data), len(data) // 20)]:
            with pytest.raises(BirnnError, match=r"^\[B002\][^\n]+$"):
                other.from_bytes(data[:end])
        assert other.to_bytes() == data


def test_altered_header(docs):
    """Every byte of the header: refused with a code, or read as something valid."""
    refused = []
    for shim in shims(make_tagger(docs, encode={"width": 4})):
        data, other = shim.to_bytes(), shim.copy()
        size = int.from_bytes(data[:8], "little")
        for place in range(8 + size):
            altered = bytearray(data)
            altered[place] ^= 2
            try:
                other.from_bytes(bytes(altered))
            except BirnnError as err:
                refused.append(str(err))
        other.from_bytes(data)
    assert len(refused) > 500
    assert {message[:6] for message in refused} == {"[B002]", "[B003]"}
    assert not any("\n" in message for message in refused)


def test_other_formats(docs):
    shim = shims(make_tagger(docs))[0]
    data = shim.to_bytes()
    newer = data.replace(b'\\"format\\": 1', b'\\"format\\": 9')
    assert newer != data
    with pytest.raises(BirnnError, match=r"^\[B003\].* 9, .* 1:"):
        shim.from_bytes(newer)
    with pytest.raises(BirnnError, match=r"^\[B002\]"):
        shim.from_bytes(torch.randn(100).numpy().tobytes())
