"""Word forms as the embedding's module takes them, and their embedding by form."""

from typing import Any, List, Mapping, NamedTuple, Optional, Tuple, Union

import numpy
import torch
from spacy.strings import StringStore
from spacy.vectors import Vectors

from ..errors import BirnnError, Errors
from ..nn.words import PreparedWordCharEmbedding, WordCharEmbedding, WordTable
from .vectors import (
    LookedUp,
    look_up,
    no_own,
    no_row,
    row_finder,
    rows_to_vectors,
    width_of,
)

Spelled = Union[StringStore, Mapping[int, str]]
"""Words by their hashes."""

MAX_CHARS = 64
"""Longer forms are read by their first and last characters, half of this each."""


class Forms(NamedTuple):
    """Distinct word forms, read for a `WordCharEmbedding`.

    Attributes:
        inputs: the module's arguments from `vectors` to `char_lengths`.
        found: how they were found in the vectors, None where none are looked up.
    """

    inputs: List[Any]
    found: Optional[LookedUp]


def read_forms(
    module: WordCharEmbedding,
    vectors: Optional[Vectors],
    strings: Spelled,
    keys: List[int],
    is_train: bool,
) -> Forms:
    """Look forms up and spell them.

    Words that training meets for the first time get their trainable row here.

    Raises:
        BirnnError: The vectors are not as wide as those that the module was trained
            with.
    """
    spelled = [strings[key] for key in keys]
    chars = [None, None] if module.chars is None else _char_inputs(spelled)
    width = module.word_width
    if not width:
        return Forms([None, None, None, *chars], None)
    if vectors is not None and width_of(vectors) != width:
        raise BirnnError(Errors.B012.format(found=width_of(vectors), trained=width))
    words = module.words
    own = words.rows if words is not None else {}
    row_of = no_row if vectors is None else row_finder(vectors)
    # In training a word's row must not depend on which words were met before it.
    has_own = no_own if is_train else own.__contains__
    found = look_up(spelled, keys, row_of, has_own)
    given = rows_to_vectors(vectors, spelled, found.rows, width)
    if words is not None and is_train:
        _add_new_rows(words, found, given)
    own_rows = numpy.array([own.get(key, -1) for key in found.keys])
    arrays = [torch.from_numpy(a) for a in (given, found.rows >= 0, own_rows)]
    return Forms([*arrays, *chars], found)


def _add_new_rows(words: WordTable, found: LookedUp, given: numpy.ndarray) -> None:
    """Words without a row get one: from their vector, else small random numbers."""
    new = {key: i for i, key in enumerate(found.keys) if key not in words.rows}
    if not new:
        return
    index = list(new.values())
    start = torch.from_numpy(given[index])
    bound = (3.0 / start.shape[1]) ** 0.5  # as for characters: Ma & Hovy (2016), §3.1
    fresh = torch.from_numpy(found.rows[index] < 0).unsqueeze(1)
    noise = torch.empty_like(start).uniform_(-bound, bound)
    words.add(list(new), torch.where(fresh, noise, start))


def _char_inputs(forms: List[str]) -> list:
    """Code points of all forms, a 0 before and after each, and characters per form."""
    half = MAX_CHARS // 2
    cut = [f if len(f) <= MAX_CHARS else f[:half] + f[-half:] for f in forms]
    text = "\0" + "\0".join(cut) + "\0"
    # surrogatepass: a lone surrogate in a text is a character like any other
    data = text.encode("utf-32-le", errors="surrogatepass")
    code_points = numpy.frombuffer(data, dtype="<u4").astype("int64")
    return [torch.from_numpy(code_points), [len(form) for form in cut]]


class FormEmbedder:
    """Embeds word forms, on a CPU, with the weights that the module has now.

    Args:
        module: of a WordCharEmbed.
    """

    def __init__(self, module: WordCharEmbedding) -> None:
        self._module = module
        self._prepared = PreparedWordCharEmbedding(module)

    @property
    def is_exact(self) -> bool:
        """See `PreparedWordCharEmbedding`."""
        return self._prepared.is_exact

    def embed(
        self, vectors: Optional[Vectors], strings: Spelled, keys: List[int]
    ) -> Tuple[torch.Tensor, Optional[LookedUp]]:
        """Embed forms as `forward` embeds tokens.

        Args:
            vectors: where their vectors are looked up, None for nowhere.
            strings: where their strings are.
            keys: their hashes, F of them.

        Returns:
            Rows (F, nO), and how the forms were found in the vectors.
        """
        forms = read_forms(self._module, vectors, strings, keys, is_train=False)
        return torch.from_numpy(self._prepared(*forms.inputs)), forms.found
