"""The example of a WebSocket, with a client, and its page in a real browser."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ..pipeline.toys import trained

testclient = pytest.importorskip("fastapi.testclient")
WebSocketDisconnect = pytest.importorskip("fastapi").WebSocketDisconnect

FOLDER = Path(__file__).parents[2] / "examples" / "streaming"
WORDS = ["Anna", "Berg", "lives", "in", "Old", "Harbour", "."]
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)


@pytest.fixture(scope="module")
def nlp():
    return trained("birnn_ner")


@pytest.fixture(scope="module")
def client(nlp):
    spec = importlib.util.spec_from_file_location("streaming_app", FOLDER / "app.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["streaming_app"] = module  # pydantic looks annotations up there
    spec.loader.exec_module(module)
    return testclient.TestClient(module.create_app(nlp))


@pytest.mark.parametrize("lag", [0, 2])
def test_labels_follow_the_words(client, nlp, lag):
    want = nlp.get_pipe("birnn_ner").stream(lag=lag)
    with client.websocket_connect(f"/stream?lag={lag}") as own:
        for word in WORDS:
            own.send_json({"type": "push", "words": [word]})
            labels = [label._asdict() for label in want.push([word])]
            assert own.receive_json() == {"labels": labels}
        own.send_json({"type": "break"})
        labels = [label._asdict() for label in want.break_()]
        assert own.receive_json() == {"labels": labels}
        own.send_json({"type": "push", "words": WORDS[:2]})
        labels = want.push(WORDS[:2])
        assert own.receive_json()["labels"] == [label._asdict() for label in labels]
        own.send_json({"type": "finish"})
        assert len(own.receive_json()["labels"]) == lag
        with pytest.raises(WebSocketDisconnect):
            own.receive_json()


def test_clients_do_not_mix(client):
    with client.websocket_connect("/stream") as one:
        one.send_json({"type": "push", "words": WORDS})
        with client.websocket_connect("/stream") as other:
            other.send_json({"type": "push", "words": ["It"]})
            assert other.receive_json()["labels"][0]["index"] == 0
        assert len(one.receive_json()["labels"]) == len(WORDS)
        one.send_json({"type": "push", "words": ["It"]})
        assert one.receive_json()["labels"][0]["index"] == len(WORDS)


@pytest.mark.parametrize(
    "message",
    ["", "word", "[]", '{"type": "stop"}', '{"type": "push", "words": [""]}'],
)
def test_other_messages_are_told_and_the_stream_goes_on(client, message):
    with client.websocket_connect("/stream") as own:
        own.send_text(message)
        assert own.receive_json().keys() == {"error"}
        own.send_json({"type": "push", "words": WORDS})
        assert len(own.receive_json()["labels"]) == len(WORDS)


@pytest.mark.parametrize("lag", [-1, 51])
def test_a_lag_out_of_range_is_refused(client, lag):
    with (
        client.websocket_connect(f"/stream?lag={lag}") as own,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        own.receive_json()
    assert "from 0 to 50" in closed.value.reason


# --- in a browser ---------------------------------------------------------------------


class Page:
    """A page in Chromium, through its DevTools."""

    def __init__(self, connection):
        self._connection, self._number, self._session = connection, 0, None

    def open(self, address):
        target = self.call("Target.createTarget", url=address)["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=300))
            if answer.get("id") == self._number:
                return answer["result"]

    def ask(self, script):
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    def wait(self, script, value):
        """Until a script has this value."""
        for _ in range(1200):
            found = self.ask(script)
            if found == value:
                return
            time.sleep(0.25)
        raise AssertionError(f"{script} is {found!r}, not {value!r}")


@pytest.fixture
def address(nlp, tmp_path):
    """The service, as its README starts it."""
    nlp.to_disk(tmp_path / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "app:create_app"]
        + ["--port", str(port), "--log-level", "warning"],
        cwd=FOLDER,
        env={**os.environ, "BIRNN_MODEL": str(tmp_path / "model")},
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/", server)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def page(tmp_path):
    client = pytest.importorskip("websockets.sync.client")
    browser = subprocess.Popen(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu"]
        + ["--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'profile'}"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        begin = "DevTools listening on "
        line = next(line for line in browser.stderr if line.startswith(begin))
        with client.connect(line.removeprefix(begin).strip(), max_size=None) as found:
            yield Page(found)
    finally:
        browser.terminate()
        browser.wait()
        browser.stderr.close()


SHOWN = """[...document.querySelectorAll("#out span")].map(
    (span) => `${span.firstChild.textContent}/${span.querySelector("small")?.textContent
        ?? (span.className === "waits" ? "?" : "O")}`).join(" ")"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
def test_the_page_in_a_browser(address, page):
    page.open(address)
    page.wait("document.getElementById('state')?.textContent", "connected")
    page.ask("document.getElementById('in').focus()")
    page.call("Input.insertText", text="Anna ")
    page.wait(SHOWN, "Anna/?")  # one more word is to come
    page.call("Input.insertText", text="Berg lives in ")
    page.wait(SHOWN, "Anna/B-PER Berg/I-PER lives/O in/?")
    page.call("Input.insertText", text="Old Harbour.\n")
    end = "Old/B-LOC Harbour/I-LOC ./O"
    page.wait(SHOWN, f"Anna/B-PER Berg/I-PER lives/O in/O {end}")
    # Another lag begins anew.
    page.ask("lag.value = 0; lag.dispatchEvent(new Event('change'))")
    page.wait("document.getElementById('state').textContent", "connected")
    page.wait(SHOWN, "")
    page.ask("document.getElementById('in').focus()")
    page.call("Input.insertText", text="Anna ")
    page.wait(SHOWN, "Anna/B-PER")


def wait_for(address, server):
    for _ in range(1200):
        assert server.poll() is None
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(address)
