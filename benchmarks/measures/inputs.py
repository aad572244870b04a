"""The input of the measures: pipelines, texts, and Docs that are not yet tagged.

Every measure takes `args`, the command line of speed.py: `data_dir`, `vectors`,
`model`, `wide_model`, `texts`, `runs`, `ours_only`.
"""

from argparse import Namespace
from collections import deque
from functools import lru_cache, partial
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, Iterable, List, Sequence, Tuple

import spacy
from corpora import DATASETS, read_corpus
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from .timing import Side

COMPONENT = "birnn_ner"
DATASET = DATASETS["conll2003"]
BATCH_SIZE = 256

Words = List[str]


def models(args: Namespace) -> List[Path]:
    """The trained pipelines that are given."""
    return [model for model in (args.model, args.wide_model) if model is not None]


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
    return read_corpus(nlp, path, DATASET, docs=docs, **limit)


def untagged(examples: Sequence[Example]) -> List[Doc]:
    """New Docs, as the reader gives them."""
    return [example.predicted.copy() for example in examples]


def count_tokens(docs: Iterable[Doc]) -> int:
    return sum(len(doc) for doc in docs)


def pipe(nlp: Language, docs: Iterable, **settings: Any) -> None:
    """Tag texts or Docs, and let go of the result."""
    deque(nlp.pipe(docs, batch_size=BATCH_SIZE, **settings), maxlen=0)


def one_by_one(nlp: Language, docs: Iterable) -> None:
    for doc in docs:
        nlp(doc)


def piping_examples(nlp: Language, examples: Sequence[Example]) -> Side:
    """Tag new Docs of the same examples in each run."""
    return Side(partial(pipe, nlp), partial(untagged, examples))


def piping_words(nlp: Language, docs: Iterable[Words]) -> Side:
    """Tag new Docs of the same words in each run."""
    return Side(partial(pipe, nlp), partial(docs_of, nlp, docs))


def piping_texts(nlp: Language, texts: Sequence[str], **settings: Any) -> Side:
    """Tag the same texts in each run."""
    return Side(lambda _: pipe(nlp, texts, **settings))


def docs_of(nlp: Language, docs: Iterable[Words]) -> List[Doc]:
    """New Docs of given words, without sentence starts."""
    return [Doc(nlp.vocab, words=words) for words in docs]


def words_of(args: Namespace, part: str = "test") -> List[Words]:
    """The words of each sentence of a file."""
    examples = read(args, spacy.blank("en"), part)
    return [[token.text for token in example.reference] for example in examples]


def running_words(sentences: Iterable[Words], count: int) -> Words:
    """This many words of running text, which begins anew where the sentences end."""
    return list(islice(chain.from_iterable(cycle(sentences)), count))


def running_texts(args: Namespace, count: int, length: int) -> List[str]:
    """Running text of testa in so many texts of so many words."""
    words = running_words(words_of(args), count * length)
    return [" ".join(piece) for piece in pieces(words, length)]


def encoder_sizes(nlp: Language) -> Tuple[int, int]:
    """The width of the encoder's input, and of one direction's hidden state."""
    blocks = nlp.config["components"][COMPONENT]["model"]["tok2vec"]
    n_in = nlp.vocab.vectors.shape[1] + blocks["embed"]["char_width"]
    return n_in, blocks["encode"]["width"] // 2


def pieces(items: Any, size: int) -> List:
    """Cut into pieces of a size; the last may be shorter."""
    return [items[i : i + size] for i in range(0, len(items), size)]
