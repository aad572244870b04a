"""Networks in plain loops, in which a single hidden state can be changed on its way."""

from itertools import product

import torch

from spacy_birnn.diagnostics.network import Network
from spacy_birnn.diagnostics.texts import Text
from spacy_birnn.nn.decoder import SequenceDecoder
from spacy_birnn.nn.rnn.birnn import BiRNN
from spacy_birnn.nn.rnn.prepared import weights_of


def make_network(cell="lstm", depth=1, bidirectional=True, decoder="crf", n_labels=3):
    """A small network with random weights, in double precision."""
    torch.manual_seed(3)
    encoder = BiRNN(3, 4, depth=depth, cell=cell, bidirectional=bidirectional).double()
    pairs = torch.ones(n_labels, n_labels, dtype=torch.bool)
    pairs[0, 1] = False
    scorer = SequenceDecoder(4, n_labels, decoder, pairs=pairs).double()
    for param in (*encoder.parameters(), *scorer.parameters()):
        torch.nn.init.uniform_(param, -0.9, 0.9)
    return Network(None, encoder, scorer, None, None, True)


def make_text(labels, n_in=3):
    """A text of words alone."""
    return Text(
        torch.randn(len(labels), n_in, dtype=torch.double),
        torch.arange(len(labels)),
        torch.tensor(labels),
        [len(labels)],
        None,
    )


@torch.no_grad()
def hidden_states(network, X, change=None):
    """Hidden states (T, D·H) of the last layer, straight from the equations.

    Args:
        change: (layer, token, vector (D·H,)): is added to the hidden states of a layer
            at a token when they are computed, so that all later steps see it.
    """
    for number, layer in enumerate(network.layers):
        columns = []
        for d, weights in enumerate(weights_of(layer)):
            H = layer.hidden_size
            state, memory = torch.zeros(2, H, dtype=torch.double)
            outputs = [None] * len(X)
            order = range(len(X)) if d == 0 else reversed(range(len(X)))
            for t in order:
                state, memory = step(network.encoder.cell, weights, X[t], state, memory)
                if change is not None and change[:2] == (number, t):
                    state = state + change[2][d * H : (d + 1) * H]
                outputs[t] = state
            columns.append(torch.stack(outputs))
        X = torch.cat(columns, 1)
    return X


def step(cell, weights, x, state, memory):
    """One step of a cell by its published equations."""
    of_input = weights.w_ih @ x + weights.b_ih
    of_state = weights.w_hh @ state + weights.b_hh
    name = type(cell).__name__
    if name == "RNN":
        return torch.tanh(of_input + of_state), memory
    if name == "LSTM":
        i, f, g, o = (of_input + of_state).chunk(4)
        memory = f.sigmoid() * memory + i.sigmoid() * g.tanh()
        return o.sigmoid() * memory.tanh(), memory
    assert name == "GRU"
    (r, z, n), (r2, z2, n2) = of_input.chunk(3), of_state.chunk(3)
    r, z = (r + r2).sigmoid(), (z + z2).sigmoid()
    return (1 - z) * (n + r * n2).tanh() + z * state, memory


@torch.no_grad()
def losses_at(network, H, labels, target):
    """Both losses at a token: that of the decoder by enumeration of all sequences."""
    emissions = network.decoder.linear(H)
    alone = -emissions[target].log_softmax(0)[labels[target]].item()
    if network.decoder.decoder != "crf":
        return {"emissions": alone}
    start, pairs, end = network.decoder.crf.chain(torch.double)
    paths = torch.tensor(list(product(range(emissions.shape[1]), repeat=len(H))))
    scores = start[paths[:, 0]] + end[paths[:, -1]]
    scores += emissions[torch.arange(len(H)), paths].sum(1)
    scores += pairs[paths[:, :-1], paths[:, 1:]].sum(1)
    log_gold = scores[paths[:, target] == labels[target]].logsumexp(0)
    log_z = scores.logsumexp(0)
    return {"emissions": alone, "decoder": (log_z - log_gold).item()}
