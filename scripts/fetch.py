"""Fetch what is not there yet of a data set, and verify every file of it.

    python scripts/fetch.py assets/wnut17 [DIR] [--verify]

Addresses and MD5 checksums are those of the assets in project.yml below the given name.
With DIR the files lie there instead. weasel only warns about a wrong checksum, and
keeps the file: this ends with an error and leaves nothing behind. Files that are there
are never touched.
"""

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import srsly

from spacy_birnn.data.download import download
from spacy_birnn.errors import BirnnError, Errors
from spacy_birnn.files import check_input

PROJECT = Path("project.yml")
BLOCK = 1 << 20

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
    part = path.with_name(f".{path.name}.part")
    try:
        download(asset["url"], part)
        found, expected = md5(part), asset.get("checksum")
        if expected not in (None, found):
            part.unlink()
            raise BirnnError(
                Errors.B302.format(url=asset["url"], found=found, expected=expected)
            )
        os.replace(part, path)
    except OSError as error:
        raise BirnnError(Errors.B203.format(path=path, reason=error)) from error


def verify(asset: Asset, path: Path) -> str:
    """Check a file that is there against its pinned checksum; say what is known of it.

    Raises:
        BirnnError: It is another file.
    """
    expected = asset.get("checksum")
    if expected is None:
        return "there (no checksum is known)"
    found = md5(path)
    if found != expected:
        raise BirnnError(Errors.B303.format(path=path, found=found, expected=expected))
    return "verified"


def md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


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
            raise BirnnError(Errors.B304.format(path=path, hint=asset["description"]))
        elif args.verify or (path == place and place != Path(args.name)):
            # A single file that the user names is one of theirs, not a place for ours.
            check_input(path)
        else:
            fetch(asset, path)
            print(f"{path}: fetched from {asset['url']}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BirnnError as error:
        sys.exit(str(error))
