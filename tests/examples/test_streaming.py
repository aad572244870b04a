"""The example of a WebSocket, with a client, and its page in a real browser."""

import importlib.util
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
    spec = importlib.util.spec_from_file_location("streaming", FOLDER / "app.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["streaming"] = module  # pydantic looks annotations up there
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


# Typed when the page is there; what the server answers is then in the page.
TYPE = """
<script>
  addEventListener("load", () => {
    input.value = "Anna Berg lives in Old Harbour . Tilda \\n";
    input.dispatchEvent(new Event("input"));
  });
</script>
</body>"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
def test_the_page_in_a_browser(nlp, tmp_path):
    nlp.to_disk(tmp_path / "model")
    shutil.copy(FOLDER / "app.py", tmp_path)
    page = (FOLDER / "page.html").read_text(encoding="utf8")
    (tmp_path / "page.html").write_text(page.replace("</body>", TYPE), encoding="utf8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "app:create_app"]
        + ["--port", str(port), "--log-level", "warning"],
        cwd=tmp_path,
        env={**os.environ, "BIRNN_MODEL": str(tmp_path / "model")},
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/", server)
        shown = subprocess.run(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
            + [f"--user-data-dir={tmp_path / 'profile'}", "--timeout=60000"]
            + ["--virtual-time-budget=20000", f"http://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            timeout=600,
        ).stdout
    finally:
        server.terminate()
        server.wait()
    assert "connected" in shown
    for word, label in (("Anna", "B-PER"), ("Berg", "I-PER"), ("Old", "B-LOC")):
        assert f">{word}<small>{label}</small></span>" in shown
    assert 'class="waits"' not in shown.partition("<script>")[0]


def wait_for(address, server):
    for _ in range(1200):
        assert server.poll() is None
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(address)
