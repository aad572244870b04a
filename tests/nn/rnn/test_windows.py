"""Windows over very long sequences."""

import pytest
import torch

from spacy_birnn.nn.rnn import windows
from spacy_birnn.nn.rnn.birnn import BiRNN
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.windows import Windows


@pytest.fixture
def small(monkeypatch):
    """Windows of 10 tokens, with 3 more at both ends."""
    monkeypatch.setattr(windows, "SIZE", 10)
    monkeypatch.setattr(windows, "CONTEXT", 3)
    monkeypatch.setattr(windows, "LONGEST", 16)


def full_recurrence(encoder, X, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(windows, "LONGEST", 10**9)
        return encoder(X, [len(X)])


@pytest.mark.parametrize("lengths", [[], [0], [windows.LONGEST, 3, 0], [1]])
def test_short_sequences_stay_whole(lengths):
    X = torch.randn(sum(lengths), 2)
    cut = Windows(lengths)
    assert cut.lengths == lengths
    assert cut.split(X) is X
    assert cut.join(X) is X


@pytest.mark.parametrize(
    "lengths", [[17], [30], [31], [4, 0, 17, 0, 40, 16, 1], [20, 20], [100]]
)
def test_windows_hold_their_context(small, lengths):
    cut = Windows(lengths)
    tokens = torch.arange(sum(lengths))
    rows = cut.split(tokens)
    assert len(rows) == sum(cut.lengths)
    assert torch.equal(cut.join(rows), tokens)
    assert max(cut.lengths) <= 16
    ends = torch.tensor(lengths).cumsum(0)
    for window in rows.split(cut.lengths):
        first, last = window[0].item(), window[-1].item()
        assert window.tolist() == list(range(first, last + 1))
        assert (ends > first).nonzero()[0] == (ends > last).nonzero()[0]


def test_every_token_has_its_context(small):
    cut = Windows([57])
    kept = cut.join(torch.cat([torch.arange(n) for n in cut.lengths]))
    sizes = cut.join(torch.cat([torch.full((n,), n) for n in cut.lengths]))
    for token, (place, size) in enumerate(zip(kept, sizes, strict=True)):
        assert place >= min(3, token)
        assert size - 1 - place >= min(3, 56 - token)


def test_gradient_goes_to_every_token_once(small):
    X = torch.randn(57, 2, requires_grad=True)
    cut = Windows([57])
    cut.join(cut.split(X)).sum().backward()
    assert torch.equal(X.grad, torch.ones(57, 2))


def test_memory_is_linear():
    for length in (10_000, 100_000):
        cut = Windows([length])
        assert sum(cut.lengths) < 1.45 * length
        assert max(cut.lengths) <= windows.LONGEST


@pytest.mark.parametrize("cell", CELLS)
def test_equals_the_full_recurrence(cell, monkeypatch):
    """With forget gates as open as a trained tagger has them: sigmoid(3) is 0.95."""
    encoder = BiRNN(8, 16, depth=2, cell=cell)
    for layer in encoder.layers if cell == "lstm" else ():
        for name, param in layer.named_parameters():
            if name.startswith("bias_ih"):
                param.data[8:16] = 3.0
            elif name.startswith("weight_hh"):
                param.data *= 0.3
    X = torch.randn(windows.LONGEST + 500, 8)
    with torch.no_grad():
        windowed, whole = encoder(X, [len(X)]), full_recurrence(encoder, X, monkeypatch)
        assert (windowed - whole).abs().max() < 1e-4
        monkeypatch.setattr(windows, "CONTEXT", 0)  # the test can tell
        assert (encoder(X, [len(X)]) - whole).abs().max() > 1e-2


def test_batch_does_not_matter():
    encoder = BiRNN(4, 8)
    X = torch.randn(windows.LONGEST + 44, 4)
    with torch.no_grad():
        together = encoder(X, [4, windows.LONGEST + 30, 10])
        alone = [
            encoder(rows, [len(rows)])
            for rows in X.split([4, windows.LONGEST + 30, 10])
        ]
    assert (together - torch.cat(alone)).abs().max() < 1e-5
