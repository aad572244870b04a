"""Terms that a component may add to its loss in training, at no cost in prediction.

Adversarial embeddings, consistency of two passes, auxiliary heads and the like are each
one function. A component calls those in its list `regularizers` between its forward
and its backward pass.
"""

from typing import Any, List, Optional, Protocol, Tuple

from spacy.training import Example
from thinc.types import Floats2d


class Regularizer(Protocol):
    """A term that is added to the loss of a batch.

    Attributes:
        name: its loss is shown under `<component>_<name>`.
    """

    name: str

    def __call__(
        self, pipe: Any, examples: List[Example], emissions: List[Floats2d]
    ) -> Tuple[float, Optional[List[Floats2d]]]:
        """Compute the term.

        A term that needs passes of its own runs `pipe.model.begin_update` and the
        callback that it returns: gradients of parameters add up until the component
        takes its step.

        Args:
            pipe: the component, in training: its dropout is set.
            examples: the batch.
            emissions: of the forward pass, one array of shape (tokens, L) per document.

        Returns:
            The term, with its weight, and its gradient for the emissions, shaped like
            them; None where it has none.
        """
