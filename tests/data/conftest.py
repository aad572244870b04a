"""A small dataset, and a web server on this machine that can lose bytes."""

import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Dict, List, NamedTuple, Optional

import pytest


class Answer(NamedTuple):
    """What the server says: a body, of which it may announce more than it sends."""

    body: bytes
    headers: Dict[str, str] = {}
    lost: int = 0


class Server(ThreadingHTTPServer):
    """Answers from a dictionary of paths, or what ``route`` finds."""

    daemon_threads = False  # closing it waits for its answers

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: Dict[str, Answer] = {}
        self.route: Callable[[str], Optional[Answer]] = self.answers.get
        self.missing = Answer(b"")
        self.requests: List[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(f"{self.command} {path}")
        answer = self.server.route(path)
        self.send_response(200 if answer else 404)
        answer = answer or self.server.missing
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) - answer.lost])

    do_HEAD = do_POST = do_GET

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def answer():
    return Answer


@pytest.fixture(scope="session")
def datasets():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets
    datasets.disable_progress_bars()
    return datasets


@pytest.fixture
def cache(tmp_path, monkeypatch, datasets):
    """Keep what ``datasets`` writes inside of the test."""
    path = tmp_path / "cache"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", path)
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", path / "downloads")
    return path


@pytest.fixture
def dataset(datasets, cache):
    """Three rows, one of them empty, with class labels; -1 stands for no label."""
    tokens = [["Ann", "Lee", "ran"], ["No", "one"], []]
    labels = [[1, 2, 0], [0, -1], []]
    return datasets.Dataset.from_dict(
        {"tokens": tokens, "ner_tags": labels, "upos": labels, "id": ["a", "b", "c"]},
        features=datasets.Features(
            {
                "tokens": datasets.Sequence(datasets.Value("string")),
                "ner_tags": datasets.Sequence(
                    datasets.ClassLabel(names=["O", "B-PER", "I-PER"])
                ),
                "upos": datasets.Sequence(
                    datasets.ClassLabel(names=["DET", "NOUN", "VERB"])
                ),
                "id": datasets.Value("string"),
            }
        ),
    )
