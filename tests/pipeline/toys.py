"""Little pipelines and sentences that the component tests share."""

import os
import subprocess
import sys
from typing import Any, Dict, Iterable, List, Optional, Sequence

import numpy
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam, to_numpy

from spacy_birnn.models.sequence_tagger import get_decoder

from ..conftest import ROOT, python_path

SENTENCES = [
    (
        "Anna Berg lives in Old Harbour .",
        ["B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC", "O"],
        ["B-NP", "I-NP", "B-VP", "B-PP", "B-NP", "I-NP", "O"],
        ["PROPN", "PROPN", "VERB", "ADP", "PROPN", "PROPN", "PUNCT"],
    ),
    (
        "Tilda hired Otto in May .",
        ["B-PER", "O", "B-PER", "O", "O", "O"],
        ["B-NP", "B-VP", "B-NP", "B-PP", "B-NP", "O"],
        ["PROPN", "VERB", "PROPN", "ADP", "PROPN", "PUNCT"],
    ),
    (
        "It often rains there .",
        ["O", "O", "O", "O", "O"],
        ["B-NP", "B-VP", "I-VP", "O", "O"],
        ["PRON", "ADV", "VERB", "ADV", "PUNCT"],
    ),
]

FACTORIES = {"birnn_ner": "ents", "birnn_chunker": "spans", "birnn_tagger": "tag"}


def config(
    decoder: Optional[str] = None,
    scheme: str = "bioes",
    cell: str = "lstm",
    **settings: Any,
) -> Dict[str, Any]:
    """The default component, made small."""
    model: Dict[str, Any] = {
        "scheme": scheme,
        "tok2vec": {
            "embed": {
                "char_width": 8,
                "char_embed_width": 6,
                "word_width": 12,
                "word_dropout": 0.0,
            },
            "encode": {"width": 16, "cell": cell},
        },
    }
    if decoder is not None:
        model["decoder"] = decoder
    return {"model": model, **settings}


def example(nlp: Language, sentence: Sequence[Any], target: str = "ents") -> Example:
    """An example whose reference has the target's annotation alone."""
    text, ents, chunks, tags = sentence
    words = text.split()
    reference = Doc(nlp.vocab, words=words)
    if target == "ents":
        reference = Doc(nlp.vocab, words=words, ents=ents)
    elif target == "spans":
        spans = Doc(nlp.vocab, words=words, ents=chunks).ents
        reference.spans["chunks"] = [
            Span(reference, s.start, s.end, label=s.label_) for s in spans
        ]
    elif target == "pos":
        reference = Doc(nlp.vocab, words=words, pos=tags)
    elif target == "tag":
        reference = Doc(nlp.vocab, words=words, tags=tags)
    else:
        for token, tag in zip(reference, tags):
            token._.set(target.removeprefix("_."), tag)
    return Example(Doc(nlp.vocab, words=words), reference)


def examples(nlp: Language, target: str = "ents") -> List[Example]:
    return [example(nlp, sentence, target) for sentence in SENTENCES]


def untrained(factory: str = "birnn_ner", **settings: Any) -> Language:
    """A small pipeline with random weights."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config=config(**settings))
    nlp.initialize(lambda: examples(nlp, pipe.target))
    return nlp


_TRAINED: Dict[str, bytes] = {}


def trained(factory: str = "birnn_ner", steps: int = 40, **settings: Any) -> Language:
    """A small pipeline that knows its three sentences by heart; each one for itself,
    but trained only once."""
    key = repr((factory, steps, sorted(settings.items())))
    if key not in _TRAINED:
        nlp = untrained(factory, **settings)
        train(nlp, examples(nlp, nlp.get_pipe(factory).target), steps)
        _TRAINED[key] = nlp.to_bytes()
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config=config(**settings))
    return nlp.from_bytes(_TRAINED[key])


def train(nlp: Language, data: List[Example], steps: int) -> float:
    """Steps with a high learning rate, and the last loss."""
    losses: Dict[str, float] = {}
    optimizer = Adam(0.02, grad_clip=0.0, L2=0.0)
    for _ in range(steps):
        losses = nlp.update(data, sgd=optimizer, drop=0.0)
    return sum(losses.values())


def doc_of(nlp: Language, text: str, **annotation: Any) -> Doc:
    return Doc(nlp.vocab, words=text.split(" "), **annotation)


def texts() -> List[str]:
    """What the pipelines were trained on, and what they never met."""
    seen = [sentence[0] for sentence in SENTENCES]
    return [
        *seen,
        "",
        " ",
        "Otto Berg hired Anna",
        "\n\n \n",
        " ".join(seen * 4),
        "x",
        "Zoë   rains in  Old Harbour\t.",
    ]


def found(doc: Doc) -> Any:
    """What any of our components may have written."""
    return (
        [(e.start, e.end, e.label_) for e in doc.ents],
        {
            key: [(s.start, s.end, s.label_) for s in group]
            for key, group in doc.spans.items()
        },
        [token.tag_ for token in doc],
        [token.pos_ for token in doc],
    )


def confidences(doc: Doc) -> List[float]:
    """All probabilities on a document, in order."""
    values = [e._.confidence for e in doc.ents]
    for group in doc.spans.values():
        values += group.attrs.get("scores", [])
    values += [t._.get("confidence") for t in doc if t.has_extension("confidence")]
    return [value for value in values if value is not None]


def emissions(nlp: Language, docs: Iterable[Doc]) -> List[numpy.ndarray]:
    """The scores of a pipeline's only component."""
    (name,) = nlp.pipe_names
    model = nlp.get_pipe(name).model
    return [numpy.array(to_numpy(x)) for x in model.predict(list(docs))]


def shake(nlp: Language, scale: float = 2.0) -> None:
    """Large random weights: any label may follow any other."""
    for _, pipe in nlp.pipeline:
        for parameter in get_decoder(pipe.model).parameters():
            with torch.no_grad():  # through `.data` it would not be noticed
                parameter.normal_(std=scale)


def run_python(code: str, timeout: int = 600, **env: str) -> str:
    """Run a program, or a file, in a process of its own, on one thread; its output."""
    done = subprocess.run(
        [sys.executable, *([code] if code.endswith(".py") else ["-c", code])],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": python_path(), **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
