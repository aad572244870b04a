"""scripts/fetch.py, against a server on this machine."""

import hashlib
import os

import fetch as script
import pytest
import srsly

from spacy_birnn.errors import BirnnError

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


@pytest.fixture
def fetch(project, monkeypatch, capsys):
    """Run the script in the project and return what it prints."""
    monkeypatch.chdir(project)

    def run(*arguments):
        script.main(list(arguments))
        return capsys.readouterr().out

    return run


def files(directory):
    return sorted(os.listdir(directory)) if directory.exists() else []


def test_fetches_what_is_missing_and_skips_what_is_there(project, server, fetch):
    place = project / "assets" / "set"
    place.mkdir(parents=True)
    (place / "train").write_bytes(TRAIN)
    printed = fetch("assets/set")
    assert server.requests == ["GET /d"]
    assert (place / "dev").read_bytes() == DEV
    assert "train: verified" in printed
    assert "dev: fetched" in printed
    fetch("assets/set")
    assert server.requests == ["GET /d"]
    assert files(place) == ["dev", "train"]


def test_fetches_to_another_place(project, fetch):
    fetch("assets/set", "my data")
    assert files(project / "my data") == ["dev", "train"]
    assert "dev: verified" in fetch("assets/set", "my data", "--verify")


@pytest.mark.parametrize(
    ("body", "lost", "code"),
    [(b"Anna\tB-ORG\n", 0, "B302"), (TRAIN, 4, "B126")],
    ids=["wrong", "cut"],
)
def test_wrong_and_cut_bytes_leave_nothing(
    project, server, answer, fetch, body, lost, code
):
    server.answers["/t"] = answer(body, lost=lost)
    with pytest.raises(BirnnError, match=rf"^\[{code}\] {server.url}/t: "):
        fetch("assets/set")
    assert files(project / "assets" / "set") == []


def test_missing_at_the_server(project, server, fetch):
    del server.answers["/t"]
    with pytest.raises(BirnnError, match=rf"^\[B125\] {server.url}/t: .*404"):
        fetch("assets/set")
    assert files(project / "assets" / "set") == []


@pytest.mark.parametrize("options", [(), ("--verify",)])
def test_another_file_in_its_place_is_refused_and_kept(project, server, fetch, options):
    place = project / "assets" / "set"
    place.mkdir(parents=True)
    (place / "train").write_bytes(b"mine")
    with pytest.raises(BirnnError, match=r"^\[B303\] assets/set/train: "):
        fetch("assets/set", *options)
    assert (place / "train").read_bytes() == b"mine"
    assert server.requests == []


def test_verify_downloads_nothing(server, fetch):
    with pytest.raises(BirnnError, match=r"^\[B105\] .*assets/set/train"):
        fetch("assets/set", "--verify")
    assert server.requests == []


def test_private_assets_must_be_brought(project, fetch):
    with pytest.raises(BirnnError, match=r"^\[B304\] assets/own/a: .*--vars.x=DIR"):
        fetch("assets/own")
    (project / "mine").mkdir()
    (project / "mine" / "a").write_bytes(b"a")
    assert "no checksum is known" in fetch("assets/own", "mine")


def test_one_file(project, server, fetch):
    """A file that the user names must be there; the project's own is fetched."""
    with pytest.raises(BirnnError, match=r"^\[B105\] .*glove.txt"):
        fetch("assets/vec/v.zip", "glove.txt")
    assert server.requests == []
    fetch("assets/vec/v.zip")
    assert (project / "assets" / "vec" / "v.zip").read_bytes() == b"v"


def test_a_place_that_cannot_be_written(project, fetch):
    (project / "assets").write_text("a file", encoding="utf-8")
    with pytest.raises(BirnnError, match=r"^\[B203\] .*assets/set/train"):
        fetch("assets/set")


def test_unknown_name(fetch):
    with pytest.raises(BirnnError, match=r"^\[B301\] .*'assets/se'"):
        fetch("assets/se")
