"""Collect the pages of the site in one folder, for `make docs`.

The README, the guide for contributors, the changelog and the examples are written to be
read in the repository. Here they become pages beside those of docs/, with their links
turned accordingly, so that nothing is written twice and every link is checked.

    python scripts/site_pages.py build/pages
"""

import argparse
import re
import shutil
import sys
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Dict, List, Optional

ROOT = Path(__file__).resolve().parent.parent

OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples/README.md": "examples/index.md",
}
"""Pages from outside of docs/: the file in the repository, and the page of the site."""

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def collect(folder: Path) -> None:
    """Write all pages, and the files that they link to, into an emptied folder."""
    pages = find_pages()
    texts = {
        source: read_page(source, pages) for source in list(pages) if is_page(source)
    }
    shutil.rmtree(folder, ignore_errors=True)
    for source, name in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if source in texts:
            path.write_text(texts[source], encoding="utf8")
        else:
            shutil.copyfile(ROOT / source, path)


def is_page(source: str) -> bool:
    return source.endswith(".md")


def find_pages() -> Dict[str, str]:
    """Where the site has each file of the repository that belongs to it."""
    pages = dict(OUTSIDE)
    for path in sorted((ROOT / "docs").rglob("*.*")):
        source = path.relative_to(ROOT).as_posix()
        pages[source] = source.removeprefix("docs/")
    for path in sorted(ROOT.glob("examples/*/README.md")):
        name = path.parent.name
        pages[f"examples/{name}/README.md"] = f"examples/{name}.md"
    return pages


def read_page(source: str, pages: Dict[str, str]) -> str:
    """The text of a file in Markdown, whose links are made links of the site.

    Args:
        source: its path in the repository.
        pages: where the site has each file. A file that is linked to and not in it is
            added, below `files/`.
    """
    here = PurePosixPath(pages[source]).parent

    def turn(match: re.Match) -> str:
        target = normpath(PurePosixPath(source).parent / match.group(1))
        if target not in pages:
            if not (ROOT / target).is_file():
                sys.exit(f"{source}: the link to {match.group(1)} leads to no file.")
            pages[target] = f"files/{target}"
        return relpath(pages[target], here)

    return LINK.sub(turn, (ROOT / source).read_text(encoding="utf8"))


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to write the pages")
    collect(parser.parse_args(arguments).folder)


if __name__ == "__main__":
    main()
