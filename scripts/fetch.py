"""Fetch what is not there yet of a data set, and verify every file of it.

    python scripts/fetch.py assets/wnut17 [DIR] [--verify]

Addresses and MD5 checksums are those of the assets in project.yml below the given name.
With DIR the files lie there instead. weasel only warns about a wrong checksum, and
keeps the file: this ends with an error and leaves nothing behind. Files that are there
are never touched.
"""

import argparse
import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterator, List, Tuple

import srsly
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from spacy_birnn.errors import BirnnError, Errors
from spacy_birnn.files import replacing

PROJECT = Path("project.yml")
BLOCK = 1 << 16
TIMEOUT = 60  # seconds without a byte

Asset = Dict[str, Any]


def find_assets(name: str, place: Path) -> Iterator[Tuple[Asset, Path]]:
    """The assets of the project below a name, each with the path where it belongs.

    Raises:
        BirnnError: The project has no such assets.
    """
    found = False
    for asset in srsly.read_yaml(PROJECT)["assets"]:
        dest = Path(asset["dest"])
        if dest == Path(name) or Path(name) in dest.parents:
            found = True
            yield asset, place / dest.relative_to(name)
    if not found:
        raise BirnnError(Errors.B301.format(name=name, path=PROJECT))


def fetch(asset: Asset, path: Path) -> None:
    """Download one file; it appears under its name whole and verified, or not at all.

    Raises:
        BirnnError: It cannot be had, or is not the file whose checksum is pinned.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        try:
            checksum = download(asset["url"], file)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise BirnnError(
                Errors.B302.format(url=asset["url"], reason=reason)
            ) from error
        expected = asset.get("checksum", checksum)
        if checksum != expected:
            raise BirnnError(
                Errors.B303.format(url=asset["url"], found=checksum, expected=expected)
            )


def download(url: str, file: BinaryIO) -> str:
    """Copy what an address holds into a file, and return its MD5.

    Raises:
        ConnectionError: The connection ended before the last byte.
    """
    digest = hashlib.md5(usedforsecurity=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT) as response,
        Progress(
            *columns,
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        ) as progress,
    ):
        size = response.headers.get("Content-Length")
        total = int(size) if size else None
        task = progress.add_task(url.rsplit("/", 1)[-1], total=total)
        received = 0
        while block := response.read(BLOCK):
            file.write(block)
            digest.update(block)
            received += len(block)
            progress.update(task, completed=received)
    if total is not None and received != total:
        raise ConnectionError(f"{received} of {total} bytes came")
    return digest.hexdigest()


def verify(asset: Asset, path: Path) -> str:
    """Check a file that is there against its pinned checksum; say what is known of it.

    Raises:
        BirnnError: It is another file.
    """
    expected = asset.get("checksum")
    if expected is None:
        return "there (no checksum is known)"
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    if digest.hexdigest() != expected:
        raise BirnnError(
            Errors.B304.format(path=path, found=digest.hexdigest(), expected=expected)
        )
    return "verified"


def main(arguments: List[str]) -> None:
    parser = argparse.ArgumentParser(description="Fetch and verify assets.")
    parser.add_argument("name", help="what to fetch, as in project.yml: assets/wnut17")
    parser.add_argument("place", nargs="?", help="where it lies instead")
    parser.add_argument("--verify", action="store_true", help="download nothing")
    args = parser.parse_args(arguments)
    place = Path(args.place or args.name)
    for asset, path in list(find_assets(args.name, place)):
        if path.is_file():
            print(f"{path}: {verify(asset, path)}")
        elif "url" not in asset:
            raise BirnnError(Errors.B305.format(path=path, hint=asset["description"]))
        elif args.verify or (path == place and place != Path(args.name)):
            # A single file that the user names is one of theirs, not a place for ours.
            raise BirnnError(Errors.B306.format(path=path))
        else:
            fetch(asset, path)
            print(f"{path}: fetched from {asset['url']}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BirnnError as error:
        sys.exit(str(error))
