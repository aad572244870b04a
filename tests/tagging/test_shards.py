import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.inputs import find_inputs
from spacy_birnn.tagging.reading import Reading, ShardReader, checksum_of
from spacy_birnn.tagging.shards import Shard, ShardSize, parse_size, plan_shards


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10000", ShardSize(10_000, False)),
        ("64MB", ShardSize(64_000_000, True)),
        ("1 gb", ShardSize(10**9, True)),
        ("7B", ShardSize(7, True)),
        ("2kB", ShardSize(2000, True)),
    ],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0MB", "-1", "1.5MB", "10 documents", "5M"])
def test_sizes_that_are_none(text):
    with pytest.raises(BirnnError, match="B259"):
        parse_size(text)


def plan(paths, size, **kwargs):
    return plan_shards(find_inputs(paths), parse_size(size), **kwargs)


def texts(shard):
    return [item.content for item in ShardReader(shard, Reading()).items()]


lines = st.lists(st.text("ab é\u2028", max_size=12), max_size=30)


@pytest.mark.filterwarnings("ignore:.W210.")
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    files=st.lists(lines, min_size=1, max_size=4),
    amount=st.integers(1, 40),
    is_bytes=st.booleans(),
    has_end=st.booleans(),
)
def test_shards_hold_every_line_once_and_in_order(
    tmp_path, files, amount, is_bytes, has_end
):
    paths = []
    expected = []
    for number, content in enumerate(files):
        path = tmp_path / f"{number}.jsonl"
        text = "".join(json.dumps({"text": line}) + "\n" for line in content)
        path.write_text(text if has_end else text.rstrip("\n"))
        paths.append(path)
        expected += content
    shards = plan_shards(find_inputs(paths), ShardSize(amount, is_bytes))
    assert [shard.number for shard in shards] == list(range(len(shards)))
    found = [texts(shard) for shard in shards]
    assert sum(found, []) == expected
    if not is_bytes and expected:
        assert {len(part) for part in found[:-1]} <= {amount}
        assert len(found[-1]) <= amount


def test_small_files_share_a_shard(tmp_path):
    for name in "abcdef":
        (tmp_path / f"{name}.txt").write_text("one\ntwo\n")
    shards = plan([tmp_path], "4")
    assert [len(shard.pieces) for shard in shards] == [2, 2, 2]
    shards = plan([tmp_path], "12B")
    assert [[p.size for p in shard.pieces] for shard in shards] == [[8, 4], [4, 8]] * 2


def test_whole_files_are_never_cut(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text("one\ntwo\n")
    shards = plan([tmp_path], "2", whole_files=True)
    assert [len(shard.pieces) for shard in shards] == [2, 1]


def test_what_cannot_be_cut_is_one_piece(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("Ada B-PER\n\nleft O\n\nLondon B-LOC\n")
    other = tmp_path / "b.conll"
    other.write_text("Ada B-PER\n")
    assert [len(shard.pieces) for shard in plan([path, other], "2")] == [1, 1]
    assert [len(shard.pieces) for shard in plan([path, other], "4")] == [2]


def test_a_shard_can_be_sent(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    for shard in plan([tmp_path], "1"):
        assert Shard.from_json(shard.to_json()) == shard


def test_checksums_are_those_of_the_bytes_that_were_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\nsix\n")
    first, second = plan([path], "2")
    reader = ShardReader(first, Reading())
    assert len(list(reader.items())) == 2
    assert reader.checksums == [checksum_of(first.pieces[0])]
    assert reader.read_bytes == 8
    before = checksum_of(second.pieces[0])
    path.write_text("one\nTWO\nsix\n")
    assert checksum_of(first.pieces[0]) != reader.checksums[0]
    assert checksum_of(second.pieces[0]) == before


def test_empty_lines_of_json_lines_are_no_documents(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n\n\n{"text": "b"}\n{"text": "c"}\n')
    assert [texts(shard) for shard in plan([path], "2")] == [["a", "b"], ["c"]]
