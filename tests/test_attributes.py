"""Which targets are custom attributes."""

import pytest

from spacy_birnn.attributes import custom_name


@pytest.mark.parametrize(
    ("target", "name"),
    [("_.slot", "slot"), ("tag", None), ("_.", None), ("_.a b", None), ("slot", None)],
)
def test_custom_name(target, name):
    assert custom_name(target) == name
