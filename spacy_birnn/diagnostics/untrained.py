"""A pipeline as its training would begin: initialized, and not trained."""

from pathlib import Path
from typing import Callable, List

from spacy.language import Language
from spacy.training import Example
from spacy.util import get_sourced_components, load_model_from_config
from thinc.api import Config, ConfigValidationError, fix_random_seed

from ..errors import BirnnError, Errors, one_line


def build_untrained(
    config: Config,
    read_examples: Callable[[Language], List[Example]],
    seed: int,
    path: Path,
) -> Language:
    """Build the pipeline of a config and draw its first weights.

    Labels come from the examples, vectors from the config's `[initialize]`, which
    usually reads `[paths] vectors`. Components that the config takes from other
    pipelines keep their weights.

    Args:
        config: a training config, not interpolated.
        read_examples: reads annotated documents with the pipeline.
        seed: of the weights.
        path: of the config, for messages.

    Raises:
        BirnnError: the pipeline cannot be built or initialized.
    """
    fix_random_seed(seed)
    try:
        nlp = load_model_from_config(config, auto_fill=True)
        examples = read_examples(nlp)
        fix_random_seed(seed)
        sourced = get_sourced_components(config.interpolate())
        with nlp.select_pipes(disable=list(sourced)):
            nlp.initialize(lambda: examples)
    except (BirnnError, ConfigValidationError):
        raise
    except Exception as error:
        # Every component and every callback of a config has errors of its own.
        reason = one_line(error)
        raise BirnnError(Errors.B407.format(path=path, reason=reason)) from error
    return nlp
