"""The README's own code blocks run, as they stand."""

import re
from pathlib import Path

import spacy
from spacy.util import load_config_from_str
from thinc.api import Config

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_python_blocks_run_one_after_the_other(capsys):
    found = blocks("python")
    assert len(found) >= 2
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
    config = load_config_from_str("\n".join(["[components]\n", *blocks("ini")]))
    nlp = spacy.blank("en")
    settings = dict(config["components"]["tok2vec"])
    nlp.add_pipe(settings.pop("factory"), config=settings)
    assert nlp.get_pipe("tok2vec").model.get_dim("nO") == 200


def test_every_argument_of_every_architecture_is_in_the_readme():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    nlp.add_pipe("birnn_chunker")
    nlp.add_pipe("birnn_tagger")

    def keys(section):
        for key, value in section.items():
            if key.startswith("@"):
                assert f"`{value}`" in README
            else:
                yield key
            if isinstance(value, dict):
                yield from keys(value)

    for name in nlp.pipe_names:
        component = Config(nlp.config["components"][name])
        component.pop("factory")
        for key in keys(component):
            assert f"`{key}`" in README, key
