import pytest
import torch

from spacy_birnn.diagnostics.texts import Text
from spacy_birnn.diagnostics.token_gradients import token_gradients
from spacy_birnn.nn.rnn.cells import CELLS

from .plain_network import hidden_states, losses_at, make_network, make_text

LABELS = [0, 2, 1, 1, 2]
STEP = 1e-5


def differences(network, X, labels, target, change_of, width):
    """Central differences of both losses for each of `width` numbers."""
    found = {}
    for j in range(width):
        ends = []
        for sign in (1, -1):
            vector = torch.zeros(width, dtype=torch.double)
            vector[j] = sign * STEP
            H = hidden_states(network, *change_of(vector))
            ends.append(losses_at(network, H, labels, target))
        for name in ends[0]:
            slope = (ends[0][name] - ends[1][name]) / (2 * STEP)
            found.setdefault(name, []).append(slope)
    return {name: torch.tensor(slopes).double() for name, slopes in found.items()}


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_finite_differences(cell, depth, bidirectional):
    network = make_network(cell, depth, bidirectional)
    text, targets = make_text(LABELS), [1, 3]
    found = token_gradients(network, text, targets)
    assert set(found) == {"decoder", "emissions"}
    for m, target in enumerate(targets):
        for t in range(len(LABELS)):

            def change_input(vector, t=t):
                X = text.inputs.clone()
                X[t] += vector
                return (X,)

            wanted = differences(network, text.inputs, LABELS, target, change_input, 3)
            for loss, slopes in wanted.items():
                got = found[loss]["input"][m, t]
                torch.testing.assert_close(got, slopes, rtol=1e-5, atol=1e-9)
            for layer in range(depth):

                def change_state(vector, t=t, layer=layer):
                    return text.inputs, (layer, t, vector)

                wanted = differences(
                    network, text.inputs, LABELS, target, change_state, 4
                )
                for loss, slopes in wanted.items():
                    got = found[loss][f"layer {layer + 1}"][m, t]
                    torch.testing.assert_close(got, slopes, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("decoder", ["softmax", "constrained"])
def test_decoders_that_are_trained_token_by_token_have_one_loss(decoder):
    network = make_network(decoder=decoder)
    assert set(token_gradients(network, make_text(LABELS), [2])) == {"emissions"}


def test_one_direction_does_not_see_what_follows_but_for_the_crf():
    network = make_network(bidirectional=False)
    found = token_gradients(network, make_text(LABELS), [2])
    assert found["emissions"]["input"][0, :3].abs().sum(1).min() > 0
    assert found["emissions"]["input"][0, 3:].abs().max() == 0
    assert found["decoder"]["input"][0, 3:].abs().sum(1).min() > 0


def test_white_space_between_the_words():
    """The recurrence reads it; the decoder does not."""
    network = make_network()
    X = torch.randn(6, 3, dtype=torch.double)
    words = torch.tensor([0, 1, 3, 4, 5])
    text = Text(X, words, torch.tensor(LABELS), [2, 3], None)
    found = token_gradients(network, text, [2])
    H = hidden_states(network, X)[words]
    changed = X.clone()
    changed[2, 0] += STEP
    H2 = hidden_states(network, changed)[words]
    # Two sequences of the decoder: the word's own has rows 2 to 4.
    before, after = (losses_at(network, h[2:], LABELS[2:], 0) for h in (H, H2))
    for loss, value in before.items():
        slope = (after[loss] - value) / STEP
        assert found[loss]["input"][0, 2, 0].item() == pytest.approx(slope, abs=1e-4)


def test_labels_that_are_not_permitted():
    network = make_network()
    plain = make_text(LABELS)
    permitted = torch.ones(5, 3, dtype=torch.bool)
    permitted[:, 0] = False
    permitted[0, 0] = True
    text = Text(plain.inputs, plain.words, plain.labels, plain.lengths, permitted)
    found = token_gradients(network, text, [3])["emissions"]["input"]
    X = plain.inputs.clone().requires_grad_()
    emissions = network.decoder(network.encoder(X, [5]))[3, 1:]
    (-emissions.log_softmax(0)[0]).backward()
    torch.testing.assert_close(found[0], X.grad)
