"""Distillation from end to end."""

import io
import json
import shutil
from pathlib import Path

import pytest
import spacy
from spacy.symbols import ORTH
from spacy.util import registry

from spacy_birnn.distillation import DistilledCorpus, Targets, distil, make
from spacy_birnn.errors import BirnnError
from spacy_birnn.training.dev_use import DevUse

from ..pipeline import toys
from .toys import (
    agreement,
    conll,
    examples,
    sentences,
    student_config,
    texts,
    trained_teacher,
)

UNSEEN = [line for line in texts(20, 900, 3).splitlines() if line]


@pytest.fixture
def dev(tmp_path):
    path = tmp_path / "dev.conll"
    path.write_text(conll(sentences(20, 500)))
    return path


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(texts(40, 100))
    return path


def run(config, output, teachers, raw, **settings):
    settings.setdefault("sentences", 80)
    return distil(config, output, teachers, [raw], stdout=io.StringIO(), **settings)


@pytest.fixture(scope="module")
def teacher():
    return trained_teacher()


@pytest.mark.parametrize("kind", ["ours twice", "spaCy's ner"])
def test_a_student_learns_from_text_without_gold(kind, teacher, tmp_path, dev, raw):
    teachers = [teacher] * 2 if kind == "ours twice" else [trained_teacher("ner")]
    config = student_config({"paths.dev": str(dev), "training.max_epochs": 6})
    run(config, tmp_path / "out", teachers, raw)
    untrained = spacy.blank("en")
    untrained.add_pipe("birnn_ner")
    untrained.initialize(lambda: examples(untrained))
    student = spacy.load(tmp_path / "out" / "model-best")
    before = agreement(untrained, teachers[0], UNSEEN)
    after = agreement(student, teachers[0], UNSEEN)
    assert before < 0.4
    assert after > 0.8
    assert student.get_pipe("birnn_ner").labels == ("LOC", "PER")


def test_a_student_may_start_from_its_teacher(teacher, tmp_path, dev, raw):
    teacher.to_disk(tmp_path / "teacher")
    agreements = {}
    for start in (None, str(tmp_path / "teacher")):
        settings = {
            "paths.dev": str(dev),
            "paths.start_from": start,
            "training.max_epochs": 1,
            "training.optimizer.learn_rate": 0.005,
        }
        run(student_config(settings), tmp_path / f"{start is None}", [teacher], raw)
        student = spacy.load(tmp_path / f"{start is None}" / "model-best")
        agreements[start is None] = agreement(student, teacher, UNSEEN)
    assert agreements[True] < agreements[False] - 0.2


MISTAKES = {
    "B094": {"paths.start_from": "nothing"},
    "B095": {"components.birnn_ner.model.tok2vec.encode.width": 20},
    "B452": {},
    "B014": {"paths.train": "gold.conll"},
    "B066": {"paths.dev": "plain.conll"},
    "B069": {"training.frozen_components": ["birnn_ner"]},
    "B490": {"corpora.dev.@readers": "spacy-birnn.Corpuss.v1"},
}

LABELS = {"B452": ["ORG"], "B014": ["PER"]}
"""Those that the config lists."""


@pytest.mark.parametrize("code", list(MISTAKES))
def test_mistakes_are_told_before_the_teachers_read(
    teacher, tmp_path, dev, raw, code, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    teacher.to_disk("teacher")
    Path("gold.conll").write_text(conll(sentences(5, 3)))
    Path("plain.conll").write_text("Ada -\nleft -\n")
    settings = {"paths.dev": str(dev), "paths.start_from": "teacher", **MISTAKES[code]}
    if code == "B066":
        settings["corpora.dev.columns"] = {"word": 0, "tag": 1}
    monkeypatch.setattr(make, "Pool", lambda *_: pytest.fail("they read"))
    config = student_config(settings)
    if code in LABELS:
        labels = {"labels": LABELS[code]}
        config["initialize"]["components"] = {"birnn_ner": labels}
    with pytest.raises(BirnnError, match=code):
        run(config, tmp_path / "out", [teacher], raw)
    assert not (tmp_path / "out").exists()


def test_what_force_would_remove_cannot_be_started_from(teacher, tmp_path, dev, raw):
    """It is put aside before the teachers read, and comes back."""
    best = tmp_path / "out" / "model-best"
    best.parent.mkdir()
    teacher.to_disk(best)
    config = student_config({"paths.dev": str(dev), "paths.start_from": str(best)})
    with pytest.raises(BirnnError, match="B094"):
        run(config, tmp_path / "out", [teacher], raw, force=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model-best"]


@registry.callbacks("test_letters_apart.v1")
def create_letters_apart():
    def letters_apart(nlp):
        nlp.tokenizer.add_special_case("Ada", [{ORTH: "A"}, {ORTH: "da"}])

    return letters_apart


def test_texts_are_cut_by_the_tokenizer_that_initialization_makes(
    teacher, tmp_path, dev, raw
):
    """And so is annotated text with offsets."""
    gold = tmp_path / "gold.jsonl"
    spans = [
        {"start": 0, "end": 3, "label": "PER"},
        {"start": 9, "end": 13, "label": "LOC"},
    ]
    gold.write_text(json.dumps({"text": "Ada left Oslo .", "spans": spans}) + "\n")
    callback = {"@callbacks": "test_letters_apart.v1"}
    settings = {"paths.dev": str(dev), "paths.train": str(gold)}
    config = student_config({**settings, "initialize.before_init": callback})
    run(config, tmp_path / "out", [teacher], raw)
    targets = Targets(tmp_path / "out" / "targets")
    words = {word for piece in targets.pieces("texts") for word in piece.words}
    assert "da" in words
    assert "Ada" not in words
    assert next(targets.pieces("gold")).words == ["A", "da", "left", "Oslo", "."]


def test_a_sourced_student_learns_labels_that_only_teachers_have(
    teacher, tmp_path, dev, raw
):
    nlp = spacy.blank("en")
    source = student_config()["components"]["birnn_ner"]
    nlp.add_pipe("birnn_ner", config={"model": source["model"]})
    nlp.config["initialize"]["components"] = {"birnn_ner": {"labels": ["PER"]}}
    nlp.initialize(lambda: examples(nlp))
    nlp.to_disk(tmp_path / "before")
    assert nlp.get_pipe("birnn_ner").labels == ("PER",)
    config = student_config({"paths.dev": str(dev), "training.max_epochs": 10})
    config["components"] = {"birnn_ner": {"source": str(tmp_path / "before")}}
    run(config, tmp_path / "out", [teacher], raw)
    student = spacy.load(tmp_path / "out" / "model-best")
    assert agreement(student, teacher, UNSEEN) > 0.8


def test_a_component_beside_the_student_learns_from_gold(teacher, tmp_path, dev, raw):
    """Dev need not have its labels; without gold it cannot be made."""
    gold = tmp_path / "gold.conll"
    tagged = [line.replace(" ", " X ") for line in conll(sentences(8, 3)).split("\n")]
    gold.write_text("\n".join(tagged))
    settings = {
        "corpora.train.columns": {"word": 0, "tag": 1, "ents": 2},
        "training.score_weights": {"ents_f": 1.0},
        "paths.dev": str(dev),
    }
    found = []
    for path in (str(gold), None):
        config = student_config({**settings, "paths.train": path})
        config["nlp"]["pipeline"] = ["tagger", "birnn_ner"]
        config["components"]["tagger"] = {"factory": "tagger"}
        try:
            run(config, tmp_path / f"out{path is None}", [teacher], raw)
        except BirnnError as error:
            found.append(str(error)[:6])
    assert found == ["[B491]"]
    assert not (tmp_path / "outTrue").exists()


def test_the_pipeline_on_the_disk_is_an_ordinary_one(teacher, tmp_path, dev, raw):
    config = student_config({"paths.dev": str(dev)})
    run(config, tmp_path / "out", [teacher], raw)
    folder = tmp_path / "out" / "model-best"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert not [name for name in names if "target" in name]
    loaded = spacy.load(folder)
    assert loaded.config["paths"]["train"] is None
    assert not any("soft" in key for key in loaded.get_pipe("birnn_ner").cfg)
    docs = list(loaded.pipe(UNSEEN))
    loaded.to_disk(tmp_path / "again")
    again = list(spacy.load(tmp_path / "again").pipe(UNSEEN))
    assert [str(doc.ents) for doc in docs] == [str(doc.ents) for doc in again]


def test_gold_counts_as_its_weight_says(teacher, tmp_path, dev, raw):
    """Gold labels that contradict the teacher win with weight 1, and lose with 0."""
    other = [[w.replace("/PER", "/LOC") for w in s] for s in sentences(60, 3)]
    gold = tmp_path / "gold.conll"
    gold.write_text(conll(other + sentences(2, 5)))
    settings = {
        "paths.dev": str(dev),
        "paths.train": str(gold),
        "training.max_epochs": 8,
    }
    found = {}
    for weight in (0.0, 1.0):
        out = tmp_path / f"out{weight}"
        options = {"sentences": 0, "gold_weight": weight}
        run(student_config(settings), out, [teacher], raw, **options)
        student = spacy.load(out / "model-last")
        labels = [ent.label_ for doc in student.pipe(UNSEEN) for ent in doc.ents]
        found[weight] = labels.count("PER") / len(labels)
    assert found[0.0] > 0.3
    assert found[1.0] < 0.1


def test_each_epoch_has_the_next_sentences(teacher, tmp_path, dev, raw):
    config = student_config({"paths.dev": str(dev)})
    run(config, tmp_path / "out", [teacher], raw, sentences=30)
    corpus = DistilledCorpus(Targets(tmp_path / "out" / "targets"), sentences=30)
    nlp = spacy.load(tmp_path / "out" / "model-last")
    corpus.prepare(nlp)
    everything = [
        eg.reference.text for epoch in range(6) for eg in corpus.of_epoch(epoch)
    ]
    assert len(everything) == 180
    assert everything[:20] == everything[160:180]  # 160 sentences in all


def test_a_run_that_was_cut_ends_as_if_nothing_had_happened(
    teacher, tmp_path, dev, raw
):
    config = student_config({"paths.dev": str(dev)})
    teachers = [teacher]
    run(config, tmp_path / "whole", teachers, raw)
    run(config, tmp_path / "cut", teachers, raw)
    # As if it had been killed while the teachers read.
    for path in (tmp_path / "cut").iterdir():
        if path.name != "targets":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    targets = tmp_path / "cut" / "targets"
    (targets / "done.json").unlink()
    run(config, tmp_path / "cut", teachers, raw, resume=True)
    weights = [
        (tmp_path / name / "model-last" / "birnn_ner" / "model").read_bytes()
        for name in ("whole", "cut")
    ]
    assert weights[0] == weights[1]
    plans = [
        json.loads((tmp_path / name / "targets" / "plan.json").read_text())
        for name in ("whole", "cut")
    ]
    assert plans[0] == plans[1]


@pytest.mark.parametrize(
    ("task", "factory", "column"),
    [("chunk", "birnn_chunker", 2), ("pos", "birnn_tagger", 3)],
)
def test_chunks_and_tags(task, factory, column, tmp_path):
    settings = {"target": "pos"} if task == "pos" else {}
    teacher = toys.trained(factory, **settings)
    dev, raw = tmp_path / "dev.conll", tmp_path / "raw.txt"
    dev.write_text(
        "\n\n".join(
            "\n".join(map("{} {}".format, sentence[0].split(), sentence[column]))
            for sentence in toys.SENTENCES
        )
    )
    lines = [sentence[0] for sentence in toys.SENTENCES]
    raw.write_text("\n".join(lines * 8))
    tok2vec = f"components.{factory}.model.tok2vec"
    overrides = {
        "paths.dev": str(dev),
        f"{tok2vec}.encode.width": 16,
        f"{tok2vec}.embed.word_width": 12,
        f"{tok2vec}.embed.char_width": 8,
        "training.batcher.size": 6,
        "training.dropout": 0.0,
        "training.max_epochs": 12,
        "training.optimizer.learn_rate": 0.01,
    }
    config = student_config(overrides, task=task)
    nlp = run(config, tmp_path / "out", [teacher], raw, sentences=24).nlp
    assert nlp.pipe_names == [factory]
    for one, other in zip(nlp.pipe(lines), teacher.pipe(lines), strict=True):
        assert toys.found(one) == toys.found(other)


def test_without_a_dev_corpus_the_last_weights_are_the_result(teacher, tmp_path, raw):
    config = student_config({"training.max_epochs": 6})
    done = run(config, tmp_path / "out", [teacher], raw, dev_use=DevUse.none)
    assert not (tmp_path / "out" / "model-best").exists()
    student = spacy.load(tmp_path / "out" / "model-last")
    assert done.signal is None
    assert agreement(student, teacher, UNSEEN) > 0.8


def test_dev_can_be_learned_from_too(teacher, tmp_path, dev, raw):
    """As the annotated data: its 20 sentences beside the 12 of train."""
    gold = tmp_path / "gold.conll"
    gold.write_text(conll(sentences(12, 3)))
    settings = {"paths.dev": str(dev), "paths.train": str(gold)}
    out = tmp_path / "out"
    run(student_config(settings), out, [teacher], raw, dev_use=DevUse.train)
    assert Targets(out / "targets").size("gold")["pieces"] == 32
    assert not (out / "model-best").exists()
    dev.write_text(conll(sentences(21, 500)))
    with pytest.raises(BirnnError, match=r"B455.*content of .*dev\.conll"):
        run(
            student_config(settings),
            out,
            [teacher],
            raw,
            dev_use=DevUse.train,
            resume=True,
        )


@pytest.mark.parametrize(
    ("dev_use", "settings"),
    [
        (DevUse.train, {}),  # no annotated data, by whose settings dev were read
        (DevUse.none, {"training.max_epochs": 0}),
    ],
)
def test_what_needs_another_use_of_dev_is_told_first(
    teacher, tmp_path, dev, raw, dev_use, settings
):
    config = student_config({"paths.dev": str(dev), **settings})
    with pytest.raises(BirnnError, match="B069"):
        run(config, tmp_path / "out", [teacher], raw, dev_use=dev_use)
    assert not (tmp_path / "out").exists()
