"""Files of running text of any length, in which new words never stop coming."""

import random
from itertools import cycle
from pathlib import Path
from string import ascii_lowercase
from typing import List, Sequence

NEW_WORD_LENGTH = 9
"""Letters of a made-up word: with so many, hardly one is made twice."""


def write_text(path: Path, sentences: Sequence[List[str]], n_words: int) -> None:
    """Repeat the sentences, a line each, with one word in each that nobody has met.

    Args:
        path: The file to write.
        sentences: The words of each sentence.
        n_words: The file ends with the sentence that reaches so many.
    """
    generator = random.Random(0)
    written = 0
    with path.open("w", encoding="utf8") as file:
        for sentence in cycle(sentences):
            words = sentence.copy()
            letters = generator.choices(ascii_lowercase, k=NEW_WORD_LENGTH)
            words[generator.randrange(len(words))] = "".join(letters)
            file.write(" ".join(words) + "\n")
            written += len(words)
            if written >= n_words:
                return
