"""Both ways that forward–backward may take."""

import pytest

from .brute_force import INF


@pytest.fixture(params=[None, "log"])
def path(request, monkeypatch):
    """Run a test in scaled probabilities, then with every sequence in log space."""
    if request.param == "log":
        monkeypatch.setattr("spacy_birnn.nn.crf.forward_backward.SAFETY", INF)
    return request.param
