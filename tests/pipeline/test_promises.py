"""The ten promises about behaviour: each test carries the number of its promise."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam

from spacy_birnn import schemes
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder

from .toys import (
    FACTORIES,
    SENTENCES,
    confidences,
    config,
    doc_of,
    emissions,
    example,
    examples,
    found,
    run_python,
    shake,
    texts,
    train,
    trained,
    untrained,
)

every_factory = pytest.mark.parametrize("factory", FACTORIES)
every_decoder = pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])


# --- 1: the rest of the batch does not matter -----------------------------------------


def all_texts():
    return [*texts(), " ".join(["Otto lives in", *texts()] * 20), "Anna", *texts()]


@every_factory
@pytest.mark.parametrize(
    ("decoder", "cell"), [("crf", "lstm"), ("constrained", "gru"), ("softmax", "rnn")]
)
def test_promise_01_batches_do_not_matter(factory, decoder, cell):
    nlp = trained(factory, steps=8, decoder=decoder, cell=cell, confidence=True)
    alone = [nlp(text) for text in all_texts()]
    for batch_size in (1, 3, 1000):
        for _ in range(2):
            docs = list(nlp.pipe(all_texts(), batch_size=batch_size))
            assert [found(doc) for doc in docs] == [found(doc) for doc in alone]
            for doc, one in zip(docs, alone, strict=True):
                assert confidences(doc) == pytest.approx(confidences(one), abs=1e-5)
    docs = [nlp.make_doc(text) for text in all_texts()]
    for together, doc in zip(emissions(nlp, docs), docs, strict=True):
        assert numpy.allclose(together, emissions(nlp, [doc])[0], atol=1e-5)


PROCESSES = """
import sys
import torch
from tests.pipeline.toys import *
if __name__ == "__main__":
    torch.multiprocessing.set_start_method({method!r})
    torch.set_num_threads(1)
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    for factory in {factories!r}:
        nlp.add_pipe(factory, source=trained(factory, steps=40, confidence=True))
    torch.set_num_threads(2)
    torch.mm(torch.rand(500, 500), torch.rand(500, 500))  # wakes the second thread
    alone = [nlp(text) for text in texts() * 2]
    for batch_size in {batch_sizes}:
        docs = list(nlp.pipe(texts() * 2, n_process=2, batch_size=batch_size))
        assert [found(doc) for doc in docs] == [found(doc) for doc in alone]
        for doc, one in zip(docs, alone):
            pairs = zip(confidences(doc), confidences(one), strict=True)
            assert all(abs(a - b) < 1e-5 for a, b in pairs)
    n_found = sum(len(confidences(doc)) for doc in docs)
    assert n_found > 20, n_found
    print("equal")
"""


@pytest.mark.slow
def test_promise_01_forked_processes_do_not_matter():
    code = PROCESSES.format(
        method="fork", factories=list(FACTORIES), batch_sizes=[2, 100]
    )
    assert run_python(code, timeout=900, OMP_NUM_THREADS="2").endswith("equal\n")


@pytest.mark.slow
def test_promise_01_spawned_processes_do_not_matter(tmp_path):
    code = PROCESSES.format(method="spawn", factories=["birnn_ner"], batch_sizes=[4])
    script = tmp_path / "spawned.py"  # which the processes import
    script.write_text(code, encoding="utf8")
    assert run_python(str(script), timeout=900).endswith("equal\n")


# --- 2: every token is decided --------------------------------------------------------


@every_decoder
def test_promise_02_every_token_is_decided(decoder):
    long = " ".join(["Anna lives in Old Harbour", "and"] * 500)
    for factory in FACTORIES:
        nlp = trained(factory, steps=15, decoder=decoder)
        pipe = nlp.get_pipe(factory)
        for text in (long, f"{long}\n\n {long} ."):
            doc = nlp.make_doc(text)
            assert len(doc) >= 3000
            assert [len(x) for x in pipe.model.predict([doc])] == [len(doc)]
            nlp(doc)
            if factory == "birnn_ner":
                assert {token.ent_iob_ for token in doc} <= {"O", "B", "I"}
                assert max(entity.end for entity in doc.ents) > 2900
            elif factory == "birnn_tagger":
                assert all(token.tag_ for token in doc)
            else:
                assert max(span.end for span in doc.spans["chunks"]) > 2900


@every_factory
def test_promise_02_no_document_is_dropped(factory):
    nlp = untrained(factory)
    docs = list(nlp.pipe(["", " ", "\n", "a", "", "b  c"], batch_size=4))
    assert [doc.text for doc in docs] == ["", " ", "\n", "a", "", "b  c"]
    assert [doc.text for doc in nlp.pipe(["", " "])] == ["", " "]
    for doc in docs:
        if factory == "birnn_ner":
            assert all(token.ent_iob_ for token in doc)
        elif factory == "birnn_tagger":
            assert all(token.tag_ for token in doc)
        else:
            assert "chunks" in doc.spans


# --- 3: only valid sequences ----------------------------------------------------------


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("decoder", ["crf", "constrained"])
@pytest.mark.parametrize("factory", ["birnn_ner", "birnn_chunker"])
def test_promise_03_only_valid_sequences(factory, decoder, scheme):
    nlp = untrained(factory, decoder=decoder, scheme=scheme)
    pipe = nlp.get_pipe(factory)
    words = st.lists(st.sampled_from(["Anna", "in", "x", " ", "."]), min_size=1)

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), words=words, scale=st.sampled_from([0.1, 3.0, 100.0]))
    def check(data, words, scale):
        shake(nlp, scale)
        start = st.sampled_from([1, -1])
        starts = [data.draw(start) for _ in words]
        doc = Doc(nlp.vocab, words=words, sent_starts=starts)
        sequences = pipe.sequences([doc], keep_preset=True)
        permitted = sequences.permitted_on("cpu")
        decoder = get_decoder(pipe.model)
        emissions = sequences.select(pipe.emissions([doc]))
        ids = decoder.decode(emissions, sequences.lengths, permitted)
        (best,) = pipe.k_best([doc], k=4)
        for labels in (pipe.label_strings(doc, ids.tolist()), *[x for x, _ in best]):
            of_words = [tag for tag, token in zip(labels, doc) if not token.is_space]
            offset = 0
            for length in sequences.lengths:
                tags = of_words[offset : offset + length]
                assert schemes.decode(tags, scheme)[1] == 0
                offset += length
            of_spaces = {tag for tag, token in zip(labels, doc) if token.is_space}
            assert of_spaces <= {"O", *(f"I-{label}" for label in pipe.labels)}
        nlp(doc)
        written = doc.ents if factory == "birnn_ner" else doc.spans["chunks"]
        for span in written:
            assert not span[0].is_space
            assert not span[-1].is_space

    check()


# --- 4: missing is not outside --------------------------------------------------------


def unannotated(nlp, target):
    """Examples in which nothing is known."""
    words = SENTENCES[0][0].split()
    bare = [Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words))]
    bare.append(Example(nlp.make_doc(" \n"), nlp.make_doc(" \n")))
    bare.append(Example(nlp.make_doc(""), nlp.make_doc("")))
    if target == "ents":
        for tags in (["-"] * 7, [None] * 7):
            doc = Doc(nlp.vocab, words=words)
            bare.append(Example.from_dict(doc, {"entities": tags}))
        spaced = nlp.make_doc("Anna  hired")
        bare.append(Example(spaced, nlp.make_doc("Anna  hired")))
    return bare


@every_factory
@every_decoder
def test_promise_04_nothing_known_is_loss_and_gradient_zero(factory, decoder):
    nlp = trained(factory, decoder=decoder, steps=3)
    pipe = nlp.get_pipe(factory)
    before = emissions(nlp, [doc_of(nlp, text) for text, *_ in SENTENCES])
    data = unannotated(nlp, pipe.target)
    for batch in [*([one] for one in data), data]:
        docs = [eg.predicted for eg in batch]
        scores, _ = pipe.model.begin_update(docs)
        loss, gradient = pipe.get_loss(batch, scores)
        assert loss == 0.0
        assert [array.shape for array in gradient] == [array.shape for array in scores]
        assert all((array == 0).all() for array in gradient)
        for parameter in get_decoder(pipe.model).parameters():
            assert parameter.grad is None or (parameter.grad == 0).all()
    for one in data:
        assert nlp.update([one], sgd=Adam(0.1, L2=0.0))[factory] == 0.0
    after = emissions(nlp, [doc_of(nlp, text) for text, *_ in SENTENCES])
    assert all(map(numpy.array_equal, before, after))


@pytest.mark.parametrize("factory", ["birnn_ner", "birnn_tagger"])
@every_decoder
def test_promise_04_missing_is_not_outside(factory, decoder):
    """Only what is known has a gradient of its own: the loss is -log P(known)."""
    nlp = trained(factory, decoder=decoder, steps=10)
    pipe = nlp.get_pipe(factory)
    words = ["Anna", "hired", "Otto"]
    reference = Doc(nlp.vocab, words=words)
    if factory == "birnn_ner":
        reference = Doc(nlp.vocab, words=words, ents=["", "O", ""])
    else:
        reference = Doc(nlp.vocab, words=words, tags=["", "VERB", ""])
    data = [Example(Doc(nlp.vocab, words=words), reference)]
    scores = pipe.model.predict([data[0].predicted])
    loss, (gradient,) = pipe.get_loss(data, scores)
    known = pipe.prepare_labels()[0].index("O" if factory == "birnn_ner" else "VERB")
    sequences = pipe.sequences([data[0].predicted])
    emissions = pipe.emissions([data[0].predicted])
    module = get_decoder(pipe.model)
    probability = module.marginals(emissions, sequences.lengths)[1, known]
    if decoder == "constrained":  # trained token by token
        probability = emissions.softmax(1)[1, known]
    assert loss == pytest.approx(-float(probability.log()), abs=1e-4)
    assert abs(gradient[1]).max() > 1e-4
    if decoder != "crf":
        assert (gradient[[0, 2]] == 0).all()


@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_promise_04_known_parts_of_a_document_are_learned(decoder):
    """Sentences whose entities are missing do not teach that there are none."""
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config(decoder=decoder))
    words = ["Anna", "met", "Otto"]
    partly = Doc(nlp.vocab, words=words, ents=["B-PER", "", ""])
    other = Doc(nlp.vocab, words=["Otto", "sleeps"], ents=["B-PER", "O"])
    data = [
        Example(Doc(nlp.vocab, words=words), partly),
        Example(Doc(nlp.vocab, words=["Otto", "sleeps"]), other),
        *unannotated(nlp, "ents"),
    ]
    nlp.initialize(lambda: data)
    train(nlp, data, 40)
    doc = nlp(Doc(nlp.vocab, words=words))
    assert [e.text for e in doc.ents if e.label_ == "PER"][0].startswith("Anna")
    assert [e.text for e in nlp("Otto sleeps").ents] == ["Otto"]


def test_promise_04_an_empty_group_is_known_and_an_absent_one_is_not():
    nlp = trained("birnn_chunker", steps=3)
    pipe = nlp.get_pipe("birnn_chunker")
    doc = doc_of(nlp, SENTENCES[0][0])
    absent, empty = Example(doc, doc.copy()), Example(doc, doc.copy())
    empty.reference.spans["chunks"] = []
    scores = pipe.model.predict([doc])
    assert pipe.get_loss([absent], scores)[0] == 0.0
    assert pipe.get_loss([empty], scores)[0] > 0.1


# --- 5: earlier entities stay ---------------------------------------------------------


@every_decoder
def test_promise_05_earlier_entities_stay(decoder):
    for overwrite in (False, True):
        nlp = untrained(decoder=decoder, overwrite=overwrite)
        for _ in range(5):
            shake(nlp)
            doc = doc_of(nlp, "a b c d e f")
            given = Span(doc, 1, 3, label="GIVEN", kb_id="Q1", span_id="id")
            doc.set_ents([given], blocked=[doc[4:5]], default="missing")
            nlp(doc)
            old = [
                (e.start, e.end, e.kb_id_, e.ent_id_)
                for e in doc.ents
                if e.label_ == "GIVEN"
            ]
            assert old == ([] if overwrite else [(1, 3, "Q1", "id")])
            if not overwrite:
                assert (doc[4].ent_iob_, doc[4].ent_type_) == ("B", "")
            assert all(token.ent_iob_ for token in doc)


# --- 6: deterministic -----------------------------------------------------------------


@pytest.mark.cpu
def test_promise_06_same_seed_same_weights():
    code = """
import hashlib
from thinc.api import fix_random_seed
from tests.pipeline.toys import *
torch = __import__("torch")
torch.set_num_threads(1)
fix_random_seed(7)
nlp = spacy.blank("en")
for factory in FACTORIES:
    nlp.add_pipe(factory, config=config())
data = [one for target in FACTORIES.values() for one in examples(nlp, target)]
optimizer = nlp.initialize(lambda: data)
for _ in range(5):
    for i in range(0, len(data), 2):
        nlp.update(data[i : i + 2], sgd=optimizer, drop=0.3)
parts = [nlp.get_pipe(name).to_bytes(exclude=["vocab"]) for name in FACTORIES]
print(hashlib.sha256(b"".join(parts)).hexdigest(), hash("x"))
"""
    first = run_python(code, PYTHONHASHSEED="1").split()
    second = run_python(code, PYTHONHASHSEED="2").split()
    assert first[1] != second[1]
    assert first[0] == second[0]


# --- 7: bad input is one coded line ---------------------------------------------------


def bad_inputs():
    """What a user can do wrong, and what the message has to name."""

    def unseen_label():
        nlp = untrained()
        nlp.update([example(nlp, ("Anna", ["B-NEW"], ["O"], ["X"]))])

    def no_labels():
        nlp = spacy.blank("en")
        nlp.add_pipe("birnn_ner", config=config())
        nlp.initialize(lambda: [Example(nlp.make_doc("a"), nlp.make_doc("a"))])

    def no_label():
        untrained().get_pipe("birnn_ner").add_label("")

    def no_k():
        untrained().get_pipe("birnn_ner").k_best([], k=0)

    def bad_target():
        spacy.blank("en").add_pipe("birnn_tagger", config={"target": "ner"})

    def odd_width():
        encode = {"tok2vec": {"encode": {"width": 15}}}
        spacy.blank("en").add_pipe("birnn_ner", config={"model": encode})

    def dropout():
        spacy.blank("en").add_pipe("birnn_ner", config={"model": {"dropout": 1.0}})

    def uninitialized():
        nlp = spacy.blank("en")
        nlp.add_pipe("birnn_ner", config=config())
        nlp("Anna")

    def no_part_of_speech():
        nlp = spacy.blank("en")
        nlp.add_pipe("birnn_tagger", config=config(target="pos"))
        pipe = nlp.get_pipe("birnn_tagger")
        pipe.initialize(lambda: examples(nlp, "pos"), nlp=nlp, labels=["NN"])

    return [
        (unseen_label, ["birnn_ner", "'NEW'"]),
        (no_labels, ["birnn_ner", "'ents'"]),
        (no_label, ["birnn_ner", "''"]),
        (no_k, ["birnn_ner", "0"]),
        (bad_target, ["birnn_tagger", "'ner'"]),
        (odd_width, ["width = 15"]),
        (dropout, ["dropout", "1.0"]),
        (uninitialized, ["nlp.initialize"]),
        (no_part_of_speech, ["birnn_tagger", "'NN'"]),
    ]


@pytest.mark.parametrize(
    ("mistake", "names"), bad_inputs(), ids=lambda value: getattr(value, "__name__", "")
)
def test_promise_07_bad_input_is_one_coded_line(mistake, names):
    with pytest.raises(BirnnError) as caught:
        mistake()
    message = str(caught.value)
    assert re.fullmatch(r"\[B\d{3}\] [^\n]+", message)
    assert all(name in message for name in names)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# --- 8: one checksum ------------------------------------------------------------------


@every_factory
def test_promise_08_damaged_files_are_refused(factory, tmp_path):
    """Every byte counts: see also test_storage.py."""
    nlp = trained(factory)
    nlp.to_disk(tmp_path)
    pipe, folder = nlp.get_pipe(factory), tmp_path / factory
    before = [array.tobytes() for array in emissions(nlp, nlp.pipe(texts()))]
    labels = [found(doc) for doc in nlp.pipe(texts())]
    for name in ("cfg", "model", "checksum"):
        whole = (folder / name).read_bytes()
        middle = len(whole) // 2
        altered = bytearray(whole)
        altered[middle] ^= 1
        for damaged in (b"", whole[:middle], whole[:-1], whole + b" ", bytes(altered)):
            (folder / name).write_bytes(damaged)
            with pytest.raises(BirnnError, match=rf"^\[B020\] Component '{factory}'"):
                pipe.from_disk(folder)
            with pytest.raises(BirnnError, match=rf"^\[B020\] Component '{factory}'"):
                spacy.load(tmp_path)
        (folder / name).write_bytes(whole)
    assert [array.tobytes() for array in emissions(nlp, nlp.pipe(texts()))] == before
    assert [found(doc) for doc in nlp.pipe(texts())] == labels
    assert [found(doc) for doc in spacy.load(tmp_path).pipe(texts())] == labels


# --- 9: threads -----------------------------------------------------------------------


@pytest.mark.cpu  # a GPU rounds otherwise from thread to thread
@every_factory
def test_promise_09_threads_may_predict_at_once(factory):
    nlp = trained(factory, steps=10, confidence=True)
    expected = [(found(doc), confidences(doc)) for doc in nlp.pipe(texts())]
    data = nlp.to_bytes()
    for _ in range(3):
        fresh = spacy.blank("en")  # so that whatever is made on first use, is made now
        fresh.add_pipe(factory, config=config(confidence=True))
        fresh.from_bytes(data)

        def predict(_, nlp=fresh):
            return [(found(doc), confidences(doc)) for doc in nlp.pipe(texts())]

        with ThreadPoolExecutor(8) as pool:
            for result in pool.map(predict, range(16)):
                assert result == expected
    pipe = nlp.get_pipe(factory)
    docs = [doc_of(nlp, text) for text, *_ in SENTENCES]
    best = pipe.k_best(docs, k=3)
    with ThreadPoolExecutor(8) as pool:
        assert all(x == best for x in pool.map(lambda _: pipe.k_best(docs, k=3), docs))


# --- 10: importing changes nothing ----------------------------------------------------


def test_promise_10_importing_spacy_changes_nothing():
    code = """
import json, os, signal, sys, threading, warnings, logging
hooks = []
os.register_at_fork = lambda **kwargs: hooks.append(kwargs)
import torch
def state():
    return [
        torch.get_num_threads(), torch.get_num_interop_threads(),
        str(torch.get_default_dtype()), torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(), torch.initial_seed(),
        repr(sys.excepthook), repr(threading.excepthook), repr(sys.displayhook),
        repr(sys.stdout), repr(sys.stderr), sorted(os.environ.items()),
        repr(signal.getsignal(signal.SIGINT)), threading.active_count(),
        sys.getrecursionlimit(), logging.root.level, repr(logging.root.handlers),
        os.getcwd(),
    ]
before = state()
import thinc.api
# Where there is a GPU thinc takes cupy, and that takes scipy.
already = set(sys.modules) if "cupy" in sys.modules else set()
import spacy
from spacy.tokens import Doc, Span, Token
nlp = spacy.blank("en")
assert nlp.has_factory("birnn_ner")
assert "spacy_birnn.pipeline.ner" in sys.modules
assert state() == before, [x for x in zip(state(), before) if x[0] != x[1]]
def ours():
    return [f for h in hooks for f in h.values() if "birnn" in str(f.__module__)]
assert not ours(), ours()
assert not any(x.has_extension("confidence") for x in (Doc, Span, Token))
heavy = ["datasets", "seqeval", "sklearn", "ray", "pyarrow", "pandas", "scipy"]
loaded = [name for name in heavy if name in sys.modules and name not in already]
nlp.add_pipe("birnn_ner")
assert len(ours()) == 1
print(json.dumps(loaded))
"""
    assert json.loads(run_python(code)) == []
