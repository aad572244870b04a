import pytest
import spacy

from spacy_birnn.tagging.targets import Target, pipeline_targets


@pytest.mark.parametrize(
    ("factory", "config", "expected"),
    [
        ("birnn_ner", {}, Target("ents")),
        ("birnn_tagger", {}, Target("tag")),
        ("birnn_tagger", {"target": "pos"}, Target("pos")),
        ("birnn_tagger", {"target": "_.slot"}, Target("_.slot")),
        ("birnn_chunker", {}, Target("spans", "chunks")),
        ("birnn_chunker", {"spans_key": "np"}, Target("spans", "np")),
        ("ner", {}, Target("ents")),
        ("entity_ruler", {}, Target("ents")),
        ("tagger", {}, Target("tag")),
        ("morphologizer", {}, Target("pos")),
        ("spancat", {"spans_key": "x"}, Target("spans", "x")),
    ],
)
def test_target_of_a_component(factory, config, expected):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config=config)
    assert pipeline_targets(nlp) == [expected]


def test_targets_in_the_order_of_the_pipeline_each_once():
    nlp = spacy.blank("en")
    for factory in ("tagger", "entity_ruler", "birnn_ner", "sentencizer"):
        nlp.add_pipe(factory)
    assert pipeline_targets(nlp) == [Target("tag"), Target("ents")]
    with nlp.select_pipes(disable="tagger"):
        assert pipeline_targets(nlp) == [Target("ents")]


def test_a_pipeline_without_targets():
    assert pipeline_targets(spacy.blank("en")) == []


def test_names_for_people_and_for_columns():
    assert str(Target("spans", "np")) == "spans['np']"
    assert Target("spans", "np").column == "chunks"
    assert Target("pos").column == str(Target("pos")) == "pos"
    assert Target("ents").is_spans
    assert not Target("_.slot").is_spans
