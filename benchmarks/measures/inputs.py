"""The input of the measures: settings, pipelines, texts, and Docs not yet tagged."""

import gzip
import json
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import spacy
from common import DATASETS, read_columns
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

COMPONENT = "birnn_ner"
DATASET = DATASETS["conll2003"]
BATCH_SIZE = 256

KINDS = ("sentence", "document")
"""What is a Doc."""


@dataclass(frozen=True)
class Setting:
    """The choices of the command line.

    Attributes:
        data_dir: Folder of CoNLL-2003.
        vectors: Folder of the word vectors, as `spacy init vectors` writes it.
        model: A pipeline trained by configs/conll2003.cfg.
        wide_model: The same with `width = 400`.
        texts: JSON lines with a `text` each, may be gzipped.
        runs: Number of runs of each side.
        threads: Number of threads that may work at once.
        gpu_id: The GPU to use, -1 for the CPU.
        ours_only: Time our side without its peers.
    """

    data_dir: Path
    vectors: Path
    model: Path
    wide_model: Optional[Path] = None
    texts: Optional[Path] = None
    runs: int = 5
    threads: int = 1
    gpu_id: int = -1
    ours_only: bool = False

    @property
    def train_file(self) -> Path:
        return self.data_dir / DATASET.train

    @property
    def test_file(self) -> Path:
        return self.data_dir / DATASET.test


def load_new(model: Path, precision: str = "fp32") -> Language:
    """Load a trained pipeline, with the products of its encoder in a precision."""
    key = f"components.{COMPONENT}.model.tok2vec.encode.precision"
    return spacy.load(model, config={key: precision})


load = lru_cache(maxsize=4)(load_new)
"""The same, loaded once."""


def read(
    nlp: Language, path: Path, docs: str = "sentence", limit: int = 0
) -> List[Example]:
    """Read an annotated file as spaCy's training sees it."""
    return read_columns(nlp, path, DATASET, docs=docs, limit=limit)


def untagged(examples: Sequence[Example]) -> List[Doc]:
    """New Docs, as the reader gives them."""
    return [example.predicted.copy() for example in examples]


def count_tokens(docs: Iterable[Doc]) -> int:
    return sum(len(doc) for doc in docs)


def pipe(nlp: Language, docs: Iterable, **settings: Any) -> None:
    """Tag texts or Docs, and let go of the result."""
    deque(nlp.pipe(docs, batch_size=BATCH_SIZE, **settings), maxlen=0)


def words_of(path: Path) -> List[List[str]]:
    """The words of each sentence of a file."""
    examples = read(spacy.blank("en"), path)
    return [[token.text for token in example.reference] for example in examples]


def running_words(sentences: Iterable[List[str]], count: int) -> List[str]:
    """This many words of running text, which begins anew where the sentences end."""
    return list(islice(chain.from_iterable(cycle(sentences)), count))


def pieces(items: Any, size: int) -> List:
    """Cut into pieces of a size; the last may be shorter."""
    return [items[i : i + size] for i in range(0, len(items), size)]


def docs_of(nlp: Language, texts: Iterable[List[str]]) -> List[Doc]:
    """New Docs of given words, without sentence starts."""
    return [Doc(nlp.vocab, words=words) for words in texts]


def read_texts(path: Path, limit: int) -> List[str]:
    open_text = gzip.open if path.suffix == ".gz" else open
    with open_text(path, "rt", encoding="utf8") as lines:
        return [json.loads(line)["text"] for line in islice(lines, limit)]


def encoder_sizes(nlp: Language) -> Tuple[int, int]:
    """The width of the encoder's input, and of one direction's hidden state."""
    blocks: Dict = nlp.config["components"][COMPONENT]["model"]["tok2vec"]
    n_in = nlp.vocab.vectors.shape[1] + blocks["embed"]["char_width"]
    return n_in, blocks["encode"]["width"] // 2
