"""Dropout whose rate is an argument of the call, not a state of the module.

A module that never changes its mode can serve several threads at once, and the rate
that spaCy sets for a step is the rate that runs.
"""

import torch
from torch import Tensor


def variational_dropout(X: Tensor, sequence: Tensor, rate: float) -> Tensor:
    """Drop the same features at every time step of a sequence.

    Gal & Ghahramani (2016), "A Theoretically Grounded Application of Dropout in
    Recurrent Neural Networks", as applied to the inputs and outputs of each layer.

    Args:
        X: features, one row per token, shape (N, D).
        sequence: which sequence each row belongs to, shape (N,).
        rate: probability of dropping a feature, 0 ≤ rate < 1.

    Returns:
        Features scaled by 1 / (1 - rate) where kept, shape (N, D).
    """
    if rate <= 0.0 or X.shape[0] == 0:
        return X
    n_sequences = int(sequence.max()) + 1
    mask = X.new_empty((n_sequences, X.shape[1])).bernoulli_(1.0 - rate)
    return X * mask.div_(1.0 - rate)[sequence]


def token_dropout(X: Tensor, replacement: Tensor, rate: float) -> Tensor:
    """Replace whole rows at random: word dropout (Iyyer et al. 2015).

    Args:
        X: one row per token, shape (N, D).
        replacement: the vector to put in their place, shape (D,).
        rate: probability of replacing a row.

    Returns:
        Tensor of shape (N, D).
    """
    if rate <= 0.0:
        return X
    dropped = torch.rand(X.shape[0], 1, device=X.device) < rate
    return torch.where(dropped, replacement, X)
