"""Examples of a corpus that is read again and again, as a development set is."""

from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.training import Example
from spacy.vocab import Vocab

MAX_TOKENS = 1_000_000
"""A larger corpus is read from its files each time."""

Stamp = Tuple[Tuple[Path, int, int], ...]


class KeptExamples:
    """Keep what the second reading of a corpus yields, for all later ones.

    A training set is read once or twice, so the first reading keeps nothing. Examples
    are made anew each time, since predictions are written into them; their references,
    into which nobody writes, are shared.

    Args:
        max_tokens: keep no corpus with more tokens.
    """

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self.max_tokens = max_tokens
        self._read: Optional[Tuple[Vocab, Stamp]] = None
        self._examples: Optional[List[Example]] = None

    def read(
        self,
        nlp: Language,
        files: Sequence[Path],
        read: Callable[[], Iterable[Example]],
    ) -> Iterator[Example]:
        """Yield the examples of a corpus.

        Args:
            nlp: the pipeline that they are for.
            files: what is read; when they change they are read again.
            read: reads them.
        """
        key = (nlp.vocab, _stamp(files))
        if self._read != key:
            self._read = self._examples = None
            yield from read()
            self._read = key
        elif self._examples is None:
            yield from self._keep(read())
        else:
            for example in self._examples:
                yield anew(example)

    def _keep(self, examples: Iterable[Example]) -> Iterator[Example]:
        kept: Optional[List[Example]] = []
        n_tokens = 0
        for example in examples:
            n_tokens += len(example.predicted) + len(example.reference)
            if n_tokens > self.max_tokens:
                kept = None
            if kept is not None:
                kept.append(anew(example))
            yield example
        self._examples = kept


def anew(example: Example) -> Example:
    """The same example without predictions; the reference is shared."""
    return Example(example.predicted.copy(), example.reference)


def _stamp(files: Iterable[Path]) -> Stamp:
    """Changes whenever a file does, as far as the file system tells."""
    found = [(path, path.stat()) for path in files]
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in found)
