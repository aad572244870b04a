"""What the measures work on: settings, pipelines, and Docs that nobody has tagged."""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, Dict, Iterable, List, Literal, Optional, Sequence, Tuple

import spacy
from common import DATASETS
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.data.conll import create_conll_reader

COMPONENT = "birnn_ner"
DATASET = DATASETS["conll2003"]
BATCH_SIZE = 256

Kind = Literal["sentence", "document"]
"""What is a Doc."""
KINDS: Tuple[Kind, ...] = ("sentence", "document")


@dataclass(frozen=True)
class Setting:
    """What the command line says.

    Attributes:
        data_dir: Folder of CoNLL-2003.
        vectors: Folder of the word vectors, as `spacy init vectors` writes it.
        model: A pipeline trained by configs/conll2003.cfg.
        wide_model: The same with `width = 400`.
        runs: How often each side is timed.
        threads: How many threads may work at once.
        gpu_id: The GPU to use, -1 for the CPU.
    """

    data_dir: Path
    vectors: Path
    model: Path
    wide_model: Optional[Path]
    runs: int
    threads: int
    gpu_id: int = -1

    @property
    def train_file(self) -> Path:
        return self.data_dir / DATASET.train

    @property
    def test_file(self) -> Path:
        return self.data_dir / DATASET.test


def load_new(model: Path, precision: str = "fp32") -> Language:
    """A trained pipeline, with the products of its encoder in a precision."""
    key = f"components.{COMPONENT}.model.tok2vec.encode.precision"
    return spacy.load(model, config={key: precision})


load = lru_cache(maxsize=4)(load_new)
"""The same, loaded once."""


def read(
    nlp: Language,
    path: Path,
    docs: Kind = "sentence",
    limit: int = 0,
) -> List[Example]:
    """The annotated file as spaCy's training sees it."""
    reader = create_conll_reader(path, columns=DATASET.columns, docs=docs, limit=limit)
    return list(reader(nlp))


def untagged(examples: Sequence[Example]) -> List[Doc]:
    """Docs as the reader gives them, each time new ones."""
    return [example.predicted.copy() for example in examples]


def count_tokens(docs: Iterable[Doc]) -> int:
    return sum(len(doc) for doc in docs)


def pipe(nlp: Language, docs: Iterable, **settings: Any) -> None:
    """Tag texts or Docs, and let go of what comes out."""
    deque(nlp.pipe(docs, batch_size=BATCH_SIZE, **settings), maxlen=0)


def words_of(path: Path) -> List[List[str]]:
    """The words of each sentence of a file."""
    examples = read(spacy.blank("en"), path)
    return [[token.text for token in example.reference] for example in examples]


def running_words(sentences: Sequence[List[str]], count: int) -> List[str]:
    """So many words of running text; it begins again where the sentences end."""
    return list(islice(chain.from_iterable(cycle(sentences)), count))


def encoder_sizes(nlp: Language) -> Tuple[int, int]:
    """The width of the encoder's input, and of one direction's hidden state."""
    blocks: Dict = nlp.config["components"][COMPONENT]["model"]["tok2vec"]
    n_in = nlp.vocab.vectors.shape[1] + blocks["embed"]["char_width"]
    return n_in, blocks["encode"]["width"] // 2
