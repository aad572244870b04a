import pytest
import spacy
from spacy.util import load_config_from_str, resolve_dot_names

from spacy_birnn import progress
from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")
NAMES = ["ConllCorpus", "ConlluCorpus", "SpansCorpus", "DatasetsCorpus", "Corpus"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", ["train", "dev"])
def test_the_missing_corpus_is_named(name, missing):
    """As `spacy train` resolves them: all of the section at once."""
    block = '[corpora.{0}]\n@readers = "spacy-birnn.{1}.v1"\npath = ${{paths.{0}}}\n'
    text = "[paths]\ntrain = x\ndev = x\n[corpora]\n"
    text += block.format("train", name) + block.format("dev", name)
    config = load_config_from_str(text, overrides={f"paths.{missing}": None})
    with pytest.raises(BirnnError) as error:
        resolve_dot_names(config.interpolate(), ["corpora.train", "corpora.dev"])
    assert str(error.value).startswith(f"[B104] The `path` of [corpora.{missing}] is ")


def test_outside_of_a_config_there_is_no_name():
    with pytest.raises(BirnnError, match=r"^\[B104\] The `path` of the corpus is null"):
        AnyCorpus(None)


def test_warnings_come_once_for_each_reader(tmp_path):
    path = tmp_path / "a"
    path.write_text("a -\n")
    reader = ConllCorpus(path)
    with pytest.warns(UserWarning, match=r"^\[W105\]") as caught:
        assert [len(list(reader(NLP))) for _ in range(3)] == [1, 1, 1]
    assert len(caught) == 1


def test_reading_shows_itself_on_a_terminal(tmp_path, monkeypatch, capsys):
    path = tmp_path / "a"
    path.write_text("a O\n\n" * 30)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    list(ConllCorpus(path)(NLP))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    list(ConllCorpus(path)(NLP))
    assert "documents" in capsys.readouterr().err
