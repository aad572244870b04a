import shutil

import pytest
import spacy


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's commands")
def test_shared_tok2vec(run_readme):
    folder, shown = run_readme("shared_tok2vec")
    nlp = spacy.load(folder / "model" / "model-best")
    assert nlp.pipe_names == ["tok2vec", "tagger", "parser", "birnn_ner"]
    assert nlp.get_pipe("tok2vec").listening_components == nlp.pipe_names[1:]
    scores = nlp.meta["performance"]
    assert min(scores["tag_acc"], scores["dep_uas"], scores["ents_f"]) > 0.7
    doc = nlp("Mary Smith visited Oslo. Bo left Bonn.")
    assert [ent.text for ent in doc.ents] == ["Mary Smith", "Oslo", "Bo", "Bonn"]
    assert len(list(doc.sents)) == 2
