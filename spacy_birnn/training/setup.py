"""From a config to an initialized pipeline and all that training needs.

As `spacy.training.initialize.init_nlp`, with the same random numbers, but the training
corpus is read once, for the labels and for the updates.
"""

from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Protocol,
    Tuple,
)

from spacy.errors import Warnings as SpacyWarnings
from spacy.language import DEFAULT_CONFIG, Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.util import (
    get_sourced_components,
    load_model_from_config,
    logger,
    registry,
)
from thinc.api import Config, fix_random_seed, set_gpu_allocator

from ..errors import BirnnError, Errors
from ..garbage import no_collections
from ..pipeline.labels import LabelledPipe
from ..progress import show_wait
from .config_keys import check_sections
from .config_values import check_score_weights, check_settings, coded, wrong_setting
from .corpora import Reader, resolve_corpora, resolve_corpus
from .dev_use import DevUse, check_needs_no_score, read_dev_too

STREAM_SAMPLE = 100
"""Examples that a pipeline is initialized on where the training data is a stream."""


class EpochCorpus(Protocol):
    """A training corpus that has other Examples in each epoch, always as many.

    It takes the place of the config's own. Where training is resumed, its `fingerprint`
    and its `settings` must be the same.
    """

    @property
    def fingerprint(self) -> str:
        """The identity of the data."""

    @property
    def settings(self) -> Dict[str, Any]:
        """All else that decides the Examples, by name, as JSON can hold it."""

    def prepare(self, nlp: Language) -> None:
        """Do what has to be done before the pipeline is initialized."""

    def __call__(self, nlp: Language) -> Iterable[Example]:
        """The Examples of the first epoch, on which the pipeline is initialized."""

    def of_epoch(self, epoch: int) -> List[Example]:
        """The Examples of an epoch, from 0."""


class Built(NamedTuple):
    """A pipeline as its config describes it, not initialized.

    Attributes:
        nlp: the pipeline.
        config: complete and interpolated.
        settings: the section `[training]`, resolved to objects.
        sourced: names of the components that come from other pipelines.
    """

    nlp: Language
    config: Config
    settings: Dict[str, Any]
    sourced: List[str]


@dataclass
class Setup:
    """The things that training works with.

    Attributes:
        nlp: the initialized pipeline.
        config: its config, interpolated.
        settings: the section `[training]`, resolved to objects.
        train: reads the training corpus.
        dev: reads the development corpus; None where it chooses nothing.
        examples: of the training corpus; None where it is a stream.
        of_epoch: the examples of an epoch, where each has its own; else None.
        dev_use: what the development corpus is for.
    """

    nlp: Language
    config: Config
    settings: Dict[str, Any]
    train: Reader
    dev: Optional[Reader]
    examples: Optional[List[Example]]
    of_epoch: Optional[Callable[[int], List[Example]]] = None
    dev_use: DevUse = DevUse.choose


def set_up(
    raw_config: Config,
    use_gpu: int = -1,
    corpus: Optional[EpochCorpus] = None,
    dev_use: DevUse = DevUse.choose,
) -> Setup:
    """Build and initialize a pipeline.

    Args:
        raw_config: not interpolated. spaCy's defaults are filled in where keys lack.
        use_gpu: as for spaCy; the GPU has to be activated.
        corpus: is trained on instead of what the config names.
        dev_use: what the development corpus is for.

    Raises:
        BirnnError: the training corpus is empty, a key or a value of the config is
            wrong, or a key without a default is not there.
    """
    built = build(raw_config, use_gpu)
    nlp, config, settings, _ = built
    if dev_use is not DevUse.choose:
        check_needs_no_score(settings)
    train, dev = _readers(config, settings, corpus, dev_use)
    if corpus is not None:
        corpus.prepare(nlp)
    read = _read_once(nlp, train, settings)
    with show_wait("Initializing the pipeline"):
        initialize(built, read)
    examples = None if _is_stream(settings) else read()
    # `spacy train` begins training with the seed as it begins initialization.
    _seed(config)
    of_epoch = None if corpus is None else corpus.of_epoch
    return Setup(nlp, config, settings, train, dev, examples, of_epoch, dev_use)


def _is_stream(settings: Dict[str, Any]) -> bool:
    return settings["max_epochs"] < 0


def _read_once(
    nlp: Language, train: Reader, settings: Dict[str, Any]
) -> Callable[[], List[Example]]:
    """A function that reads the training corpus, or the beginning of a stream.

    It reads when it is called for the first time, so that the vectors are there: when
    they are loaded, the vocabulary forgets the words that it has met.
    """

    @cache
    def read() -> List[Example]:
        if _is_stream(settings):
            return list(islice(train(nlp), STREAM_SAMPLE))
        with no_collections():
            examples = list(train(nlp))
        if not examples:
            raise BirnnError(Errors.B068.format(corpus=settings["train_corpus"]))
        return examples

    return read


def _readers(
    config: Config,
    settings: Dict[str, Any],
    corpus: Optional[EpochCorpus],
    dev_use: DevUse,
) -> Tuple[Reader, Optional[Reader]]:
    names = settings["train_corpus"], settings["dev_corpus"]
    if corpus is not None:
        chooses = dev_use is DevUse.choose
        return corpus, resolve_corpus(config, names[1]) if chooses else None
    if dev_use is DevUse.none:
        return resolve_corpus(config, names[0]), None
    train, dev = resolve_corpora(config, *names)
    if dev_use is DevUse.train:
        return read_dev_too(train, dev, names[1]), None
    return train, dev


def build(raw_config: Config, use_gpu: int = -1) -> Built:
    """Build a pipeline, with the random numbers that its config asks for.

    Args:
        raw_config: not interpolated. spaCy's defaults are filled in where keys lack.
        use_gpu: as for spaCy; the GPU has to be activated.

    Raises:
        BirnnError: a key or a value of the config is wrong, or a key without a default
            is not there.
    """
    check_sections(raw_config)
    raw_config = _with_defaults(raw_config)
    config = raw_config.interpolate()
    _seed(config)
    allocator = config["training"]["gpu_allocator"]
    if use_gpu >= 0 and allocator:
        set_gpu_allocator(allocator)
    sourced = get_sourced_components(config)
    check_score_weights(config)
    with coded(config):
        nlp = load_model_from_config(raw_config, auto_fill=True)
        config = nlp.config.interpolate()
        settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    check_settings(settings, config, nlp.component_names)
    return Built(nlp, config, settings, list(sourced))


def _with_defaults(config: Config) -> Config:
    """Add the keys that are needed before spaCy fills in its defaults."""
    defaults = {name: DEFAULT_CONFIG[name] for name in ("paths", "system")}
    keys = ("seed", "gpu_allocator")
    defaults["training"] = {key: DEFAULT_CONFIG["training"][key] for key in keys}
    return Config(defaults, is_interpolated=False).merge(config)


def _seed(config: Config) -> None:
    seed = config["training"]["seed"]
    if seed is None:
        return
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise wrong_setting("seed", seed, "a number from 0, or null")
    fix_random_seed(seed)


def initialize(built: Built, read: Callable[[], List[Example]]) -> None:
    """Initialize a pipeline as its config says.

    Args:
        built: the pipeline.
        read: returns the Examples that give it its labels. It is called when the
            vectors are there.

    Raises:
        BirnnError: a value of the config is wrong, or what it names is not there.
    """
    nlp, config, settings, sourced = built
    frozen, optimizer = settings["frozen_components"], settings["optimizer"]
    resumed = [name for name in sourced if name not in frozen]
    with coded(config):
        if resumed:
            with nlp.select_pipes(enable=resumed):
                nlp.resume_training(sgd=optimizer)
        nlp._link_components()
        _check_frozen(nlp, frozen)
        with nlp.select_pipes(disable=[*frozen, *resumed]):
            nlp.initialize(read, sgd=optimizer)
        _warn_of_listeners(nlp, frozen, settings["annotating_components"])


def _check_frozen(nlp: Language, frozen: List[str]) -> None:
    """Raise where a component of ours is frozen that has never learned anything."""
    for name in frozen:
        component = nlp.get_pipe(name)
        if isinstance(component, LabelledPipe) and not component.is_initialized:
            raise BirnnError(Errors.B091.format(name=name))


def _warn_of_listeners(nlp: Language, frozen: List[str], annotating: List[str]) -> None:
    """spaCy's warnings about shared encoders of which one side is frozen."""
    for name, component in nlp.pipeline:
        for listener in getattr(component, "listening_components", []):
            if listener not in nlp.pipe_names:
                continue
            text = {"name": name, "listener": listener}
            if listener in frozen and name not in frozen:
                logger.warning(SpacyWarnings.W087.format(**text))
            is_stale = name in frozen and name not in annotating
            if listener not in frozen and is_stale:
                logger.warning(SpacyWarnings.W086.format(**text))
