"""Little teachers, students and texts, which the tests of distillation share."""

import random
from typing import Any, Dict, List, Optional

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config_from_str
from thinc.api import Adam, Config, fix_random_seed

from spacy_birnn.cli.init_config import init_config, to_text

NAMES = ["Ada", "Emmy", "Grace", "Sofja", "Rosa", "Lise"]
PLACES = ["Oslo", "London", "Bonn", "Lyon"]
FRAMES = [
    "{n} left {p} .",
    "In {p} , {n} {n} spoke .",
    "Nobody saw {n} in {p} or {p} .",
    "It rained .",
]

SMALL = {
    "components.birnn_ner.model.tok2vec.encode.width": 16,
    "components.birnn_ner.model.tok2vec.embed.char_width": 6,
    "components.birnn_ner.model.tok2vec.embed.char_embed_width": 6,
    "components.birnn_ner.model.tok2vec.embed.word_width": 12,
    "training.batcher.size": 8,
    "training.dropout": 0.1,
    "training.max_epochs": 3,
    "training.optimizer.learn_rate": 0.02,
}


def sentences(count: int, seed: int) -> List[List[str]]:
    """Words with their tags, `Ada/PER`, and without, `left`."""
    chosen, found = random.Random(seed), []
    for _ in range(count):
        words = []
        for word in chosen.choice(FRAMES).split():
            if word == "{n}":
                words.append(f"{chosen.choice(NAMES)}/PER")
            elif word == "{p}":
                words.append(f"{chosen.choice(PLACES)}/LOC")
            else:
                words.append(word)
        found.append(words)
    return found


def conll(found: List[List[str]]) -> str:
    """Sentences in columns."""
    blocks = []
    for words in found:
        rows, before = [], ""
        for word in words:
            form, _, label = word.partition("/")
            prefix = "I" if label and label == before else "B"
            rows.append(f"{form} {prefix}-{label}" if label else f"{form} O")
            before = label
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def plain(found: List[List[str]]) -> str:
    """Sentences as running text."""
    return " ".join(word.partition("/")[0] for words in found for word in words)


def texts(n_lines: int, seed: int, per_line: int = 4) -> str:
    """Lines of several sentences each."""
    lines = [plain(sentences(per_line, seed + i)) for i in range(n_lines)]
    return "\n".join(lines) + "\n"


def examples(nlp: Language, count: int = 40, seed: int = 7) -> List[Example]:
    made = []
    for block in conll(sentences(count, seed)).strip().split("\n\n"):
        words, tags = zip(*(row.split() for row in block.split("\n")))
        reference = Doc(nlp.vocab, words=words, ents=tags)
        made.append(Example(Doc(nlp.vocab, words=words), reference))
    return made


def student_config(
    overrides: Optional[Dict[str, Any]] = None, task: str = "ner"
) -> Config:
    """A small student without annotated data."""
    settings = {**(SMALL if task == "ner" else {}), **(overrides or {})}
    text = to_text(init_config(task, "efficiency"))
    return load_config_from_str(text, overrides=settings, interpolate=False)


def trained_teacher(
    name: str = "birnn_ner", seed: int = 0, **settings: Any
) -> Language:
    """A pipeline that knows the names: ours, or spaCy's own `ner`."""
    fix_random_seed(seed)
    nlp = spacy.blank("en")
    config: Dict[str, Any] = dict(settings)
    if name == "birnn_ner":
        embed = {"char_width": 6, "char_embed_width": 6, "word_width": 12}
        tok2vec = {"embed": embed, "encode": {"width": 16}}
        config["model"] = {"tok2vec": tok2vec, **config.get("model", {})}
    nlp.add_pipe(name, config=config)
    data = examples(nlp)
    nlp.initialize(lambda: data)
    optimizer = Adam(0.01, grad_clip=1.0, L2=0.0)
    for _ in range(30):
        nlp.update(data, sgd=optimizer, drop=0.0)
    return nlp


def agreement(one: Language, other: Language, lines: List[str]) -> float:
    """F1 of the entities of one pipeline against another's."""
    found = [
        {(i, e.start, e.end, e.label_) for i, doc in enumerate(docs) for e in doc.ents}
        for docs in (list(one.pipe(lines)), list(other.pipe(lines)))
    ]
    both = len(found[0] & found[1])
    return 2 * both / max(len(found[0]) + len(found[1]), 1)
