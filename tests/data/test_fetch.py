"""scripts/fetch.py, against a server on this machine."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch.py"
TRAIN, DEV = b"Anna\tB-PER\n", b"Oslo\tB-LOC\n"


@pytest.fixture
def project(server, answer, tmp_path):
    """A project with two pinned files, a private one and one without a checksum."""
    server.answers.update({"/t": answer(TRAIN), "/d": answer(DEV), "/v": answer(b"v")})
    pinned = {"train": (TRAIN, "/t"), "dev": (DEV, "/d")}
    assets = [
        {
            "dest": f"assets/set/{name}",
            "url": server.url + path,
            "checksum": hashlib.md5(body).hexdigest(),
        }
        for name, (body, path) in pinned.items()
    ]
    assets.append(
        {"dest": "assets/own/a", "description": "Bring it with --vars.x=DIR."}
    )
    assets.append({"dest": "assets/vec/v.zip", "url": server.url + "/v"})
    srsly.write_yaml(tmp_path / "project.yml", {"assets": assets})
    return tmp_path


def fetch(project, *arguments):
    result = subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert result.stderr.count("\n") == (result.returncode != 0), result.stderr
    return result


def files(directory):
    return sorted(os.listdir(directory)) if directory.exists() else []


def test_fetches_what_is_missing_and_skips_what_is_there(project, server):
    place = project / "assets" / "set"
    place.mkdir(parents=True)
    (place / "train").write_bytes(TRAIN)
    result = fetch(project, "assets/set")
    assert result.returncode == 0
    assert server.requests == ["GET /d"]
    assert (place / "dev").read_bytes() == DEV
    assert "train: verified" in result.stdout
    assert "dev: fetched" in result.stdout
    fetch(project, "assets/set")
    assert server.requests == ["GET /d"]
    assert files(place) == ["dev", "train"]


def test_fetches_to_another_place(project):
    assert fetch(project, "assets/set", "my data").returncode == 0
    assert files(project / "my data") == ["dev", "train"]
    assert fetch(project, "assets/set", "my data", "--verify").returncode == 0


@pytest.mark.parametrize(
    ("body", "lost", "message"),
    [
        (b"Anna\tB-ORG\n", 0, "[B302] "),
        (TRAIN, 4, "[B126] "),
    ],
    ids=["wrong", "cut"],
)
def test_wrong_and_cut_bytes_leave_nothing(
    project, server, answer, body, lost, message
):
    server.answers["/t"] = answer(body, lost=lost)
    result = fetch(project, "assets/set")
    assert result.returncode == 1
    assert result.stderr.startswith(message)
    assert server.url + "/t" in result.stderr
    assert files(project / "assets" / "set") == []


def test_missing_at_the_server(project, server):
    del server.answers["/t"]
    result = fetch(project, "assets/set")
    assert result.returncode == 1
    assert result.stderr.startswith("[B125] ")
    assert files(project / "assets" / "set") == []


@pytest.mark.parametrize("options", [(), ("--verify",)])
def test_another_file_in_its_place_is_refused_and_kept(project, server, options):
    place = project / "assets" / "set"
    place.mkdir(parents=True)
    (place / "train").write_bytes(b"mine")
    result = fetch(project, "assets/set", *options)
    assert result.returncode == 1
    assert result.stderr.startswith("[B303] assets/set/train: ")
    assert (place / "train").read_bytes() == b"mine"
    assert server.requests == []


def test_verify_downloads_nothing(project, server):
    result = fetch(project, "assets/set", "--verify")
    assert result.returncode == 1
    assert result.stderr.startswith("[B217] ")
    assert server.requests == []


def test_private_assets_must_be_brought(project):
    result = fetch(project, "assets/own")
    assert result.returncode == 1
    assert result.stderr.startswith("[B304] assets/own/a: ")
    assert "--vars.x=DIR" in result.stderr
    (project / "mine").mkdir()
    (project / "mine" / "a").write_bytes(b"a")
    result = fetch(project, "assets/own", "mine")
    assert result.returncode == 0
    assert "no checksum is known" in result.stdout


def test_one_file(project, server):
    """A file that the user names must be there; the project's own is fetched."""
    result = fetch(project, "assets/vec/v.zip", "glove.txt")
    assert result.returncode == 1
    assert result.stderr.startswith("[B217] ")
    assert server.requests == []
    assert fetch(project, "assets/vec/v.zip").returncode == 0
    assert (project / "assets" / "vec" / "v.zip").read_bytes() == b"v"


def test_unknown_name(project):
    result = fetch(project, "assets/se")
    assert result.returncode == 1
    assert result.stderr.startswith("[B301] ")
