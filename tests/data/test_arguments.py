from pathlib import Path

import pytest

from spacy_birnn.data import arguments
from spacy_birnn.errors import BirnnError


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("path", ["a", Path("a")], [None, 3, b"a", ["a"]]),
        (
            "columns",
            [{}, {"word": -1, "ents": 0, "_.slot": 3}],
            ["word=0", {"word": "0"}, {"ents": 1.0}, {"ents": False}, {"_.": 1}],
        ),
        ("target", ["ents", "chunks", "tag", "pos", "_.x"], ["word", "_.1", None, 0]),
        ("scheme", ["auto", "raw", "iob1", "bilou"], ["", "BIO", None]),
        ("limit", [0, 7], [-1, 1.0, "1", True, None]),
        ("joined", [0, 2, 10], [-1, 1, 2.0, "2", True, None]),
    ],
)
def test_checks(check, good, bad):
    function = getattr(arguments, f"check_{check}")
    for value in good:
        function(value)
    for value in bad:
        with pytest.raises(BirnnError, match=r"^\[B1\d\d\] .+\Z"):
            function(value)
