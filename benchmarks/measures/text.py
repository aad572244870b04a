"""`text`: what raw text costs beyond the tokenizer and the component by itself."""

from collections import deque
from typing import Iterator, List, cast

from spacy.pipeline import Pipe
from spacy.tokens import Doc

from .inputs import BATCH_SIZE, COMPONENT, Setting, count_tokens, load, pipe, read
from .rows import Row, Spread, ratios
from .timing import Side, alternate

TARGET = 0.9


def measure(setting: Setting) -> Iterator[Row]:
    """Seconds of the parts over those of the whole, for testa sentence by sentence."""
    nlp = load(setting.model)
    component = cast(Pipe, nlp.get_pipe(COMPONENT))
    texts = [eg.predicted.text for eg in read(nlp, setting.test_file)]

    def tag(docs: List[Doc]) -> None:
        deque(component.pipe(docs, batch_size=BATCH_SIZE), maxlen=0)

    whole, tokenizer, tagger = alternate(
        [
            Side(lambda _: pipe(nlp, texts)),
            Side(lambda _: pipe(nlp, texts, disable=nlp.pipe_names)),
            Side(tag, lambda: [nlp.make_doc(text) for text in texts]),
        ],
        setting.runs,
    )
    parts = [a + b for a, b in zip(tokenizer, tagger, strict=True)]
    tokens = count_tokens(nlp.make_doc(text) for text in texts)
    yield Row(
        f"{tokens} tokens",
        "tokenizer + component over ready Docs",
        unit="s",
        ours=Spread.of(whole),
        other=Spread.of(parts),
        value=Spread.of(ratios(parts, whole)),
        runs=setting.runs,
        target=TARGET,
    )
