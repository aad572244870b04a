"""All that targets depend on: with another plan they are not gone on with."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Sequence

import spacy
from spacy.language import Language

from .. import __version__
from ..tagging.content import Fields
from ..tagging.inputs import InputFile
from ..tagging.manifest import describe_pipeline
from ..training.identity import checksum, flatten
from .student import Student


def describe_plan(
    student: Student,
    teachers: Sequence[Language],
    texts: Sequence[InputFile],
    fields: Fields,
    labels: Sequence[str],
) -> Dict[str, Any]:
    """All that targets depend on, as JSON can hold it, by names for messages."""
    config = student.config
    corpus = student.settings["train_corpus"]
    section = config["corpora"].get(corpus.removeprefix("corpora."), {})
    plan: Dict[str, Any] = {
        "the list of teachers": [name_of(nlp) for nlp in teachers],
        "the list of texts": [text.address for text in texts],
        "the formats of the texts": [text.format for text in texts],
        "component": student.name,
        "target": str(student.target),
        "labels": list(labels),
        "scheme": student.pipe.prepare_labels()[1],
        "version of spaCy": spacy.__version__,
        "version of spacy-birnn": __version__,
        **dict(flatten(asdict(fields), "texts.")),
        **dict(flatten(section, f"{corpus}.")),
        **dict(flatten({"lang": config["nlp"]["lang"]}, "nlp.")),
        **dict(flatten(config["nlp"]["tokenizer"], "nlp.tokenizer.")),
    }
    for number, nlp in enumerate(teachers, 1):
        teacher = f"teacher {number}, {name_of(nlp)}"
        plan[f"content of {teacher}"] = describe_pipeline(nlp)["checksum"]
    path = section.get("path")
    for address in [text.address for text in texts] + [path] * isinstance(path, str):
        plan[f"content of {address}"] = _content(address)
    return plan


def name_of(nlp: Language) -> str:
    """A name of a pipeline for messages: its folder, or its name."""
    meta = nlp.meta
    return str(nlp.path) if nlp.path else f"{meta['lang']}_{meta['name']}"


def _content(address: str) -> Any:
    """The checksum of a local file; None of what is elsewhere, or can be read once."""
    path = Path(address)
    is_here = path.is_file() or path.is_dir()
    return checksum(path) if is_here else None
