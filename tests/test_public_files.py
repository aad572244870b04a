"""Files for the public that nothing here runs: they parse, and agree with the rest."""

import re

import pytest
import srsly

import spacy_birnn

from .conftest import ROOT

YAML = [
    *ROOT.glob(".github/**/*.yml"),
    ROOT / ".pre-commit-config.yaml",
    ROOT / "CITATION.cff",
]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf8")
CI = srsly.read_yaml(ROOT / ".github" / "workflows" / "ci.yml")


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_yaml_can_be_read(path):
    assert isinstance(srsly.read_yaml(path), dict)


def test_ci_runs_the_supported_pythons():
    supported = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT)
    assert CI["jobs"]["test"]["strategy"]["matrix"]["python"] == supported
    oldest = re.search(r'requires-python = ">=([\d.]+)"', PYPROJECT)[1]
    assert supported[0] == oldest
    setup = CI["jobs"]["oldest"]["steps"][1]
    assert setup["with"]["python-version"] == oldest


def test_ci_runs_what_is_there():
    steps = [step for job in CI["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step["run"] for step in steps if "run" in step)
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    for target in re.findall(r"make (\S+)", commands):
        assert f"\n{target}: " in makefile
    extras = {
        name
        for names in re.findall(r"\.\[(.+?)\]", commands)
        for name in names.split(",")
    }
    assert extras
    for extra in extras:
        assert f"\n{extra} = [" in PYPROJECT


def test_the_hooks_run_the_pinned_ruff():
    hooks = srsly.read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    revision = next(hook["rev"] for hook in hooks if "ruff" in hook["repo"])
    pins = (ROOT / "constraints.txt").read_text(encoding="utf8")
    assert f"\nruff=={revision.removeprefix('v')}\n" in pins


def test_the_citation_names_this_version():
    citation = srsly.read_yaml(ROOT / "CITATION.cff")
    assert str(citation["version"]) == spacy_birnn.__version__
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_issue_forms_ask_something():
    forms = [
        srsly.read_yaml(path)
        for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
        if path.name != "config.yml"
    ]
    assert forms
    for form in forms:
        assert {"name", "description", "body"} <= set(form)
        for field in form["body"]:
            assert field["attributes"]["label"]
        ids = [field["id"] for field in form["body"]]
        assert len(ids) == len(set(ids))
