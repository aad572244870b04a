"""The README's own code blocks run, as they stand; the reference names every key."""

import re
from dataclasses import fields
from importlib.metadata import distribution
from inspect import signature

import spacy
from spacy.util import load_config_from_str
from thinc.api import Config

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.data.conllu import ConlluCorpus
from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.data.hub import create_datasets_reader
from spacy_birnn.data.spans import SpansCorpus

from .conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf8")


def blocks(language, page=README):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_python_blocks_run_one_after_the_other(capsys):
    found = blocks("python")
    assert len(found) >= 1
    namespace = {}
    for block in found:
        exec(compile(block, "README.md", "exec"), namespace)
    shown = capsys.readouterr().out
    assert "'Acme', 'ORG'" in shown
    assert "'Mary Smith', 'PER'" in shown
    assert "S-ORG" in shown


def test_the_quickstart_is_ten_lines():
    code = [line for line in blocks("python")[0].splitlines() if line.strip()]
    assert len(code) <= 12


def test_our_encoder_under_spacys_tok2vec():
    config = load_config_from_str(
        "\n".join(["[components]\n", *blocks("ini", REFERENCE)])
    )
    nlp = spacy.blank("en")
    settings = dict(config["components"]["tok2vec"])
    nlp.add_pipe(settings.pop("factory"), config=settings)
    assert nlp.get_pipe("tok2vec").model.get_dim("nO") == 200


def test_every_argument_of_every_architecture_is_in_the_reference():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    nlp.add_pipe("birnn_chunker")
    nlp.add_pipe("birnn_tagger")

    def keys(section):
        for key, value in section.items():
            if key.startswith("@"):
                assert f"`{value}`" in REFERENCE
            else:
                yield key
            if isinstance(value, dict):
                yield from keys(value)

    for name in nlp.pipe_names:
        component = Config(nlp.config["components"][name])
        component.pop("factory")
        for key in keys(component):
            assert f"`{key}`" in REFERENCE, key


def test_every_registered_name_and_every_setting_of_a_reader_is_in_the_reference():
    readers = [ConllCorpus, ConlluCorpus, SpansCorpus, AnyCorpus]
    keys = {field.name for reader in readers for field in fields(reader) if field.init}
    keys |= set(signature(create_datasets_reader).parameters)
    for key in keys:
        assert f"`{key}`" in REFERENCE, key
    for entry in distribution("spacy-birnn").entry_points:
        if entry.name.startswith("spacy-birnn."):
            assert f"`{entry.name}`" in REFERENCE, entry.name


def test_links_lead_somewhere():
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
    ]
    for page in pages:
        text = page.read_text(encoding="utf8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_is_short():
    assert len(README.splitlines()) < 150
