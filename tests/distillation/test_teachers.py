"""Teachers as scores of the student's labels."""

import math
from contextlib import ExitStack

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_birnn.distillation.labels import teacher_labels
from spacy_birnn.distillation.pool import Pool
from spacy_birnn.distillation.teachers import (
    LACKING,
    SMOOTHING,
    ChainTeacher,
    LabelTeacher,
    make_teacher,
)
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.models.vocabularies import doc_in
from spacy_birnn.nn.crf.forward_backward import forward_backward
from spacy_birnn.nn.packing import Packing
from spacy_birnn.tagging.targets import Target

from ..pipeline.toys import shake, texts, trained

ENTS = Target("ents")
LINES = [text for text in texts() if text.strip()]


def make_student(labels=("LOC", "PER"), factory="birnn_ner", **settings):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config=settings)
    for label in labels:
        pipe.add_label(label)
    return nlp, pipe


@pytest.fixture
def teach():
    with ExitStack() as stack:
        yield lambda nlp, student: make_teacher(nlp, student, stack)


def marginals(emissions, chain, lengths):
    return forward_backward(emissions.float(), chain, Packing.of(lengths)).marginals


def own_marginals(nlp, docs):
    """What the teacher's own decoder says, and its labels."""
    pipe = nlp.get_pipe(nlp.pipe_names[0])
    sequences = pipe.sequences(docs)
    rows = sequences.select(pipe.emissions(docs))
    found = get_decoder(pipe.model).marginals(rows, sequences.lengths)
    return found, pipe.model.get_ref("emissions").attrs["labels"], sequences


@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_one_of_ours_gives_its_exact_distribution(teach, decoder, scheme, temperature):
    nlp = trained(decoder=decoder, scheme=scheme)
    shake(nlp, 0.7)
    nlp.get_pipe("birnn_ner").temperature = temperature
    other, student = make_student(("PER", "LOC"), model={"scheme": scheme})
    docs = [other.make_doc(line) for line in LINES]
    expected, own, _ = own_marginals(nlp, [nlp.make_doc(line) for line in LINES])
    teacher = teach(nlp, student)
    assert isinstance(teacher, ChainTeacher)
    pool = Pool([teacher], student)
    sequences = student.find_sequences(docs, False)
    rows = sequences.select(pool.emissions(docs))
    chain = pool.chain
    if decoder == "softmax":  # it knows no constraints, which the pool adds
        chain = type(chain)(*(scores.clamp_min(0) for scores in chain))
    found = marginals(rows, chain, sequences.lengths)
    order = [pool.labels.index(label) for label in own]
    torch.testing.assert_close(found[:, order], expected, atol=5e-3, rtol=0)


def test_labels_that_it_lacks_are_improbable(teach):
    nlp = trained()
    other, student = make_student(("LOC", "ORG", "PER"))
    docs = [other.make_doc(LINES[0])]
    scores = teach(nlp, student).emissions(docs)
    labels = student.prepare_labels()[0]
    lacking = [i for i, label in enumerate(labels) if label.endswith("ORG")]
    assert (scores[:, lacking] == LACKING).all()
    assert (scores.amax(1) == 0).all()


def test_labels_that_it_has_not_learned_are_lacking(teach):
    nlp = trained()
    nlp.get_pipe("birnn_ner").add_label("ORG")
    assert teacher_labels(nlp, ENTS) == {"LOC", "PER"}
    other, student = make_student(("LOC", "ORG", "PER"))
    scores = teach(nlp, student).emissions([other.make_doc(LINES[0])])
    labels = student.prepare_labels()[0]
    lacking = [i for i, label in enumerate(labels) if label.endswith("ORG")]
    assert (scores[:, lacking] == LACKING).all()


def test_components_before_ours_run_and_those_after_do_not(teach):
    nlp = trained()
    nlp.add_pipe("sentencizer", first=True)

    @Language.component("never")
    def never(doc):
        raise AssertionError

    nlp.add_pipe("never", last=True)
    other, student = make_student()
    docs = [other.make_doc("Otto Berg hired Anna . Tilda lives .")]
    teacher = teach(nlp, student)
    alone = trained()
    halves = [alone.make_doc(t) for t in ("Otto Berg hired Anna .", "Tilda lives .")]
    raw = alone.get_pipe("birnn_ner").emissions(halves)
    columns = teacher.columns
    expected = (raw - raw.amax(1, keepdim=True))[:, columns]
    torch.testing.assert_close(teacher.emissions(docs), expected, atol=1e-4, rtol=1e-4)
    assert not docs[0].has_annotation("SENT_START")


def chosen(teacher, student, docs):
    """The best label of each token, '' where all are equal."""
    labels = student.prepare_labels()[0]
    found = []
    for row in teacher.emissions(docs):
        best = labels[int(row.argmax())] if row.min() < row.max() else ""
        found.append(best)
    return found


def test_another_scheme_or_pipeline_gives_its_labels(teach):
    iob = trained(scheme="iob2")
    ruler = spacy.blank("en")
    ruler.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PER", "pattern": "Anna Berg"},
            {"label": "LOC", "pattern": "Old Harbour"},
            {"label": "XXX", "pattern": "lives"},
        ]
    )
    other, student = make_student()
    docs = [other.make_doc("Anna Berg lives in Old Harbour .")]
    for nlp in (iob, ruler):
        teacher = teach(nlp, student)
        assert isinstance(teacher, LabelTeacher)
        found = chosen(teacher, student, docs)
        assert found == ["B-PER", "E-PER", "O", "O", "B-LOC", "E-LOC", "O"]
    shares = teacher.emissions(docs).exp()
    torch.testing.assert_close(shares.sum(1), torch.ones(len(docs[0])))
    assert shares.amax(1).min().item() == pytest.approx(1 - SMOOTHING)


def test_white_space_has_no_label(teach):
    ruler = spacy.blank("en")
    ruler.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Anna"}])
    other, student = make_student()
    docs = [Doc(other.vocab, words=["\n", "Anna", " ", "left"])]
    assert chosen(teach(ruler, student), student, docs) == ["", "S-PER", "", "O"]


def test_spans_of_another_pipeline_without_overlaps(teach):
    nlp = spacy.blank("en")

    @Language.component("chunks", assigns=["doc.spans"])
    def chunks(doc):
        doc.spans["sc"] = [Span(doc, 0, 2, "NP"), Span(doc, 1, 2, "NP")]
        return doc

    nlp.add_pipe("chunks")
    other, student = make_student(("NP",), "birnn_chunker", spans_key="sc")
    docs = [other.make_doc("the dog barks")]
    assert chosen(teach(nlp, student), student, docs) == ["B-NP", "E-NP", "O"]


def test_tags_of_another_pipeline(teach):
    nlp = spacy.blank("en")

    @Language.component("tags", assigns=["token.tag"])
    def tags(doc):
        for token in doc:
            token.tag_ = {"Anna": "N", "left": "V"}.get(token.text, "?")
        return doc

    nlp.add_pipe("tags")
    other, student = make_student(("N", "V"), "birnn_tagger")
    docs = [other.make_doc("Anna left there")]
    assert chosen(teach(nlp, student), student, docs) == ["N", "V", ""]
    assert math.isclose(teach(nlp, student).emissions(docs)[2].abs().sum().item(), 0)


def test_a_teacher_must_set_the_target():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(
        BirnnError, match=r"B451.*en_pipeline does not set ents.*nothing"
    ):
        teacher_labels(nlp, ENTS)
    nlp.add_pipe("entity_ruler")
    assert teacher_labels(nlp, ENTS) == set()
    with pytest.raises(BirnnError, match=r"B451.*spans\['chunks'\].*it sets: ents"):
        teacher_labels(nlp, Target("spans", "chunks"))


def test_docs_in_another_vocabulary():
    one, other = spacy.blank("en"), spacy.blank("xx")
    doc = one.make_doc("I can't  go")
    doc[4].is_sent_start = True
    copy = doc_in(other.vocab, doc)
    assert copy.text == doc.text
    for a, b in zip(doc, copy, strict=True):
        assert (a.text, a.norm_, a.is_sent_start) == (b.text, b.norm_, b.is_sent_start)
    assert len(doc_in(other.vocab, one.make_doc(""))) == 0


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_documents_without_tokens(teach, scheme):
    other, student = make_student()
    teacher = teach(trained(scheme=scheme), student)
    pool = Pool([teacher], student)
    for lines in ([""], ["", "Anna left"], [" ", ""]):
        docs = [other.make_doc(line) for line in lines]
        n_tokens = sum(map(len, docs))
        emissions = pool.emissions(docs)
        assert emissions.shape == (n_tokens, len(pool.labels))
        assert len(pool.inside(docs, emissions)) == n_tokens
