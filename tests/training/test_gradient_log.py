"""What training notes of its gradients, and when it warns."""

import io
import warnings

import pytest
import spacy
import srsly
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_birnn.models.shim import forget, shim_of
from spacy_birnn.nn.rnn.recording import RecordingCell
from spacy_birnn.training.gradient_log import ENOUGH, GradientLog
from spacy_birnn.training.train import train

WORDS = ["Ada", "left", "Oslo", "and", "then", "Ada", "saw", "London", "in", "it", "."]
ENTS = ["B-PER", "O", "B-LOC", "O", "O", "B-PER", "O", "B-LOC", *"OOO"]

EMBED = {"char_width": 6, "word_width": 8, "word_dropout": 0.0}


def make_nlp(cell="lstm", depth=1, factory="birnn_ner", **settings):
    fix_random_seed(0)
    nlp = spacy.blank("en")
    encode = {"width": 12, "cell": cell, "depth": depth}
    tok2vec = {"embed": EMBED, "encode": encode}
    nlp.add_pipe(factory, config={"model": {"tok2vec": tok2vec}, **settings})
    reference = Doc(nlp.vocab, words=WORDS, ents=ENTS, tags=ENTS)
    examples = [Example(Doc(nlp.vocab, words=WORDS), reference)]
    nlp.initialize(lambda: examples)
    return nlp, examples


def encoder_of(nlp, name="birnn_ner"):
    encode = nlp.get_pipe(name).model.get_ref("tok2vec").get_ref("encode")
    return shim_of(encode).module


def take_steps(nlp, examples, log, steps, rate=0.001):
    optimizer = Adam(rate)
    for step in range(steps):
        with log.recording(step):
            nlp.update(examples, sgd=False, drop=0.0)
        with log.updating():
            for _, pipe in nlp.pipeline:
                pipe.finish_update(optimizer)


@pytest.mark.cpu
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_what_is_measured(cell):
    nlp, examples = make_nlp(cell, depth=2)
    log = GradientLog(nlp, every=3)
    take_steps(nlp, examples, log, 7)
    found = log.summary()
    assert found["steps"] == 3  # 0, 3 and 6
    facts = found["components"]["birnn_ner"]
    assert set(facts["gradients"]) == set(facts["updates"])
    assert {"emissions", "layer 1 biases", "layer 2 recurrent weights"} < set(
        facts["gradients"]
    )
    assert set(facts["carried"]) == set(facts["saturated"]) == {"layer 1", "layer 2"}
    gates = encoder_of(nlp).cell.gate_names
    assert set(facts["saturated"]["layer 1"]) == set(gates)
    assert all(0 < value < 10 for value in facts["carried"].values())
    assert log.summary() == {"steps": 0, "components": {}}
    assert not isinstance(encoder_of(nlp).cell, RecordingCell)


def test_the_whole_norm_is_that_of_the_component():
    nlp, examples = make_nlp()
    log = GradientLog(nlp, every=1)
    take_steps(nlp, examples, log, 1)
    norms = log.summary()["components"]["birnn_ner"]["gradients"].values()
    whole = sum(norm**2 for norm in norms) ** 0.5
    assert nlp.get_pipe("birnn_ner").gradient_norm == pytest.approx(whole, rel=1e-5)


def test_several_parts_of_a_step():
    """Gradients that are accumulated: each layer is told apart in each part."""
    nlp, examples = make_nlp(depth=2)
    log = GradientLog(nlp, every=1)
    with log.recording(0):
        nlp.update(examples, sgd=False, drop=0.0)
    once = log.summary()["components"]["birnn_ner"]["carried"]
    with log.recording(1):
        for _ in range(3):
            nlp.update(examples, sgd=False, drop=0.0)
    assert log.summary()["components"]["birnn_ner"]["carried"] == pytest.approx(once)


@pytest.mark.cpu
def test_training_is_the_same_with_and_without():
    ends = []
    for every in (1, 10**9):
        nlp, examples = make_nlp(depth=2)
        take_steps(nlp, examples, GradientLog(nlp, every=every), 5)
        ends.append(nlp.get_pipe("birnn_ner").model.to_bytes())
    assert ends[0] == ends[1]


def test_the_cell_comes_back_after_an_error():
    nlp, examples = make_nlp()
    with pytest.raises(KeyError), GradientLog(nlp, every=1).recording(0):
        raise KeyError
    assert not isinstance(encoder_of(nlp).cell, RecordingCell)


def test_components_that_are_not_trained_are_left_out():
    nlp, examples = make_nlp()
    nlp.add_pipe("birnn_tagger", source=make_nlp(factory="birnn_tagger")[0])
    log = GradientLog(nlp, ["birnn_tagger"], every=1)
    with log.recording(0):
        nlp.update(examples, sgd=False, exclude=["birnn_tagger"])
    with log.updating():
        nlp.get_pipe("birnn_ner").finish_update(Adam(0.001))
    assert set(log.summary()["components"]) == {"birnn_ner"}


# --- warnings -------------------------------------------------------------------------


def caught(nlp, examples, steps=2 * ENOUGH, rate=0.001):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        take_steps(nlp, examples, GradientLog(nlp, every=1), steps, rate)
    return [str(w.message) for w in found if str(w.message).startswith("[W4")]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_no_warning_where_all_is_well(cell):
    assert caught(*make_nlp(cell, depth=2), steps=60) == []


@pytest.mark.cpu
def test_shut_states_are_told_once():
    nlp, examples = make_nlp("rnn")
    with torch.no_grad():
        for name, param in encoder_of(nlp).layers[0].named_parameters():
            if "bias_ih" in name:
                param.fill_(5.0)
    (line,) = caught(nlp, examples)
    assert line.startswith(f"[W401] Component 'birnn_ner', step {ENOUGH - 1}: ")
    assert "gradients vanish" in line
    assert "of its activations 'state' are saturated: lower" in line
    assert 'cell = "lstm"' in line


@pytest.mark.cpu
def test_a_recurrence_that_forgets_at_once():
    nlp, examples = make_nlp("lstm")
    layer = encoder_of(nlp).layers[0]
    with torch.no_grad():
        for name, param in layer.named_parameters():
            if "weight_hh" in name:
                param.mul_(0.001)
            if "bias_ih" in name:
                param.chunk(4)[1].fill_(-2.7)  # open by .06: shut, not saturated
                param.chunk(4)[0].fill_(-2.0)
    forget(nlp.get_pipe("birnn_ner").model)
    (line,) = caught(nlp, examples, rate=1e-6)
    assert line.startswith("[W401]")
    assert "forget_bias" in line


@pytest.mark.cpu
def test_a_recurrence_that_grows():
    nlp, examples = make_nlp("rnn", grad_clip=0.0)
    layer = encoder_of(nlp).layers[0]
    with torch.no_grad():
        for name, param in layer.named_parameters():
            param.mul_(2.5 if "weight_hh" in name else 1e-6)
    (line,) = caught(nlp, examples, rate=1e-9)
    assert line.startswith("[W402] Component 'birnn_ner'")
    assert "times what they get from their own tokens" in line
    assert "Set [components.birnn_ner] grad_clip = 5, or lower" in line
    nlp.get_pipe("birnn_ner").cfg["grad_clip"] = 5.0
    (line,) = caught(nlp, examples, rate=1e-9)
    assert "grad_clip" not in line
    assert "Lower [training.optimizer] learn_rate" in line


def test_a_norm_that_grows():
    nlp, examples = make_nlp("gru")
    log, optimizer = GradientLog(nlp, every=1), Adam(1e-9)

    def take_steps_with_larger_and_larger_gradients():
        for step in range(3 * ENOUGH):
            with log.recording(step):
                nlp.update(examples, sgd=False, drop=0.0)
            for param in encoder_of(nlp).parameters():
                param.grad.mul_(1000.0 if step > ENOUGH else 1.0)
            with log.updating():
                nlp.get_pipe("birnn_ner").finish_update(optimizer)

    with pytest.warns(UserWarning, match="W402.*norm is .* times that of the first"):
        take_steps_with_larger_and_larger_gradients()


# --- in the log of a training ---------------------------------------------------------


def test_the_log_file(make_config, tmp_path):
    config = make_config()
    log = tmp_path / "log.jsonl"
    config["training"]["logger"]["log_file"] = str(log)
    train(config, tmp_path / "out", stdout=io.StringIO(), stderr=io.StringIO())
    rows = list(srsly.read_jsonl(log))
    measured = [row["gradients"] for row in rows]
    last = rows[-1]["step"]
    assert sum(row["steps"] for row in measured) == last // 10 + 1
    facts = measured[0]["components"]["birnn_ner"]
    assert set(facts) == {"gradients", "updates", "carried", "saturated"}
    assert facts["gradients"]["emissions"] > 0
