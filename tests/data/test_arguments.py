from pathlib import Path

import pytest

from spacy_birnn.data import arguments
from spacy_birnn.errors import BirnnError


@pytest.mark.parametrize(
    ("check", "code", "good", "bad"),
    [
        ("path", "B135", ["a", Path("a")], [None, 3, b"a", ["a"]]),
        (
            "columns",
            "B136|B137|B111",
            [{}, {"word": -1, "ents": 0, "_.slot": 3}],
            ["word=0", {"word": "0"}, {"ents": 1.0}, {"ents": False}, {"_.": 1}],
        ),
        (
            "target",
            "B111",
            ["ents", "chunks", "tag", "pos", "_.x"],
            ["word", "_.1", None, 0],
        ),
        ("scheme", "B103", ["auto", "raw", "iob1", "bilou"], ["", "BIO", None]),
        ("limit", "B138", [0, 7], [-1, 1.0, "1", True, None]),
        ("joined", "B150", [0, 2, 10], [-1, 1, 2.0, "2", True, None]),
    ],
)
def test_checks(check, code, good, bad):
    function = getattr(arguments, f"check_{check}")
    for value in good:
        function(value)
    for value in bad:
        with pytest.raises(BirnnError, match=rf"^\[({code})\] .+\Z"):
            function(value)
