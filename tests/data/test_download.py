import os

import pytest

from spacy_birnn.data.download import download, is_url
from spacy_birnn.errors import BirnnError


def test_addresses():
    assert is_url("http://a/b")
    assert is_url("https://a/b")
    assert not is_url("user/dataset")
    assert not is_url("httpd/log.jsonl")


def test_right_bytes(server, answer, tmp_path):
    server.answers["/a"] = answer(b"some bytes")
    target = tmp_path / "new" / "a"
    download(server.url + "/a", target)
    assert target.read_bytes() == b"some bytes"
    # The same bytes leave the file alone, so that what was made of it stays valid.
    os.utime(target, (1, 1))
    download(server.url + "/a", target)
    assert target.stat().st_mtime == 1
    server.answers["/a"] = answer(b"other bytes")
    download(server.url + "/a", target)
    assert target.read_bytes() == b"other bytes"
    assert os.listdir(target.parent) == ["a"]


@pytest.mark.parametrize("kept", [None, b"old"])
def test_cut_and_missing_files_change_nothing(server, answer, tmp_path, kept):
    target = tmp_path / "a"
    if kept is not None:
        target.write_bytes(kept)
    server.answers["/a"] = answer(b"some bytes", lost=3)
    with pytest.raises(BirnnError, match=r"^\[B126\] http.*/a: .* 7 bytes .* of 10"):
        download(server.url + "/a", target)
    with pytest.raises(BirnnError, match=r"^\[B125\] http.*/none: .*404"):
        download(server.url + "/none", target)
    assert os.listdir(tmp_path) == ([] if kept is None else ["a"])
    assert kept is None or target.read_bytes() == kept


def test_no_server(server, tmp_path):
    url = server.url
    server.server_close()
    server.shutdown()
    with pytest.raises(BirnnError, match=r"^\[B125\] "):
        download(url + "/a", tmp_path / "a")
    for wrong in ("http://", "http://[x/a"):
        with pytest.raises(BirnnError, match=r"^\[B125\] "):
            download(wrong, tmp_path / "a")
    assert os.listdir(tmp_path) == []
