"""All that targets depend on: with another plan they are not gone on with."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import spacy
from spacy.language import Language

from .. import __version__
from ..data.arguments import Paths, as_list
from ..tagging.content import Fields
from ..tagging.inputs import InputFile
from ..tagging.manifest import describe_pipeline
from ..training.config_keys import flatten
from ..training.dev_use import DevUse
from ..training.identity import checksum
from .student import Student, corpus_section
from .teachers import name_of


def describe_plan(
    student: Student,
    teachers: Sequence[Language],
    texts: Sequence[InputFile],
    fields: Fields,
    labels: Sequence[str],
) -> Dict[str, Any]:
    """All that targets depend on, as JSON can hold it, by names for messages."""
    config = student.config
    corpus, given = corpus_section(config)
    section = dict(given)
    addresses = [_place(text.address) for text in texts]
    files = list(addresses)
    if "path" in section:
        section["path"] = _places(section["path"])
        files += section["path"]
    if student.dev_use is DevUse.train:
        section["files of dev"] = _places(corpus_section(config, "dev")[1]["path"])
        files += section["files of dev"]
    plan: Dict[str, Any] = {
        "the list of teachers": [name_of(nlp) for nlp in teachers],
        "the list of texts": addresses,
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
    for address in files:
        plan[f"content of {address}"] = _content(address)
    return plan


def _places(paths: Optional[Paths]) -> List[str]:
    return list(map(_place, as_list(paths or [])))


def _place(address: str) -> str:
    """A local path as it is from everywhere; other addresses as they are."""
    path = Path(address)
    return str(path.resolve()) if path.exists() else address


def _content(address: str) -> Any:
    """The checksum of a local file; None of what is elsewhere, or can be read once."""
    path = Path(address)
    is_here = path.is_file() or path.is_dir()
    return checksum(path) if is_here else None
