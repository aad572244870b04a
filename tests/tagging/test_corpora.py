"""The demo corpus, and real ones where they lie beside the checkout: the same
entities everywhere."""

import io
import json
from contextlib import nullcontext

import pytest
import spacy
from pyarrow import parquet
from spacy.tokens import DocBin

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.tagging.options import Workers
from spacy_birnn.tagging.run import tag

from ..conftest import ROOT

DATA = ROOT.parent / "shared" / "data"
CORPORA = {
    "demo": ROOT / "assets" / "demo" / "train.conll",
    "conll2003": DATA / "conll2003" / "eng.train",
    "wnut17": DATA / "wnut17" / "wnut17train.conll",
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module", params=CORPORA)
def corpus(request, tmp_path_factory):
    """A pipeline that has seen a little of a corpus, and texts of it."""
    path = CORPORA[request.param]
    if not path.exists():
        pytest.skip("the corpora are not there")
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config={"confidence": True})
    examples = list(ConllCorpus(path, limit=2000)(nlp))
    examples = [e for e in examples if e.reference.ents or len(e.reference) == 1]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(8):
        for start in range(0, len(examples), 20):
            batch = examples[start : start + 20]
            nlp.update(batch, sgd=optimizer, drop=0.2)
    texts = [example.reference.text.strip() for example in examples]
    source = tmp_path_factory.mktemp(request.param) / "in.txt"
    source.write_text("".join(f"{text}\n" for text in texts))
    return nlp, source


def entities(data, format):
    """The label and the text of each entity of each document."""
    if format in ("jsonl", "parquet"):
        if format == "jsonl":
            records = [json.loads(line) for line in data.decode().splitlines()]
        else:
            records = parquet.read_table(io.BytesIO(data)).to_pylist()
        return [
            [(e["label"], r["text"][e["start"] : e["end"]]) for e in r["ents"]]
            for r in records
        ]
    if format == "spacy":
        docs = DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab)
    else:
        boundary = "-DOCSTART-\n\n" if format == "conll" else "# newdoc\n"
        blocks = data.decode().split(boundary)
        return [_spans_of_rows(block.splitlines()) for block in blocks]
    return [[(ent.label_, ent.text) for ent in doc.ents] for doc in docs]


def _spans_of_rows(rows):
    spans = []
    for row in rows:
        cells = row.split("\t")
        if len(cells) < 2:
            continue
        word, cell = cells[0], cells[1]
        if len(cells) == 10:
            word, cell = cells[1], cells[9].split("|")[0].removeprefix("name=")
        if cell.startswith("B-"):
            spans.append((cell[2:], [word]))
        elif cell.startswith("I-"):
            spans[-1][1].append(word)
    return [(label, " ".join(words)) for label, words in spans]


def without_blanks(documents):
    return [
        [(label, text.replace(" ", "")) for label, text in doc]
        for doc in documents
        if doc
    ]


RAY = pytest.param({"engine": "ray"}, marks=pytest.mark.xdist_group("ray"))


@pytest.mark.parametrize("settings", [{}, {"n_process": 2}, RAY])
def test_the_same_entities_in_every_format(corpus, tmp_path, settings):
    nlp, source = corpus
    running = nullcontext()
    if settings.get("engine") == "ray":
        pytest.importorskip("ray")
        from spacy_birnn.tagging.ray_cluster import cluster

        running = cluster(Workers("ray", n_process=2))  # once, not for each format
    expected = [
        [(ent.label_, ent.text) for ent in doc.ents]
        for doc in nlp.pipe(source.read_text().splitlines(), batch_size=256)
    ]
    assert sum(map(len, expected)) > 100
    with running:
        for format in ("jsonl", "parquet", "conll", "conllu", "spacy"):
            out = tmp_path / f"out.{format}"
            tag(nlp, source, out, **settings)
            found = entities(out.read_bytes(), format)
            assert without_blanks(found) == without_blanks(expected), format


def test_confidences_are_equal_to_the_bit_wherever_a_run_begins(corpus, tmp_path):
    """Nothing depends on what a process met before: else no run could be resumed."""
    nlp, source = corpus
    tag(nlp, source, tmp_path / "whole", shard_size=100, batch_size=32)
    nlp.to_disk(tmp_path / "model")
    names = sorted(path.name for path in (tmp_path / "whole").glob("part-*"))
    lines = source.read_bytes().splitlines(keepends=True)
    for number in (1, 3):
        piece = tmp_path / "piece.txt"
        piece.write_bytes(b"".join(lines[100 * number : 100 * (number + 1)]))
        fresh = spacy.load(tmp_path / "model")
        out = tmp_path / f"{number}.jsonl"
        tag(fresh, piece, out, batch_size=32)
        whole = (tmp_path / "whole" / names[number]).read_bytes()
        assert out.read_bytes() == whole
        assert b'"confidence": 0.' in whole
