"""The student before it learns: its component, its labels and its annotated data."""

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Literal,
    Optional,
    Sequence,
    Tuple,
)

from spacy.language import Language
from spacy.training import Example
from spacy.util import logger, registry
from thinc.api import Config

from ..errors import BirnnError, Errors
from ..pipeline.base import BiRNNPipe
from ..tagging.targets import Target
from ..training.config_values import wrong_setting
from ..training.corpora import Reader, resolve_corpora, resolve_corpus
from ..training.dev_use import DevUse, check_needs_no_score, read_dev_too
from ..training.evaluation import DevSet
from ..training.setup import Built, initialize
from ..training.step import check_learn_rate


@dataclass(frozen=True)
class Student:
    """A pipeline that is to be trained.

    Attributes:
        built: the pipeline and its config; it is initialized by `initialize`.
        name: of its component that learns from the teachers.
        dev_use: what the development corpus is for.
    """

    built: Built
    name: str
    dev_use: DevUse = DevUse.choose

    @classmethod
    def of(cls, built: Built, dev_use: DevUse = DevUse.choose) -> "Student":
        """The student that a config describes.

        Raises:
            BirnnError: it has no component of ours, or several, or one that is frozen;
                its training data is a stream without an end; or it needs a score that
                it does not get.
        """
        name = find_component_name(built.nlp)
        frozen = built.settings["frozen_components"]
        if name in frozen:
            raise wrong_setting(
                "frozen_components", frozen, f"without {name}: it learns"
            )
        if built.settings["max_epochs"] < 0:
            raise BirnnError(
                Errors.B458.format(
                    name="training.max_epochs",
                    value=built.settings["max_epochs"],
                    expected="epochs that end: give 0 or a number of them",
                )
            )
        if dev_use is not DevUse.choose:
            check_needs_no_score(built.settings)
        return cls(built, name, dev_use)

    @property
    def nlp(self) -> Language:
        """The pipeline."""
        return self.built.nlp

    @property
    def config(self) -> Config:
        """Its config, interpolated."""
        return self.built.config

    @property
    def settings(self) -> Dict[str, Any]:
        """The section `[training]`, resolved to objects."""
        return self.built.settings

    def check(self) -> None:
        """Look now for what would stop the training when the teachers have read.

        Raises:
            BirnnError: there are no data to choose its weights by, or it cannot learn
                with this rate.
        """
        if self.dev_use is DevUse.choose:
            for _ in self._dev()(self.nlp):
                pass
        check_learn_rate(self.settings["optimizer"].learn_rate, 0)

    def initialize(self) -> List[Example]:
        """Initialize it as training will, so that its tokenizer is ready for the texts,
        and all that it starts from is looked at now: vectors, other pipelines, sizes.

        Returns:
            The annotated data, as its tokenizer has cut them.

        Raises:
            BirnnError: something is not there, or does not fit; or nothing that counts
                is annotated in the development corpus.
        """
        gold = cache(self.read_gold)  # several components ask for it

        def some_examples() -> List[Example]:
            # Made when the vectors are there: the vocabulary forgets earlier words.
            text = self.nlp.make_doc("one")
            return gold() or [Example(text, text.copy())]

        with _silence():  # training says it again, of the words that it learns from
            initialize(self.built, some_examples)
            if self.dev_use is DevUse.choose:
                weights = self.settings["score_weights"]
                DevSet(self.nlp, lambda: self._dev()(self.nlp), weights).evaluate()
        return gold()

    def _dev(self) -> Reader:
        return resolve_corpus(self.config, self.settings["dev_corpus"])

    @property
    def pipe(self) -> BiRNNPipe:
        """The component that learns from the teachers."""
        return self.nlp.get_pipe(self.name)  # type: ignore[return-value]

    @property
    def target(self) -> Target:
        """The annotation that it learns."""
        name = self.pipe.target
        return Target(name, self.pipe.cfg["spans_key"] if name == "spans" else "")

    def read_gold(self) -> List[Example]:
        """Read the annotated data; none where the config names no file."""
        reader = gold_reader(self.config, self.dev_use)
        return [] if reader is None else list(reader(self.nlp))

    def given_labels(self) -> Optional[List[str]]:
        """The labels that the config lists, None where it does not."""
        settings = self.config["initialize"].get("components", {}).get(self.name, {})
        labels = registry.resolve(settings).get("labels")
        return None if labels is None else list(labels)

    def gold_labels(self, gold: Sequence[Example]) -> List[str]:
        """The labels of annotated data, sorted."""
        found = {label for eg in gold for label in self.pipe.collect_labels(eg)}
        return sorted(found, key=str)


def add_labels(pipe: BiRNNPipe, labels: Iterable[str]) -> None:
    """Give a student its labels. None is masked, as one that has never been gold is
    otherwise: the teachers teach all of them."""
    for label in labels:
        pipe.add_label(label)
    pipe.cfg["masked"] = []


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing and warn of nothing in this block."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def find_component_name(nlp: Language) -> str:
    """The name of the only component of ours.

    Raises:
        BirnnError: there is none, or there are several.
    """
    names = [name for name, pipe in nlp.pipeline if isinstance(pipe, BiRNNPipe)]
    if len(names) != 1:
        found = f"{len(names)} ({', '.join(names)})" if names else "none of them"
        raise BirnnError(Errors.B453.format(found=found))
    return names[0]


def corpus_section(
    config: Config, part: Literal["train", "dev"] = "train"
) -> Tuple[str, Dict[str, Any]]:
    """A corpus in a config: its dotted name, and its section.

    Args:
        config: interpolated; spaCy's defaults may lack.
        part: which of the two that training has.
    """
    name = config.get("training", {}).get(f"{part}_corpus", f"corpora.{part}")
    return name, config.get("corpora", {}).get(name.removeprefix("corpora."), {})


def gold_reader(config: Config, dev_use: DevUse) -> Optional[Reader]:
    """The reader of the annotated data; None where its path is null.

    Args:
        config: interpolated.
        dev_use: what the development corpus is for.

    Raises:
        BirnnError: the development corpus is to be read by its settings too, and it
            has no path.
    """
    name, section = corpus_section(config)
    is_there = "path" not in section or section["path"] is not None
    if dev_use is not DevUse.train:
        return resolve_corpus(config, name) if is_there else None
    if not is_there:
        expected = "a corpus with a path, by whose settings --dev train reads dev too"
        raise wrong_setting("train_corpus", name, expected)
    dev_name, _ = corpus_section(config, "dev")
    train, dev = resolve_corpora(config, name, dev_name)
    return read_dev_too(train, dev, dev_name)
