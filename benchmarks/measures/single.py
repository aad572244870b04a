"""`single`: one document at a time against batches."""

from typing import Iterator

from .inputs import Setting, count_tokens, load, pipe, running_words, words_of
from .rows import Row, speed_row
from .timing import Side, alternate

TEXTS, WORDS = 1000, 20
TARGET = 0.2


def measure(setting: Setting) -> Iterator[Row]:
    """Tokens/s of `nlp(text)` over those of `nlp.pipe(texts)`."""
    nlp = load(setting.model)
    words = running_words(words_of(setting.test_file), TEXTS * WORDS)
    starts = range(0, len(words), WORDS)
    texts = [" ".join(words[i : i + WORDS]) for i in starts]

    def one_by_one(_: None) -> None:
        for text in texts:
            nlp(text)

    single, batched = alternate(
        [Side(one_by_one), Side(lambda _: pipe(nlp, texts))], setting.runs
    )
    tokens = count_tokens(nlp.make_doc(text) for text in texts)
    case = f"{TEXTS} texts of {WORDS} words"
    yield speed_row(case, "nlp.pipe over them", tokens, single, batched, TARGET)
