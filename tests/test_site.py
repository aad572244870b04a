"""The site: every page is in its navigation; links of the repository become its own.

That no link is broken is checked by `make docs`.
"""

import re

import pytest
import site_pages

from .conftest import ROOT


def test_every_page_is_in_the_navigation_and_no_other():
    text = (ROOT / "zensical.toml").read_text(encoding="utf8")
    shown = re.findall(r'"([\w/-]+\.md)"', text)
    assert len(shown) == len(set(shown))
    pages = {page for page in site_pages.find_pages().values() if page.endswith(".md")}
    # Those of examples are named by the page above them.
    examples = {page for page in pages if page.startswith("examples/")}
    assert set(shown) == pages - examples | {"examples/index.md"}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setattr(site_pages, "ROOT", tmp_path)
    monkeypatch.setattr(site_pages, "OUTSIDE", {"README.md": "index.md"})
    (tmp_path / "docs").mkdir()
    (tmp_path / "examples" / "one").mkdir(parents=True)
    (tmp_path / "docs" / "training.md").write_text(
        "[a](../README.md#install) [b](../examples/one/run.py) [c](training.md)"
    )
    (tmp_path / "README.md").write_text(
        "[d](docs/training.md#train) [e](https://example.org/docs/training.md) [f](#g)"
    )
    (tmp_path / "examples" / "one" / "README.md").write_text(
        "[g](run.py) [h](../../docs/training.md)"
    )
    (tmp_path / "examples" / "one" / "run.py").write_text("print()")
    return tmp_path


def test_links_are_turned(repository):
    site_pages.main([str(repository / "out")])
    pages = {
        path.relative_to(repository / "out").as_posix(): path.read_text()
        for path in (repository / "out").rglob("*.*")
    }
    assert pages == {
        "training.md": "[a](index.md#install) [b](files/examples/one/run.py) "
        "[c](training.md)",
        "index.md": "[d](training.md#train) "
        "[e](https://example.org/docs/training.md) [f](#g)",
        "examples/one.md": "[g](../files/examples/one/run.py) [h](../training.md)",
        "files/examples/one/run.py": "print()",
    }


def test_a_link_to_nothing_is_an_error_and_writes_nothing(repository):
    (repository / "docs" / "more.md").write_text("[a](nothing.json)")
    with pytest.raises(SystemExit, match=r"docs/more\.md: the link to nothing\.json"):
        site_pages.main([str(repository / "out")])
    assert not (repository / "out").exists()
