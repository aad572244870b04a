"""One component's view of one document, to ask for probabilities of labels."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Dict, List, Sequence, Tuple

import numpy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from torch import Tensor

from ..models.flat import to_tensor
from ..models.sequence_tagger import get_decoder
from ..nn.decoder import SequenceDecoder
from ..pipeline.base import BiRNNPipe
from ..pipeline.sequences import Sequences
from ..pipeline.spans import SpanPipe


@dataclass(frozen=True)
class Path:
    """Labels of neighbouring rows.

    Attributes:
        start: the first row.
        labels: ids of the labels, one per row.
        not_next: a label that the next row must not have, -1 for none: in IOB2 a span
            goes on with it.
    """

    start: int
    labels: List[int]
    not_next: int = -1

    @property
    def end(self) -> int:
        """The row after the last one."""
        return self.start + len(self.labels)


class Chain:
    """A component's labels for a document as it reached the component.

    Rows are those tokens that take part: white space does not.

    Args:
        nlp: the pipeline.
        pipe: a component of ours in it.
        doc: the document; what it has is not looked at but words and sentence starts.

    Attributes:
        doc: a copy that has gone through the components before this one.
        sequences: its sequences, N rows in all.
        emissions: their scores, shape (N, L).
        best: ids of the labels that the component gives, shape (N,).
    """

    def __init__(self, nlp: Language, pipe: BiRNNPipe, doc: Doc) -> None:
        pipe.check_initialized()
        self.pipe = pipe
        self.before = _before(nlp, pipe)
        self.doc = self._annotate([_bare(doc, [token.text for token in doc])])[0]
        if isinstance(pipe, SpanPipe):
            keep = not pipe.cfg["overwrite"]
            self.sequences: Sequences = pipe.sequences([self.doc], keep_preset=keep)
        else:
            self.sequences = pipe.sequences([self.doc])
        self.emissions = self._emissions([self.doc])
        permitted = self.sequences.permitted_on(self.emissions.device)
        self.best: Tensor = self.decoder.decode(
            self.emissions, self.sequences.lengths, permitted
        )
        self._variants: Dict[Tuple[str, int], Tensor] = {}

    @property
    def decoder(self) -> SequenceDecoder:
        """The component's decoder."""
        return get_decoder(self.pipe.model)

    @property
    def rows(self) -> List[int]:
        """The token of each row."""
        rows = self.sequences.rows
        return list(range(len(self.doc))) if rows is None else rows.tolist()

    def sequence_of(self, row: int) -> Tuple[int, int, int]:
        """Number, first row and end of the sequence that a row is in."""
        bounds = numpy.cumsum([0, *self.sequences.lengths]).tolist()
        for number, (start, end) in enumerate(pairwise(bounds)):
            if row < end:
                return number, start, end
        raise IndexError(row)

    def with_word(self, word: str, tokens: Sequence[int]) -> Tensor:
        """Give the emissions of M variants of the document, in each of which a word
        stands in the place of a token.

        Args:
            word: the word.
            tokens: the tokens in whose place it stands, M of them. Variants that the
                last call had, too, are not computed again.

        Returns:
            Shape (M · N, L), one variant after the other.
        """
        missing = [token for token in tokens if (word, token) not in self._variants]
        texts = [token.text for token in self.doc]
        docs = [
            _bare(self.doc, [*texts[:token], word, *texts[token + 1 :]])
            for token in missing
        ]
        found = dict(self._variants)
        if docs:
            emissions = self._emissions(self._annotate(docs))
            parts = emissions.split(len(self.rows))
            found.update(zip([(word, token) for token in missing], parts))
        self._variants = {(word, token): found[word, token] for token in tokens}
        return torch.cat(list(self._variants.values()))

    def log_probabilities(self, emissions: Tensor, path: Path) -> Tensor:
        """Give the log-probability of a path in each of M variants.

        Args:
            emissions: of all variants, shape (M · N, L).
            path: over the rows of one.

        Returns:
            Shape (M,), float64, natural logarithms.
        """
        n_rows = len(self.rows)
        count = len(emissions) // n_rows
        starts = numpy.arange(count) * n_rows + path.start
        permitted = self.sequences.permitted_on(emissions.device)
        return self.decoder.crf.span_log_marginals(
            emissions,
            self.sequences.lengths * count,
            starts,
            starts + len(path.labels),
            numpy.tile(path.labels, count),
            numpy.full(count, path.not_next),
            None if permitted is None else permitted.repeat(count, 1),
        )

    def marginals(self) -> Tensor:
        """The probability of each label at each row, shape (N, L)."""
        permitted = self.sequences.permitted_on(self.emissions.device)
        return self.decoder.marginals(self.emissions, self.sequences.lengths, permitted)

    def _annotate(self, docs: List[Doc]) -> List[Doc]:
        for component in self.before:
            docs = [component(doc) for doc in docs]
        return docs

    @torch.no_grad()
    def _emissions(self, docs: List[Doc]) -> Tensor:
        model = self.pipe.model
        device = self.decoder.linear.weight.device
        found = to_tensor(model.ops, model.predict(docs), device)
        if self.sequences.rows is None:
            return found
        offsets = numpy.arange(len(docs))[:, None] * len(self.doc)
        rows = (offsets + self.sequences.rows).flatten()
        return found.index_select(0, torch.from_numpy(rows).to(device))


def _before(nlp: Language, pipe: BiRNNPipe) -> list:
    """The components that come before one of ours."""
    components = []
    for _, component in nlp.pipeline:
        if component is pipe:
            break
        components.append(component)
    return components


def _bare(doc: Doc, words: List[str]) -> Doc:
    """A document of these words with nothing else but the sentence starts of `doc`."""
    spaces = [bool(token.whitespace_) for token in doc]
    starts: Any = [token.is_sent_start for token in doc]
    known = None if all(start is None for start in starts[1:]) else starts
    return Doc(doc.vocab, words=words, spaces=spaces, sent_starts=known)
