"""The input of the measures: pipelines, texts, and Docs that are not yet tagged.

Every measure takes `args`, the command line of speed.py: `data_dir`, `vectors`,
`model`, `wide_model`, `texts`, `runs`, `gpu_id`, `ours_only`.
"""

from argparse import Namespace
from collections import deque
from functools import lru_cache
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import spacy
import srsly
from common import DATASETS, read_columns
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from .timing import Side

COMPONENT = "birnn_ner"
DATASET = DATASETS["conll2003"]
BATCH_SIZE = 256


def models(args: Namespace) -> Tuple[Tuple[int, Optional[Path]], ...]:
    """Both trained pipelines with the size of the hidden state of one direction."""
    return (100, args.model), (200, args.wide_model)


def load_new(model: Path, precision: str = "fp32") -> Language:
    """Load a trained pipeline, with the products of its encoder in a precision."""
    key = f"components.{COMPONENT}.model.tok2vec.encode.precision"
    return spacy.load(model, config={key: precision})


load = lru_cache(maxsize=4)(load_new)
"""The same, loaded once."""


def read(
    args: Namespace, nlp: Language, part: str = "test", docs: str = "sentence", **limit
) -> List[Example]:
    """Read train or testa of CoNLL-2003 as spaCy's training sees it."""
    path = args.data_dir / getattr(DATASET, part)
    return read_columns(nlp, path, DATASET, docs=docs, **limit)


def untagged(examples: Sequence[Example]) -> List[Doc]:
    """New Docs, as the reader gives them."""
    return [example.predicted.copy() for example in examples]


def count_tokens(docs: Iterable[Doc]) -> int:
    return sum(len(doc) for doc in docs)


def pipe(nlp: Language, docs: Iterable, **settings: Any) -> None:
    """Tag texts or Docs, and let go of the result."""
    deque(nlp.pipe(docs, batch_size=BATCH_SIZE, **settings), maxlen=0)


def piping(nlp: Language, texts: Sequence[str], **settings: Any) -> Side:
    """Tag the same texts in each run."""
    return Side(lambda _: pipe(nlp, texts, **settings))


def words_of(args: Namespace, part: str = "test") -> List[List[str]]:
    """The words of each sentence of a file."""
    examples = read(args, spacy.blank("en"), part)
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
    read_lines = srsly.read_gzip_jsonl if path.suffix == ".gz" else srsly.read_jsonl
    return [line["text"] for line in islice(read_lines(path), limit)]


def encoder_sizes(nlp: Language) -> Tuple[int, int]:
    """The width of the encoder's input, and of one direction's hidden state."""
    blocks: Dict = nlp.config["components"][COMPONENT]["model"]["tok2vec"]
    n_in = nlp.vocab.vectors.shape[1] + blocks["embed"]["char_width"]
    return n_in, blocks["encode"]["width"] // 2
