"""What is built and installed: wheel, sdist, entry points, pins."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import spacy_birnn

from .conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sources, and the wheel and the sdist that are built from a copy of them."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("spacy_birnn", "tests", "scripts", "configs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in (
        "pyproject.toml",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
    ):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "build", "--quiet", "--no-isolation"]
    subprocess.run([*command, copy], check=True)
    (wheel,) = (copy / "dist").glob("*.whl")
    (sdist,) = (copy / "dist").glob("*.tar.gz")
    package = copy / "spacy_birnn"
    sources = {
        path.relative_to(copy).as_posix()
        for path in [
            *package.rglob("*.py"),
            *package.glob("*/templates/*"),
            package / "py.typed",
        ]
    }
    return sources, wheel, sdist


def test_the_wheel_holds_the_package_and_nothing_else(built):
    sources, wheel, _ = built
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"spacy_birnn-{spacy_birnn.__version__}.dist-info"
        assert {name for name in names if not name.startswith(info)} == sources
        metadata = message_from_string(archive.read(f"{info}/METADATA").decode())
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
        assert f"{info}/licenses/LICENSE" in names
        # Where `spacy package` looks for the distribution of a registered function.
        assert archive.read(f"{info}/top_level.txt").decode().split() == ["spacy_birnn"]
    assert metadata["Name"] == "spacy-birnn"
    assert metadata["Version"] == spacy_birnn.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    extras = {"test", "dev", "docs", "examples", "gpu", "ray", "report", "bench"}
    assert set(metadata.get_all("Provides-Extra")) == extras
    for group in PROJECT["entry-points"]:
        assert f"[{group}]" in entry_points
    assert "[console_scripts]" in entry_points


def test_the_sdist_holds_what_tests_need(built):
    sources, _, sdist = built
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= sources
    assert {
        "LICENSE",
        "pyproject.toml",
        "scripts/fetch.py",
        "configs/efficiency/demo.cfg",
    } <= names
    assert "tests/test_package.py" in names


@pytest.mark.parametrize("group", sorted(PROJECT["entry-points"]))
def test_entry_points(group):
    """Each is installed as it is written, and names something."""
    installed = {
        point.name: point
        for point in importlib.metadata.distribution("spacy-birnn").entry_points
        if point.group == group
    }
    written = PROJECT["entry-points"][group]
    assert {name: point.value for name, point in installed.items()} == written
    for point in installed.values():
        assert point.load() is not None


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?(\d[^\] ]*)", text, flags=re.MULTILINE)
    assert versions[0] == spacy_birnn.__version__


def pins(python):
    """The constraints that hold for a version of Python: name to version."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate({"python_version": python}):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is pinned twice for Python {python}"
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            found[name] = specifier.version
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_bounds(python):
    pinned = pins(python)
    extras = PROJECT["optional-dependencies"]
    requirements = [
        *PROJECT["dependencies"],
        *extras["test"],
        *extras["dev"],
        *extras["report"],
        *extras["bench"],
    ]
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name != "spacy-birnn":
            assert requirement.specifier.contains(pinned[name]), name


def test_what_is_installed_is_pinned():
    """A dependency of a dependency that nobody pinned would be whatever is newest."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    pinned = pins(python)
    todo, seen = [Requirement("spacy-birnn[dev]")], set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        assert name in pinned or name == "spacy-birnn", name
        for text in importlib.metadata.requires(name) or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            # torch pins the tools of its platform itself.
            platform = name == "torch" and "platform_system" in text
            if not platform and (
                needed.marker is None
                or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            ):
                todo.append(needed)


@pytest.mark.parametrize("path", ["Makefile", "constraints.txt", "pyproject.toml"])
def test_no_registry_and_no_machine_is_named(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    for word in ("index-url", "find-links", "trusted-host", "pypi.", "://", "/home/"):
        assert word not in text
