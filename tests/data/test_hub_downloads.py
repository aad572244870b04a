"""Datasets over the network: addresses of files, and ids of a Hub that is ours."""

import json
import os
import socket
import subprocess
import sys
from urllib.error import URLError

import pytest
import spacy

from spacy_birnn.data import loading
from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")
WORDS = [["Ann", "Lee", "ran"], ["No", "one"]]


def read(path, **settings):
    examples = create_datasets_reader(path, **settings)(NLP)
    return [[token.text for token in eg.reference] for eg in examples]


def refused(code, *parts, path, **settings):
    with pytest.raises(BirnnError) as error:
        read(path, **settings)
    message = str(error.value)
    assert message.startswith(f"[{code}] ")
    assert "\n" not in message
    assert all(part in message for part in parts)


@pytest.mark.parametrize("streaming", [False, True])
def test_addresses_of_files(server, answer, dataset, tmp_path, streaming):
    dataset.to_parquet(tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    server.answers["/right.parquet"] = answer(data)
    server.answers["/wrong.parquet"] = answer(b"<html>no such thing</html>")
    server.answers["/cut.parquet"] = answer(data, lost=100)
    url = server.url + "/right.parquet?download=true"
    assert read(url, streaming=streaming) == WORDS
    url = server.url + "/wrong.parquet"
    refused("B129", url, path=url, streaming=streaming)
    url = server.url + "/cut.parquet"
    refused("B126", url, path=url, streaming=streaming)
    url = server.url + "/none.parquet"
    refused("B125", url, "404", path=url, streaming=streaming)
    refused("B128", path=server.url + "/page", streaming=streaming)


def test_a_reader_downloads_once(server, answer, cache):
    row = json.dumps({"tokens": ["a"], "ner_tags": ["O"]}).encode()
    server.answers["/a.jsonl"] = answer(row)
    reader = create_datasets_reader(server.url + "/a.jsonl")
    assert [len(list(reader(NLP))) for _ in range(3)] == [1, 1, 1]
    assert server.requests == ["GET /a.jsonl"]
    # What has changed on the server is seen by the next reader.
    server.answers["/a.jsonl"] = answer(row.replace(b'"a"', b'"b"'))
    assert read(server.url + "/a.jsonl") == [["b"]]


def test_a_hub_that_does_not_answer_is_asked_a_few_times(cache, monkeypatch):
    from huggingface_hub import constants

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    asked = []

    def urlopen(request, timeout):
        asked.append(request.full_url)
        raise URLError("refused")

    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(loading, "urlopen", urlopen)
    monkeypatch.setattr(loading, "sleep", lambda seconds: None)
    refused("B129", "me/toy", path="me/toy")
    assert asked == [endpoint] * loading.RETRIES
    # What was changed for it is as before.
    assert not constants.HF_HUB_OFFLINE


_COMMIT = "c" * 40
_CARD = """---
configs:
- config_name: big
  data_files: [{split: test, path: big.parquet}]
- config_name: small
  data_files: [{split: test, path: small.parquet}]
---
"""
_SCRIPT = """
import json, sys, spacy
from spacy_birnn.data import loading
from spacy_birnn.data.hub import create_datasets_reader
for settings in json.loads(sys.argv[1]):
    try:
        examples = list(create_datasets_reader(**settings)(spacy.blank("en")))
        print(json.dumps([[t.text for t in eg.reference] for eg in examples]))
    except ValueError as error:
        print(json.dumps(str(error)))
"""


class Hub:
    """As much of the Hub as it takes to load one dataset, ``me/toy``."""

    def __init__(self, server, answer, files):
        self.answer = answer
        self.files = {
            name: answer(data, {"X-Repo-Commit": _COMMIT, "ETag": f'"{name}"'})
            for name, data in files.items()
        }
        server.route = self.route
        server.missing = answer(
            b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": _COMMIT}
        )

    def route(self, path):
        api = "/api/datasets/me/toy"
        if path in (api, f"{api}/revision/v1", f"{api}/revision/{_COMMIT}"):
            names = [{"rfilename": name} for name in self.files]
            return self._json({"id": "me/toy", "sha": _COMMIT, "siblings": names})
        if path == f"{api}/tree/{_COMMIT}":
            return self._json(
                {"type": "file", "path": name, "size": len(file.body), "oid": "0" * 40}
                for name, file in self.files.items()
            )
        for revision in ("v1", _COMMIT):
            start = f"/datasets/me/toy/resolve/{revision}/"
            if path.startswith(start):
                return self.files.get(path.removeprefix(start))
        return None

    def _json(self, value):
        value = value if isinstance(value, dict) else list(value)
        return self.answer(json.dumps(value).encode("utf-8"))


@pytest.fixture
def load_from_hub(server, answer, dataset, tmp_path):
    """Read ``me/toy`` in a process of its own, which knows of our Hub only."""
    for name, part in (("big", [0, 1]), ("small", [1])):
        dataset.select(part).to_parquet(tmp_path / f"{name}.parquet")
    files = {
        f"{name}.parquet": (tmp_path / f"{name}.parquet").read_bytes()
        for name in ("big", "small")
    }
    hub = Hub(server, answer, {"README.md": _CARD.encode(), **files})

    def load(*settings):
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _SCRIPT, json.dumps(settings)],
            env={
                **os.environ,
                "HF_ENDPOINT": server.url,
                "HF_HOME": str(tmp_path / "home"),
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_XET": "1",
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        return [json.loads(line) for line in result.stdout.splitlines()]

    return hub, load


@pytest.mark.slow
def test_hub_ids(load_from_hub):
    toy = {"path": "me/toy", "split": "test", "revision": "v1"}
    _, load = load_from_hub
    small, stream, big, split, name = load(
        toy | {"name": "small"},
        toy | {"name": "small", "streaming": True},
        toy | {"name": "big"},
        toy | {"name": "big", "split": "train"},
        toy | {"name": "huge"},
    )
    assert small == stream == WORDS[1:]
    assert big == WORDS
    assert split.startswith("[B129] me/toy: ")
    assert "train" in split
    assert name.startswith("[B129] me/toy: ")
    assert "huge" in name


@pytest.mark.slow
def test_hub_files_that_arrive_wrong_or_cut(load_from_hub):
    hub, load = load_from_hub
    hub.files["big.parquet"] = hub.files["big.parquet"]._replace(lost=200)
    hub.files["small.parquet"] = hub.files["small.parquet"]._replace(body=b"no" * 500)
    toy = {"path": "me/toy", "split": "test", "revision": "v1"}
    for message in load(
        toy | {"name": "small"},
        toy | {"name": "small", "streaming": True},
        toy | {"name": "big"},
    ):
        assert message.startswith("[B129] me/toy: ")
        assert "\n" not in message
