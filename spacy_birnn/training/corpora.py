"""The readers of the corpora that a config names."""

from typing import Callable, Iterable, Tuple

from spacy.language import Language
from spacy.training import Example
from spacy.util import resolve_dot_names
from thinc.api import Config

from .config_values import coded

Reader = Callable[[Language], Iterable[Example]]


def resolve_corpus(config: Config, name: str) -> Reader:
    """Make the reader of a corpus; see `resolve_corpora`."""
    return resolve_corpora(config, name)[0]


def resolve_corpora(config: Config, *names: str) -> Tuple[Reader, ...]:
    """Make the readers of these corpora, and of no others: those may lack their paths.

    Args:
        config: interpolated.
        names: as `[training] train_corpus` has them.

    Raises:
        BirnnError: one is made by a function that is not there, or of other arguments.
    """
    corpora = config["corpora"]
    if all(name.startswith("corpora.") for name in names) and "@readers" not in corpora:
        wanted = {name.split(".")[1] for name in names}
        some = {key: value for key, value in corpora.items() if key in wanted}
        config = Config({**config, "corpora": some})
    with coded(config):
        return resolve_dot_names(config, list(names))
