"""What all components share: labels, initialization, updates, k-best, spaCy's tools."""

import copy
import math
import pickle
from itertools import product

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Adam, to_numpy

from spacy_birnn import schemes
from spacy_birnn.data.neighbours import join
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder

from .toys import (
    FACTORIES,
    SENTENCES,
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


# --- initialize -----------------------------------------------------------------------


@every_factory
def test_initialize_arguments(factory):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config=config())
    data = examples(nlp, pipe.target)
    for wrong in (lambda: None, lambda: data[0], data, lambda: [], lambda: ["x"]):
        with pytest.raises(TypeError):
            nlp.initialize(wrong)
        with pytest.raises(TypeError):
            pipe.initialize(wrong, nlp=nlp)
    nlp.initialize(lambda: data)
    assert pipe.labels


@every_factory
def test_no_labels(factory):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config=config())
    bare = Doc(nlp.vocab, words=["a", "b"])
    with pytest.raises(BirnnError, match=rf"^\[B013\] Component '{factory}'"):
        nlp.initialize(lambda: [Example(bare, bare.copy())])


@pytest.mark.parametrize("labels", [["B", ""], ["B", "B"], ["B", 3]])
def test_labels_that_cannot_be_used(labels):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner", config=config())
    with pytest.raises(BirnnError, match=r"^\[B023\] Component 'birnn_ner'"):
        pipe.initialize(lambda: examples(nlp), nlp=nlp, labels=labels)


def test_labels_that_are_one_text():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner", config=config())
    with pytest.raises(BirnnError, match=r"^\[B027\] .* labels = 'PER' .*\['PER'\]"):
        pipe.initialize(lambda: examples(nlp), nlp=nlp, labels="PER")


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ({"factory": "birnn_ner"}, []),
        ({"factory": "birnn_ner"}, ["PER", "PER"]),
        ({"factory": "birnn_tagger", "target": "pos"}, ["NOUN", "no part of speech"]),
    ],
)
def test_labels_that_are_refused_leave_a_trained_component_as_it_was(settings, labels):
    nlp = trained(steps=2, **settings)
    pipe = nlp.get_pipe(settings["factory"])
    before, data = [found(doc) for doc in nlp.pipe(texts())], pipe.checksum()
    with pytest.raises(BirnnError, match=r"^\[B(013|023|018)\]"):
        pipe.initialize(lambda: examples(nlp), nlp=nlp, labels=labels)
    assert pipe.checksum() == data
    assert [found(doc) for doc in nlp.pipe(texts())] == before


def test_labels_in_the_given_order():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner", config=config())
    pipe.initialize(lambda: examples(nlp), nlp=nlp, labels=["PER", "ZOO", "LOC"])
    assert pipe.labels == ("PER", "ZOO", "LOC")
    assert pipe.label_data == ["PER", "ZOO", "LOC"]
    train(nlp, examples(nlp), 40)
    other = spacy.blank("en")
    other.add_pipe("birnn_ner", config=config())
    other.from_bytes(nlp.to_bytes())
    assert other.get_pipe("birnn_ner").labels == ("PER", "ZOO", "LOC")
    assert found(other(texts()[0])) == found(examples(nlp)[0].reference)


def test_labels_of_the_initialize_block(tmp_path):
    (tmp_path / "labels.json").write_text('["PER", "ZOO", "LOC"]', encoding="utf8")
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config())
    nlp.config["initialize"]["components"]["birnn_ner"] = {
        "labels": {
            "@readers": "spacy.read_labels.v1",
            "path": str(tmp_path / "labels.json"),
        }
    }
    nlp.initialize(lambda: examples(nlp))
    assert nlp.get_pipe("birnn_ner").labels == ("PER", "ZOO", "LOC")


def test_add_label():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner", config=config())
    assert [pipe.add_label(x) for x in ("ZOO", "PER", "ZOO")] == [1, 1, 0]
    nlp.initialize(lambda: examples(nlp))
    assert pipe.labels == ("LOC", "PER", "ZOO")
    assert pipe.add_label("ZOO") == 0
    assert pipe.cfg["masked"] == []


@every_factory
def test_initialize_again(factory):
    nlp = trained(factory)
    target = nlp.get_pipe(factory).target
    before = emissions(nlp, [doc_of(nlp, "Anna hired")])[0]
    nlp.initialize(lambda: examples(nlp, target))
    after = emissions(nlp, [doc_of(nlp, "Anna hired")])[0]
    assert before.shape == after.shape
    assert not numpy.allclose(before, after)
    assert train(nlp, examples(nlp, target), 40) < 0.1


def test_initialize_on_documents_without_tokens():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner", config=config())
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    blank = Example(nlp.make_doc("  \n"), nlp.make_doc("  \n"))
    data = [*[empty] * 10, blank, *examples(nlp)]
    nlp.initialize(lambda: data)
    assert pipe.labels == ("LOC", "PER")
    assert train(nlp, data, 40) < 0.1


@every_factory
def test_not_initialized(factory):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config=config())
    message = rf"^\[B001\] Component '{factory}' is not initialized"
    with pytest.raises(BirnnError, match=message):
        nlp("Anna")
    with pytest.raises(BirnnError, match=message):
        nlp.update(examples(nlp, pipe.target), sgd=Adam(0.1))
    with pytest.raises(BirnnError, match=message):
        pipe.k_best([nlp.make_doc("Anna")])


def test_wrong_settings():
    nlp = spacy.blank("en")
    with pytest.raises(BirnnError, match=r"^\[B006\] Component 'birnn_ner'.*-1"):
        nlp.add_pipe("birnn_ner", config={"grad_clip": -1.0})
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 8, "depth": 1}
    tok2vec.update(embed_size=50, window_size=1, maxout_pieces=2, subword_features=True)
    tok2vec["pretrained_vectors"] = None
    with pytest.raises(BirnnError, match=r"^\[B022\] Component 'birnn_ner'"):
        nlp.add_pipe("birnn_ner", config={"model": tok2vec})


# --- update ---------------------------------------------------------------------------


@every_factory
def test_unseen_label(factory):
    """In training an error that names it, in evaluation a miss."""
    nlp = trained(factory)
    pipe = nlp.get_pipe(factory)
    new = example(nlp, ("Anna", ["B-NEW"], ["B-NEW"], ["NEW"]), pipe.target)
    before = nlp.to_bytes()
    with pytest.raises(BirnnError, match=rf"^\[B014\] Component '{factory}'.*'NEW'"):
        nlp.update([new])
    assert nlp.to_bytes() == before
    scores = nlp.evaluate([new])
    keys = {"ents": "ents_r", "spans": "spans_chunks_r", "tag": "tag_acc"}
    assert scores[keys[pipe.target]] == 0.0


def test_a_loss_that_is_not_finite():
    nlp = untrained()
    decoder = get_decoder(nlp.get_pipe("birnn_ner").model)
    decoder.linear.bias.data[:] = float("nan")
    with pytest.raises(BirnnError, match=r"^\[B019\] Component 'birnn_ner'"):
        nlp.update(examples(nlp), sgd=Adam(0.1))


def test_gradients_are_clipped_by_one_norm():
    nlp = untrained(grad_clip=1e-3)
    pipe = nlp.get_pipe("birnn_ner")
    nlp.update(examples(nlp), sgd=Adam(0.001))
    assert (pipe.n_updates, pipe.n_clipped) == (1, 1)
    nlp = untrained(grad_clip=0.0)
    pipe = nlp.get_pipe("birnn_ner")
    nlp.update(examples(nlp), sgd=Adam(0.001))
    assert (pipe.n_updates, pipe.n_clipped) == (1, 0)


@every_factory
def test_accumulated_gradients(factory):
    """Two half batches before a step are the mean of two sequences: one batch."""
    nlp = untrained(factory)
    pipe = nlp.get_pipe(factory)
    data = examples(nlp, pipe.target)[:2]

    def gradients(batches):
        for batch in batches:
            nlp.update(batch, sgd=False, drop=0.0)
        found = [
            parameter.grad.to_dense().clone()
            for node in pipe.model.walk()
            for shim in node.shims
            for parameter in shim.module.parameters()
        ]
        for node in pipe.model.walk():
            for shim in node.shims:
                shim.module.zero_grad()
        return found

    gradients([data])  # all words are met
    together = gradients([data])
    apart = gradients([data[:1], data[1:]])
    assert any(gradient.abs().sum() > 0 for gradient in together)
    for one, two in zip(together, apart, strict=True):
        assert (2 * one - two).abs().max() < 1e-5


def test_averages():
    nlp = untrained()
    pipe = nlp.get_pipe("birnn_ner")
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(20):
        nlp.update(examples(nlp), sgd=optimizer, drop=0.0)
    docs = [doc_of(nlp, text) for text, *_ in SENTENCES]
    last = pipe.model.predict(docs)
    with nlp.use_params(optimizer.averages):
        averaged = pipe.model.predict(docs)
        other = untrained().from_bytes(nlp.to_bytes())
    again = pipe.model.predict(docs)
    loaded = other.get_pipe("birnn_ner").model.predict(docs)
    for a, b, c, d in zip(last, averaged, again, loaded, strict=True):
        assert numpy.array_equal(a, c)
        assert numpy.array_equal(b, d)
        assert abs(a - b).max() > 1e-3


def test_rehearse_has_no_effect():
    nlp = trained(steps=3)
    optimizer = nlp.resume_training()
    before = nlp.to_bytes()
    assert nlp.rehearse(examples(nlp), sgd=optimizer) == {}
    pipe = nlp.get_pipe("birnn_ner")
    assert pipe.rehearse(examples(nlp), losses={"a": 1}) == {"a": 1}
    assert nlp.to_bytes() == before


@every_factory
def test_sourced_component_is_tuned_on_new_data(factory):
    source = trained(factory)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, source=source, name="mine")
    pipe = nlp.get_pipe("mine")
    assert found(nlp(SENTENCES[0][0])) == found(examples(nlp, pipe.target)[0].reference)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.02
    new = example(
        nlp,
        (
            "Rain often hired Anna",
            ["B-PER", "O", "O", "B-LOC"],
            ["B-NP", "B-VP", "I-VP", "B-NP"],
            ["PROPN", "ADV", "VERB", "PRON"],
        ),
        pipe.target,
    )
    for _ in range(60):
        losses = nlp.update([new], sgd=optimizer, drop=0.0)
    assert losses["mine"] < 0.3
    assert found(nlp(new.predicted.copy())) == found(new.reference)


def test_frozen_component():
    source = trained()
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", source=source)
    nlp.add_pipe("birnn_tagger", config=config())
    data = examples(nlp, "tag")
    with nlp.select_pipes(disable="birnn_ner"):
        nlp.initialize(lambda: data)
        before = nlp.get_pipe("birnn_ner").to_bytes(exclude=["vocab"])
        train(nlp, data, 40)
    assert nlp.get_pipe("birnn_ner").to_bytes(exclude=["vocab"]) == before
    doc = nlp(SENTENCES[0][0])
    assert [t.tag_ for t in doc] == SENTENCES[0][3]
    assert [(e.start, e.end) for e in doc.ents] == [(0, 2), (4, 6)]


HASH_EMBED = {
    "@architectures": "spacy.MultiHashEmbed.v2",
    "width": 16,
    "attrs": ["NORM", "SHAPE"],
    "rows": [200, 200],
    "include_static_vectors": False,
}
WINDOWS = {
    "@architectures": "spacy.MaxoutWindowEncoder.v2",
    "width": 16,
    "window_size": 1,
    "maxout_pieces": 2,
    "depth": 1,
}


@pytest.mark.parametrize("factory", ["birnn_ner", "birnn_tagger"])
@pytest.mark.parametrize("architecture", ["spacy-birnn.Tok2Vec.v1", "spacy.Tok2Vec.v2"])
@pytest.mark.parametrize("encode", [WINDOWS, None])
def test_parts_of_spacy_under_our_decoder(factory, architecture, encode, tmp_path):
    encode = encode or {"@architectures": "spacy-birnn.BiRNNEncoder.v1", "width": 16}
    tok2vec = {"@architectures": architecture, "embed": HASH_EMBED, "encode": encode}
    model = {"@architectures": "spacy-birnn.SequenceTagger.v1", "tok2vec": tok2vec}
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config={"model": model})
    data = [Example(nlp.make_doc(" "), nlp.make_doc(" ")), *examples(nlp, pipe.target)]
    nlp.initialize(lambda: data)
    train(nlp, data, 50)
    expected = [found(doc) for doc in nlp.pipe(texts())]
    assert expected[:3] == [found(eg.reference) for eg in data[1:]]
    assert [found(nlp(text)) for text in texts()] == expected
    nlp.to_disk(tmp_path)
    assert [found(doc) for doc in spacy.load(tmp_path).pipe(texts())] == expected


# --- k-best ---------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, -1, 1.5, True, None, "2"])
def test_k_best_needs_a_number(k):
    nlp = untrained()
    with pytest.raises(BirnnError, match=r"^\[B016\] Component 'birnn_ner'"):
        nlp.get_pipe("birnn_ner").k_best([doc_of(nlp, "Anna")], k=k)


@pytest.mark.parametrize("method", ["k_best", "entropies"])
def test_what_needs_a_list_of_docs(method):
    nlp = untrained()
    ask = getattr(nlp.get_pipe("birnn_ner"), method)
    for given, kind in ((doc_of(nlp, "Anna"), "Doc"), (["Anna"], "list with a str")):
        with pytest.raises(BirnnError, match=rf"^\[B031\].*{method}.* not a {kind}"):
            ask(given)


@every_factory
@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_k_best_of_everything(factory, decoder):
    """All valid sequences, each once, best first; their probabilities sum to 1."""
    nlp = untrained(factory, decoder=decoder)
    shake(nlp)
    pipe = nlp.get_pipe(factory)
    doc = Doc(nlp.vocab, words=["Anna", " ", "hired"], sent_starts=[1, -1, -1])
    labels = pipe.prepare_labels()[0]
    expected = set(product(labels, repeat=2))
    if pipe.target != "tag" and decoder != "softmax":
        starts, pairs, ends = schemes.transition_constraints(labels, "bioes")
        expected = {
            (labels[a], labels[b])
            for a, b in zip(*pairs.nonzero())
            if starts[a] and ends[b]
        }
    ((*best,),) = pipe.k_best([doc], k=len(expected) + 10)
    assert {(a, b) for (a, _, b), _ in best} == expected
    assert len(best) == len(expected)
    for (a, blank, b), _ in best:
        if pipe.target == "tag":
            assert blank == "_SP"
        elif a[:2] in ("B-", "I-") and b in (f"I-{a[2:]}", f"E-{a[2:]}"):
            assert blank == f"I-{a[2:]}"
        else:
            assert blank == "O"
    logs = [log for _, log in best]
    assert logs == sorted(logs, reverse=True)
    assert sum(map(math.exp, logs)) == pytest.approx(1.0, abs=1e-9)
    assert pipe.k_best([doc], k=3) == [best[:3]]


@every_factory
def test_k_best_over_several_sentences(factory):
    nlp = untrained(factory)
    shake(nlp)
    pipe = nlp.get_pipe(factory)
    words, starts = ["Anna", "hired", "Otto"], [1, 1, -1]
    doc = Doc(nlp.vocab, words=words, sent_starts=starts)
    first, second = Doc(nlp.vocab, words=words[:1]), Doc(nlp.vocab, words=words[1:])
    (ours,) = pipe.k_best([doc], k=50)
    a, b = pipe.k_best([first, second], k=50)
    pairs = [(x + y, p + q) for x, p in a for y, q in b]
    pairs.sort(key=lambda pair: -pair[1])
    assert [tags for tags, _ in ours] == [tags for tags, _ in pairs[:50]]
    for (_, log), (_, other) in zip(ours, pairs):
        assert log == pytest.approx(other, abs=1e-5)


@every_factory
def test_k_best_of_documents_without_words(factory):
    nlp = untrained(factory)
    pipe = nlp.get_pipe(factory)
    assert pipe.k_best([]) == []
    docs = [doc_of(nlp, "Anna"), nlp.make_doc(""), nlp.make_doc("  ")]
    blank = "_SP" if pipe.target == "tag" else "O"
    assert pipe.k_best(docs, k=2)[1:] == [[([], 0.0)], [([blank], 0.0)]]
    assert pipe.k_best(docs[1:], k=2) == [[([], 0.0)], [([blank], 0.0)]]
    assert len(pipe.k_best(docs, k=2)[0]) == 2


@every_factory
def test_k_best_is_the_prediction_and_leaves_documents_alone(factory):
    nlp = trained(factory)
    pipe = nlp.get_pipe(factory)
    text = SENTENCES[0][0]
    doc = doc_of(nlp, text, tags=["X"] * 7)
    doc.ents = [Span(doc, 1, 4, label="MINE")]
    doc.spans["chunks"] = [Span(doc, 1, 4, label="MINE")]
    before = doc.to_bytes()
    ((tags, log), *_), plain = pipe.k_best([doc, doc_of(nlp, text)], k=2)
    assert tags == plain[0][0]
    assert log == pytest.approx(plain[0][1], abs=1e-6)
    assert doc.to_bytes() == before
    if factory == "birnn_tagger":
        assert tags == SENTENCES[0][3]
    else:
        spans, _ = schemes.decode(tags, "bioes")
        reference = examples(nlp, pipe.target)[0].reference
        gold = reference.ents or reference.spans["chunks"]
        assert spans == [(s.start, s.end, s.label_) for s in gold]


# --- spaCy's tools --------------------------------------------------------------------


def test_analysis_and_selection():
    nlp = trained()
    nlp.add_pipe("birnn_tagger", source=trained("birnn_tagger"))
    analysis = nlp.analyze_pipes()
    assert not any(analysis["problems"].values())
    assert "doc.ents" in analysis["summary"]["birnn_ner"]["assigns"]
    assert analysis["summary"]["birnn_tagger"]["assigns"] == ["token.tag"]
    with nlp.select_pipes(enable="birnn_tagger"):
        doc = nlp(SENTENCES[0][0])
    assert not doc.ents
    assert doc[0].tag_
    assert nlp(SENTENCES[0][0]).ents


@every_factory
def test_memory_zone(factory):
    """Strings that a zone forgets are no part of what a component knows."""
    nlp = trained(factory, confidence=True)
    other = spacy.blank("en")
    other.add_pipe(factory, config=config(confidence=True))
    other.from_bytes(nlp.to_bytes(exclude=["vocab"]))
    expected = [found(doc) for doc in nlp.pipe(texts())]
    for _ in range(2):
        with other.memory_zone():
            assert [found(doc) for doc in other.pipe(texts())] == expected
    assert [found(doc) for doc in other.pipe(texts())] == expected
    assert nlp.get_pipe(factory).labels == other.get_pipe(factory).labels


def test_errors_go_to_the_handler():
    nlp = trained()
    seen = []
    nlp.set_error_handler(lambda name, _, docs, error: seen.append((name, len(docs))))
    weight = get_decoder(nlp.get_pipe("birnn_ner").model).linear.weight
    weight.data = weight.data[:, :-1]  # does not fit any more
    assert list(nlp.pipe(texts()[:2])) == []
    assert seen == [("birnn_ner", 2)]


@every_factory
def test_components_can_be_pickled_and_copied(factory):
    """As `n_process` needs where processes are spawned; extensions come along."""
    nlp = trained(factory, confidence=True)
    pipe = nlp.get_pipe(factory)
    expected = [found(doc) for doc in nlp.pipe(texts())]
    for twin in (pickle.loads(pickle.dumps(pipe)), copy.deepcopy(pipe.model)):
        docs = [nlp.make_doc(text) for text in texts()]
        if twin.__class__ is pipe.__class__:
            assert [found(doc) for doc in twin.pipe(docs)] == expected
        else:
            for one, two in zip(twin.predict(docs), pipe.model.predict(docs)):
                assert numpy.array_equal(one, two)


def test_an_unpickled_component_writes_confidences(tmp_path):
    pipe = trained(confidence=True).get_pipe("birnn_ner")
    (tmp_path / "pipe").write_bytes(pickle.dumps(pipe))
    code = f"""
import pickle
from spacy.tokens import Doc
pipe = pickle.loads(open({str(tmp_path / "pipe")!r}, "rb").read())
doc = pipe(Doc(pipe.vocab, words={SENTENCES[0][0].split()!r}))
print(doc.ents[0]._.confidence)
"""
    assert 0.5 < float(run_python(code)) <= 1.0


def test_span_components_take_spacy_scorers():
    nlp = trained(scorer={"@scorers": "spacy.ner_scorer.v1"})
    assert nlp.evaluate(examples(nlp))["ents_f"] == 1.0
    nlp = trained("birnn_tagger", scorer={"@scorers": "spacy.tagger_scorer.v1"})
    assert nlp.evaluate(examples(nlp, "tag"))["tag_acc"] == 1.0


def test_the_loss_is_a_mean_over_sentences_however_they_are_joined():
    """Of the same scores the gradient of each token is the same."""
    nlp = untrained("birnn_tagger", decoder="softmax")
    pipe = nlp.get_pipe("birnn_tagger")
    apart = examples(nlp, "tag")
    together = join(apart)
    xp = pipe.model.ops.xp
    scores = pipe.model.predict([each.predicted for each in apart])
    loss, gradients = pipe.get_loss(apart, scores)
    joined_loss, (gradient,) = pipe.get_loss([together], [xp.concatenate(scores)])
    assert joined_loss == pytest.approx(loss, rel=1e-5)
    numpy.testing.assert_allclose(
        to_numpy(gradient), to_numpy(xp.concatenate(gradients)), rtol=1e-4, atol=1e-8
    )


@every_factory
def test_examples_of_another_vocabulary(factory):
    """As those that are made once, for several pipelines."""
    other = spacy.blank("en")
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config={**config(), "language_model": 0.5})
    data = examples(other, pipe.target)
    nlp.initialize(lambda: data)
    nlp.update(data, sgd=nlp.resume_training())
    mixed = [*data[:1], *examples(nlp, pipe.target)[1:]]
    nlp.update(mixed, sgd=nlp.resume_training())
    assert len(pipe.k_best([eg.predicted for eg in mixed], k=2)) == len(mixed)


def test_documents_of_several_vocabularies():
    """A word that only one of them knows."""
    nlp, other = trained(), spacy.blank("en")
    docs = [nlp.make_doc("Anna hired Otto ."), other.make_doc("Zorblax lives there .")]
    pipe = nlp.get_pipe("birnn_ner")
    best = pipe.k_best(docs, k=2)
    assert best == [pipe.k_best([doc], k=2)[0] for doc in docs]
    assert len(pipe.entropies(docs)) == 2


def test_vectors_are_those_of_the_pipeline():
    """Of the examples' vocabulary, which has none, nothing but words is taken."""
    nlp, other = spacy.blank("en"), spacy.blank("en")
    for word in ("Anna", "Otto", "lives"):
        nlp.vocab.set_vector(word, numpy.full(12, len(word), dtype="float32"))
    pipe = nlp.add_pipe("birnn_ner", config=config())
    nlp.initialize(lambda: examples(other))
    embed = pipe.model.get_ref("tok2vec").get_ref("embed")
    assert embed.attrs["has_table"]
    with pytest.raises(BirnnError, match=r"^\[B012\].*vocabulary of the pipeline"):
        nlp.update(examples(other))
    nlp.update(examples(nlp))


def test_white_space_of_a_bare_vocabulary():
    """Its words have no flags."""
    nlp = trained()
    words = ["Anna", "\n", "lives", "\n", "there"]
    docs = [Doc(vocab, words=words) for vocab in (nlp.vocab, Vocab())]
    ours, theirs = list(nlp.pipe(docs))
    assert theirs[1].is_space
    assert found(theirs) == found(ours)

    tagger, vocab = spacy.blank("en"), Vocab()
    pipe = tagger.add_pipe("birnn_tagger", config=config())
    gold = Doc(vocab, words=["Anna", "\n", "lives"], tags=["N", "_SP", "V"])
    bare = Doc(vocab, words=["Anna", "\n", "lives"])
    tagger.initialize(lambda: [Example(bare, gold)])
    assert pipe.labels == ("N", "V")


@pytest.mark.parametrize("docs", [None, 5])
def test_what_is_no_list_of_documents(docs):
    pipe = trained().get_pipe("birnn_ner")
    for method in (pipe.k_best, pipe.entropies):
        with pytest.raises(BirnnError, match=r"^\[B031\]"):
            method(docs)
