"""Exact gradients of the loss at single tokens, all the way through the recurrence."""

from typing import Dict, List, Optional, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..nn.packing import Packing
from ..nn.rnn.layer import run_layer
from ..nn.rnn.recording import Recorded, RecordingCell
from ..nn.rnn.steps import side_by_side
from .network import Network
from .texts import Text

INPUT = "input"
DECODER, EMISSIONS = "decoder", "emissions"
"""The two losses at a token: see `token_gradients`."""

Gradients = Dict[str, Tensor]
"""By what the loss is derived for: `input` (M, T, n_in), `layer 1`, … (M, T, D·H)."""


def token_gradients(
    network: Network, text: Text, targets: Sequence[int]
) -> Dict[str, Gradients]:
    """Derive the loss at each of M words for all inputs and hidden states.

    The gradient of a hidden state is the whole one, with what comes back through time:
    how much the loss changes if that state is changed and the recurrence goes on from
    there. An LSTM's cell state of the same step counts as fixed.

    Args:
        network: the network.
        text: T tokens, W of them words.
        targets: the words whose loss is derived, numbers below W, M of them.

    Returns:
        For each loss its gradients. `decoder` is what the component is trained with:
        with a CRF minus the log of the gold label's marginal at the word, which all
        emissions have a part in. `emissions` is the cross-entropy of the word's own
        emissions: what is left is the recurrence alone. For decoders that are trained
        token by token both are the same, and only `emissions` is there.
    """
    n_copies, n_words = len(targets), len(text.words)
    # Each target has a copy of the text: gradients of the sum are those of each.
    X = text.inputs.repeat(n_copies, 1).requires_grad_()
    packing = Packing.of([len(text.inputs)] * n_copies)
    passes: List[Recorded] = []
    cell = RecordingCell(network.encoder.cell, passes.append)
    H = X
    for layer in network.layers:
        H = run_layer(cell, layer, H, packing)
    offsets = torch.arange(n_copies).unsqueeze(1) * len(text.inputs)
    emissions = network.decoder(H[(offsets + text.words).flatten()])
    rows = torch.arange(n_copies) * n_words + torch.tensor(targets)
    gold = torch.full((n_copies * n_words,), -1)
    gold[rows] = text.labels[torch.tensor(targets)]
    permitted = None if text.permitted is None else text.permitted.repeat(n_copies, 1)
    losses = {EMISSIONS: _cross_entropy(emissions, gold, permitted)}
    if network.decoder.decoder == "crf":
        lengths = text.lengths * n_copies
        loss = network.decoder.loss(emissions, lengths, gold, permitted)
        losses[DECODER] = loss
    found = {}
    for name, loss in losses.items():
        of_input = torch.autograd.grad(loss, X, retain_graph=True)[0]
        states = [side_by_side(passed.total, packing) for passed in reversed(passes)]
        passes.clear()
        named = {f"layer {n}": rows for n, rows in enumerate(states, 1)}
        found[name] = {
            of: rows.unflatten(0, (n_copies, -1))
            for of, rows in {INPUT: of_input, **named}.items()
        }
    return found


def _cross_entropy(
    emissions: Tensor, gold: Tensor, permitted: Optional[Tensor]
) -> Tensor:
    if permitted is not None:
        emissions = emissions.masked_fill(~permitted, float("-inf"))
    return F.cross_entropy(emissions, gold, ignore_index=-1, reduction="sum")
