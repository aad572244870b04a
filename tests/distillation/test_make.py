"""The teachers read: which labels there are, and what an interruption costs."""

import io
import signal

import pytest
import spacy
from spacy.language import Language

from spacy_birnn.distillation import make, make_targets
from spacy_birnn.distillation.make import choose_labels
from spacy_birnn.distillation.student import Student
from spacy_birnn.distillation.targets import GOLD, TEXTS
from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import zones
from spacy_birnn.tagging.inputs import find_inputs
from spacy_birnn.training.setup import build

from .toys import conll, sentences, student_config, texts


@pytest.fixture
def places(tmp_path):
    paths = {name: tmp_path / name for name in ("gold.conll", "dev.conll", "raw.txt")}
    paths["gold.conll"].write_text(conll(sentences(7, 1)))
    paths["dev.conll"].write_text(conll(sentences(3, 2)))
    paths["raw.txt"].write_text(texts(9, 3) + "\n \nNew words alone\n")
    return paths


def config_of(places, with_gold=True, **overrides):
    settings = {"paths.dev": str(places["dev.conll"]), **overrides}
    if with_gold:
        settings.setdefault("paths.train", str(places["gold.conll"]))
    return student_config(settings)


def ruler(*labels):
    nlp = spacy.blank("en")
    patterns = [{"label": label, "pattern": label} for label in labels]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    return nlp


def student_of(places, **settings):
    return Student.of(build(config_of(places, **settings)))


def run(places, output, teachers, overrides=None, **settings):
    files = find_inputs([places["raw.txt"]])
    config = config_of(places, **(overrides or {}))
    settings.setdefault("stdout", io.StringIO())
    return make_targets(config, output, teachers, files, **settings)


def everything(targets):
    return [
        (kind, piece.words, piece.spaces, piece.norms, piece.emissions.tolist())
        for kind in (GOLD, TEXTS)
        for piece in targets.pieces(kind)
    ]


def test_labels_are_those_that_anyone_knows(places):
    student = student_of(places)
    gold = student.read_gold()
    assert choose_labels(student, gold, [ruler("PER", "LOC")]) == ["LOC", "PER"]
    expected = r"W450.*en_pipeline knows ORG and only the training data knows PER"
    with pytest.warns(match=expected):
        assert choose_labels(student, gold, [ruler("LOC", "ORG")]) == [
            "LOC",
            "ORG",
            "PER",
        ]
    with pytest.raises(BirnnError, match=r"B452.*PERSON.*training data.*LOC, PER"):
        choose_labels(student, gold, [ruler("PERSON")])


def test_labels_are_listed_on_one_line(places):
    with pytest.raises(BirnnError, match="B452") as caught:
        choose_labels(student_of(places), [], [ruler("A\nB"), ruler("C")])
    assert "\n" not in str(caught.value)


def test_labels_without_gold(places):
    student = student_of(places, with_gold=False)
    assert student.read_gold() == []
    assert choose_labels(student, [], [ruler("A", "B"), ruler("B", "A")]) == ["A", "B"]
    with pytest.raises(BirnnError, match=r"B452.*of the teacher en_pipeline \(A\)"):
        choose_labels(student, [], [_named(ruler("B")), ruler("A")])


def _named(nlp):
    nlp.meta["name"] = "other"
    return nlp


def test_labels_that_nobody_lists(places):
    @Language.component("unlisted", assigns=["doc.ents"])
    def unlisted(doc):
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("unlisted")
    student = student_of(places, with_gold=False)
    tagger = spacy.blank("en")
    tagger.add_pipe("morphologizer")
    of_pos = student_config({"paths.dev": str(places["dev.conll"])}, task="pos")
    labels = choose_labels(Student.of(build(of_pos)), [], [tagger])
    assert len(labels) == 17
    assert {"NOUN", "X"} < set(labels)
    with pytest.raises(BirnnError, match=r"B456.*\[initialize.components.birnn_ner\]"):
        choose_labels(student, [], [nlp])
    given = {"initialize.components": {"birnn_ner": {"labels": ["X", "A"]}}}
    student = student_of(places, with_gold=False, **given)
    assert choose_labels(student, [], [nlp]) == ["X", "A"]


def test_a_student_has_one_component_and_epochs(places):
    dev = {"paths.dev": str(places["dev.conll"])}
    with pytest.raises(BirnnError, match=r"B104.*\[corpora.dev\]"):
        Student.of(build(student_config())).check()
    with pytest.raises(BirnnError, match=r"B453.*2 \(birnn_ner, birnn_tagger\)"):
        Student.of(build(student_config(dev, task="ner,pos")))
    nobody = student_config(dev)
    nobody["nlp"]["pipeline"] = []
    with pytest.raises(BirnnError, match=r"B453.*none of them"):
        Student.of(build(nobody))
    with pytest.raises(BirnnError, match=r"B458.*max_epochs = -1"):
        student_of(places, **{"training.max_epochs": -1})


def test_all_is_read_and_kept(places, tmp_path):
    out = io.StringIO()
    made = run(places, tmp_path / "out", [ruler("PER", "LOC")], stdout=out)
    assert made.signal is None
    assert made.targets.size(GOLD) == {
        "documents": 7,
        "pieces": 7,
        "tokens": sum(map(len, sentences(7, 1))),
    }
    assert made.targets.size(TEXTS)["documents"] == 12
    words = [piece.words for piece in made.targets.pieces(TEXTS)]
    assert len(words) == 9 * 4 + 1  # neither the empty line nor the blank one
    assert words[-1] == ["New", "words", "alone"]
    assert "37 sentences of 12 texts and 7 annotated documents" in out.getvalue()


INTERRUPTED_AT = set()


@Language.component("interrupted")
def interrupted(doc):
    """Send the process the signal of Ctrl-C, once at each of these texts."""
    if doc.text in INTERRUPTED_AT:
        INTERRUPTED_AT.remove(doc.text)
        signal.raise_signal(signal.SIGINT)
    return doc


def test_an_interrupted_run_ends_with_the_same(places, tmp_path, monkeypatch):
    teacher = ruler("PER", "LOC")
    teacher.add_pipe("interrupted", first=True)
    whole = run(places, tmp_path / "whole", [teacher]).targets
    monkeypatch.setattr(make, "BATCH_TOKENS", 20)
    lines = places["raw.txt"].read_text().splitlines()
    gold = [piece.words for piece in whole.pieces(GOLD)]
    INTERRUPTED_AT.update([lines[2], lines[7], " ".join(gold[3]) + " "])
    for _ in range(3):
        made = run(places, tmp_path / "cut", [teacher], resume=True)
        assert made.signal == signal.SIGINT
        assert not made.targets.is_done
    made = run(places, tmp_path / "cut", [teacher], resume=True)
    assert made.signal is None
    assert len(made.targets.shards(TEXTS)) == 3
    assert everything(made.targets) == everything(whole)
    out = io.StringIO()
    assert (
        run(places, tmp_path / "cut", [teacher], resume=True, stdout=out).signal is None
    )
    assert "need not read again" in out.getvalue()


def test_what_is_resumed_must_be_the_same(places, tmp_path):
    run(places, tmp_path / "out", [ruler("PER", "LOC")])
    with pytest.raises(BirnnError, match="B060"):
        run(places, tmp_path / "out", [ruler("PER", "LOC")])
    with pytest.raises(BirnnError, match="B455.*content of teacher 1, en_pipeline has"):
        run(places, tmp_path / "out", [ruler("LOC", "PER")], resume=True)
    with open(places["raw.txt"], "a") as file:
        file.write("more\n")
    with pytest.raises(BirnnError, match=r"B455.*content of .*raw\.txt has changed"):
        run(places, tmp_path / "out", [ruler("PER", "LOC")], resume=True)
    made = run(places, tmp_path / "out", [ruler("LOC", "PER")], force=True)
    assert made.targets.size(TEXTS)["documents"] == 13


def test_each_of_several_files_of_gold_must_be_the_same(places, tmp_path):
    more = tmp_path / "more.conll"
    more.write_text(conll(sentences(2, 5)))
    both = {"paths.train": [str(places["gold.conll"]), str(more)]}
    out, teachers = tmp_path / "out", [ruler("PER", "LOC")]
    assert run(places, out, teachers, both).targets.size(GOLD)["documents"] == 9
    more.write_text(conll(sentences(2, 6)))
    with pytest.raises(BirnnError, match=r"B455.*content of .*more\.conll has changed"):
        run(places, out, teachers, both, resume=True)


def test_texts_without_a_word(places, tmp_path):
    places["raw.txt"].write_text("\n \n")
    with pytest.raises(BirnnError, match=r"B454.*raw\.txt"):
        run(places, tmp_path / "out", [ruler("PER", "LOC")])
    assert not (tmp_path / "out").exists()


def test_vocabularies_forget(places, tmp_path, monkeypatch):
    teachers = [ruler("PER", "LOC")]
    expected = everything(run(places, tmp_path / "a", teachers).targets)
    monkeypatch.setattr(zones, "KEPT", 0)
    monkeypatch.setattr(make, "SHARD_TOKENS", 30)
    monkeypatch.setattr(make, "BATCH_TOKENS", 30)
    fresh = [ruler("PER", "LOC")]
    before = len(fresh[0].vocab.strings)
    made = run(places, tmp_path / "b", fresh)
    assert everything(made.targets) == expected
    assert len(fresh[0].vocab.strings) == before


@Language.component("failing", assigns=["doc.ents"])
def failing(doc):
    raise KeyError("no weights")


def test_a_teacher_that_fails(places, tmp_path):
    teacher = ruler("PER", "LOC")
    teacher.add_pipe("failing", first=True)
    with pytest.raises(BirnnError, match="B480.*en_pipeline fails.*KeyError"):
        run(places, tmp_path / "out", [teacher])
    assert not (tmp_path / "out").exists()


def test_places_count_not_their_spelling(places, tmp_path, monkeypatch):
    run(places, tmp_path / "out", [ruler("PER", "LOC")])
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    again = {**places, "raw.txt": places["raw.txt"].relative_to(tmp_path)}
    run(again, tmp_path / "out", [ruler("PER", "LOC")], resume=True, stdout=out)
    assert "need not read again" in out.getvalue()


@pytest.mark.parametrize("how", ["resume", "force"])
def test_other_files_in_the_folder_of_targets_stay(places, tmp_path, how):
    mine = tmp_path / "out" / "targets" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(BirnnError, match=r"^\[B498\] .*targets is nothing that"):
        run(places, tmp_path / "out", [ruler("LOC", "PER")], **{how: True})
    assert mine.read_text() == "mine"
    mine.unlink()
    mine.parent.rmdir()
    mine.parent.write_text("mine")
    with pytest.raises(BirnnError, match=r"^\[B498\] "):
        run(places, tmp_path / "out", [ruler("LOC", "PER")], **{how: True})
    assert mine.parent.read_text() == "mine"
    mine.parent.unlink()
    assert run(places, tmp_path / "out", [ruler("LOC", "PER")], **{how: True})
