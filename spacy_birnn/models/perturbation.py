"""Embeddings that are moved in training, and the gradient that says where to."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator, Optional

from thinc.types import Floats2d


@dataclass
class Perturbation:
    """Moves the embeddings of a tok2vec in training, and keeps their gradient.

    Attributes:
        is_kept: whether the attributes below are kept of each training pass.
        embeddings: of all tokens of the last batch, shape (N, D); None where there was
            nothing to encode.
        gradient: of its loss for them, shape (N, D).
        shift: what is added to the embeddings, shape (N, D); None for nothing.
    """

    is_kept: bool = False
    embeddings: Optional[Floats2d] = None
    gradient: Optional[Floats2d] = None
    shift: Optional[Floats2d] = None

    def apply(self, embeddings: Floats2d) -> Floats2d:
        """The embeddings of a pass, moved if there is a shift."""
        if self.is_kept:
            self.embeddings = embeddings
        return embeddings if self.shift is None else embeddings + self.shift

    def note(self, gradient: Floats2d) -> None:
        """Keep the gradient of a pass, where it is asked for."""
        if self.is_kept:
            self.gradient = gradient

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what passes within this context compute."""
        self.embeddings = self.gradient = None
        self.is_kept = True
        try:
            yield
        finally:
            self.is_kept = False

    @contextmanager
    def shifted(self, shift: Floats2d) -> Iterator[None]:
        """Move the embeddings of passes within this context; forget what was kept."""
        self.shift = shift
        try:
            yield
        finally:
            self.shift = self.embeddings = self.gradient = None
