"""Random networks and layers, and what torch's own layers make of a batch."""

import torch
from torch import nn

from spacy_birnn.nn.rnn.birnn import BiRNN, new_layer
from spacy_birnn.nn.rnn.cells import CELLS


def network(cell="lstm", n_in=6, width=8, bound=0.7, **settings):
    """An encoder whose biases differ, as none of ours do at the beginning."""
    torch.manual_seed(1)
    made = BiRNN(n_in, width, cell=cell, **settings)
    for param in made.parameters():
        nn.init.uniform_(param, -bound, bound)
    return made


def random_layer(cell, bidirectional=True):
    made = new_layer(CELLS[cell], 6, 4, bidirectional)
    for param in made.parameters():
        nn.init.uniform_(param, -0.7, 0.7)
    return made


def one_by_one(encoder, X, lengths):
    """What the layers give for each sequence alone, without packing."""
    outputs = []
    for rows in X.split(lengths):
        H = rows.unsqueeze(1)
        for layer in encoder.layers if len(rows) else ():
            H = layer(H)[0]
        outputs.append(H.squeeze(1) if len(rows) else X.new_zeros(0, encoder.width))
    return torch.cat(outputs)
