"""What is noticed about a cluster; see `test_cluster` for a real one."""

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import ray_cluster
from spacy_birnn.tagging.execute import Status
from spacy_birnn.tagging.folder import Folder
from spacy_birnn.tagging.options import Workers
from spacy_birnn.tagging.ray_actor import ATTEMPTS
from spacy_birnn.tagging.ray_engine import _Starts


@pytest.fixture
def head():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def make_ray(head, *nodes):
    """As much of the module as is asked."""
    address = "{}:{}".format(*head.getsockname())
    context = SimpleNamespace(gcs_address=address)
    return SimpleNamespace(get_runtime_context=lambda: context, nodes=lambda: nodes)


def node(is_alive=True, **resources):
    return {"Alive": is_alive, "Resources": resources}


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    workers = Workers("ray", 1, False, None, 0)
    told = r"^\[B272\] .*pip install 'spacy-birnn\[ray"
    with pytest.raises(BirnnError, match=told), ray_cluster.cluster(workers):
        pass


def test_a_head_that_is_gone(head, monkeypatch):
    monkeypatch.setattr(ray_cluster, "HEAD_PATIENCE", -1.0)
    watchdog = ray_cluster.Watchdog(make_ray(head, node(CPU=1.0)), 0)
    watchdog.check()
    head.close()
    with pytest.raises(BirnnError, match=r"\[B276\] .*127\.0\.0\.1"):
        watchdog.check()


@pytest.mark.parametrize(
    ("nodes", "gpus", "is_well"),
    [
        ([node(CPU=2.0)], 0, True),
        ([node(CPU=2.0)], 1, False),
        ([node(CPU=2.0, GPU=0.5)], 1, False),
        ([node(CPU=2.0, GPU=1.0)], 1, True),
        ([node(), node(CPU=1.0)], 0, True),
        ([node(), node(False, CPU=1.0)], 0, False),
        ([], 0, False),
    ],
)
def test_nodes_that_could_hold_an_actor(head, monkeypatch, nodes, gpus, is_well):
    monkeypatch.setattr(ray_cluster, "NODE_PATIENCE", -1.0)
    watchdog = ray_cluster.Watchdog(make_ray(head, *nodes), gpus)
    if is_well:
        watchdog.check()
        return
    with pytest.raises(BirnnError, match=r"\[B277\] No node of the Ray cluster"):
        watchdog.check()


@pytest.mark.parametrize(
    ("resources", "num_gpus", "expected"),
    [
        ({"CPU": 8.0, "GPU": 2.0}, 0, 8),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 2),
        ({"CPU": 8.0, "GPU": 2.0}, 0.5, 4),
        ({"CPU": 1.0, "GPU": 2.0}, 0.5, 1),
        ({"CPU": 8.0}, 1, 1),
        ({}, 0, 1),
    ],
)
def test_actors_for_which_there_is_room(resources, num_gpus, expected):
    ray = SimpleNamespace(cluster_resources=lambda: resources)
    assert ray_cluster.room_for_actors(ray, num_gpus) == expected


def test_patience(head):
    """A cluster may be about to get a node, and a head may be started anew."""
    watchdog = ray_cluster.Watchdog(make_ray(head), 0)
    watchdog.check()
    head.close()
    watchdog.check()


def test_actors_that_die_when_they_start(tmp_path):
    folder = Folder(str(tmp_path / "out"), "jsonl", 3)
    Path(folder.workplace).mkdir(parents=True)
    status = Status()
    starts = _Starts(folder, 2, status)
    number = iter(range(100))

    def fail(count):
        for _ in range(count):
            folder.note_start(f"worker{next(number)}")

    fail(2 + ATTEMPTS - 1)  # two of them may be starting now
    starts.check()
    status.bytes = 10
    starts.check()
    fail(2 + ATTEMPTS - 1)
    starts.check()
    fail(1)
    with pytest.raises(BirnnError, match=r"\[B278\] 3 workers"):
        starts.check()
    folder.forget_attempts()
    assert folder.starts() == 0


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_nobody_answers(head, address):
    pytest.importorskip("ray")
    given = address.format(head.getsockname()[1])
    head.close()
    with (
        pytest.raises(BirnnError, match=r"\[B273\] .*127\.0\.0\.1"),
        ray_cluster.cluster(Workers("ray", address=given)),
    ):
        pass
