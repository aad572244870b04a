"""A cluster that a test starts, joins and kills: a head, and a node for the actors."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import spacy

from spacy_birnn.tagging.run import tag as tag_files

from ..conftest import python_path
from .samples import make_nlp

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(sys.platform == "win32", reason="Ray has no clusters there"),
]

COMMAND = """
import os, sys
import tests.tagging.samples
from spacy_birnn.cli import main
from spacy_birnn.tagging import ray_cluster
ray_cluster.HEAD_PATIENCE = ray_cluster.NODE_PATIENCE = 5
main()
"""
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": python_path(),
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
}


class Cluster:
    """A head without processors, and a node with two, by their own processes."""

    def __init__(self, folder):
        self.log = Path(folder, "log")
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        options = [f"--port={port}", "--num-cpus=0", f"--temp-dir={folder}"]
        self.head = self.start("--head", *options, "--include-dashboard=false")
        self.start_node()

    def start_node(self):
        self.node = self.start(f"--address={self.address}", "--num-cpus=2")

    def start(self, *options):
        """Start one, which on a busy machine Ray gives up after half a minute."""
        line = [Path(sys.executable).with_name("ray"), "start", *options, "--block"]
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            with self.log.open("wb") as log:
                process = subprocess.Popen(
                    line,
                    env=ENVIRONMENT,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            while process.poll() is None:
                if b"Ray runtime started" in self.log.read_bytes():
                    return process
                time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def kill(self, process):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port():
    """Below those that Ray gives to its workers."""
    for port in range(6500, 9900):
        if not is_listening(port):
            return port
    raise AssertionError("all ports are taken")


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def cluster():
    """One for all tests of the file, of which the last kills its head."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(folder)
        try:
            yield cluster
        finally:
            for process in (cluster.node, cluster.head):
                if process.poll() is None:
                    cluster.kill(process)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A pipeline and a text, and what the local engine makes of them."""
    folder = tmp_path_factory.mktemp("files")
    nlp = make_nlp()
    nlp.add_pipe("takes_its_time")
    nlp.to_disk(folder / "model")
    lines = [f"Ada Lovelace left London {i} times .\n" for i in range(2000)]
    (folder / "a.txt").write_text("".join(lines))
    return folder


@pytest.fixture
def tag(files):
    """The real command, as an open process."""

    def tag(out, *options):
        line = [sys.executable, "-c", COMMAND, "tag", "model", "a.txt", "-o", out]
        line += ["--shard-size", "100", "--resume", *options]
        return subprocess.Popen(
            line,
            cwd=files,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return tag


def end(process, status=0):
    stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == status, (stdout, stderr)
    return stdout, stderr


def contents(path):
    return {p.name: p.read_bytes() for p in sorted(path.iterdir())}


@pytest.fixture(scope="module")
def expected(files):
    previous = os.getcwd()
    os.chdir(files)  # the manifest names inputs as they were given
    try:
        tag_files(spacy.load("model"), "a.txt", "local", shard_size=100)
    finally:
        os.chdir(previous)
    return contents(files / "local")


def wait_for_parts(path, count, process):
    while len(list(path.glob("part-*"))) < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_an_address_where_nobody_answers_is_one_line(tag):
    with socket.socket() as taken:  # so that nobody else listens there meanwhile
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        stdout, stderr = end(tag("out/", "--engine", "ray", "--address", address), 1)
    assert stdout == ""
    assert stderr.startswith(f"[B273] Ray cannot be started or reached ({address}): ")
    assert stderr.count("\n") == 1


def test_a_cluster_is_joined(cluster, tag, files, expected):
    """Relative paths mean the same on a node that was started somewhere else."""
    line = ["joined/", "--engine", "ray", "--address", cluster.address]
    stdout, stderr = end(tag(*line, "--n-process", "2", "--json"))
    assert stderr == ""
    (line,) = stdout.splitlines()
    assert json.loads(line)["documents"] == 2000
    assert contents(files / "joined") == expected


def test_the_last_node_is_lost(cluster, tag, files, expected):
    line = ["node/", "--engine", "ray", "--address", cluster.address, "--json"]
    process = tag(*line, "--n-process", "2")
    wait_for_parts(files / "node", 2, process)
    cluster.kill(cluster.node)
    stdout, stderr = end(process, 1)
    assert stdout == ""
    assert "[B277] No node of the Ray cluster" in stderr.splitlines()[-1]
    cluster.start_node()
    end(tag(*line, "--n-process", "1"))
    assert contents(files / "node") == expected


def test_the_head_is_lost(cluster, tag, files, expected):
    line = ["head/", "--engine", "ray", "--address", cluster.address, "--json"]
    process = tag(*line, "--n-process", "2")
    wait_for_parts(files / "head", 2, process)
    cluster.kill(cluster.head)
    stdout, stderr = end(process, 1)
    assert stdout == ""
    assert "[B276] The head of the Ray cluster" in stderr.splitlines()[-1]
    end(tag("head/"))
    assert contents(files / "head") == expected
