"""Our default network as one torch module, and the loop that trains it: no spaCy."""

from typing import Iterable, List, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from spacy_birnn.nn.crf import CRF

from .ids import UNKNOWN, Batch

CHAR_EMBED, FILTERS, HIDDEN = 30, 50, 100
DROPOUT, WORD_DROPOUT = 0.5, 0.05
LEARN_RATE, GRAD_CLIP = 0.002, 5.0


class BareTagger(nn.Module):
    """Word vectors and a character CNN, a bidirectional LSTM, a CRF.

    Args:
        vectors: What the word vectors start from, shape (V, D).
        n_chars: How many ids of characters there are, 0 for the padding included.
        n_labels: How many labels there are.
        sparse: Row-sparse gradients of the word vectors.
        crf: Our `CRF`; or pytorch-crf's with `batch_first`.
    """

    def __init__(
        self, vectors: Tensor, n_chars: int, n_labels: int, sparse: bool, crf: nn.Module
    ):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(vectors, freeze=False, sparse=sparse)
        self.chars = nn.Embedding(n_chars, CHAR_EMBED, padding_idx=0)
        self.filters = nn.Conv1d(CHAR_EMBED, FILTERS, kernel_size=3, padding=1)
        n_in = vectors.shape[1] + FILTERS
        self.lstm = nn.LSTM(n_in, HIDDEN, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * HIDDEN, n_labels)
        self.crf = crf

    def forward(self, words: Tensor, chars: Tensor, lengths: List[int]) -> Tensor:
        """
        Args:
            words: ids of all words, one sentence after the other, shape (N,).
            chars: ids of their characters, padded with 0, shape (N, C).
            lengths: words a sentence, shape (B,).

        Returns:
            Padded emissions, shape (B, T, L).
        """
        dropped = torch.rand(words.shape, device=words.device) < WORD_DROPOUT
        E = self.words(words.masked_fill(dropped, UNKNOWN))
        C = self.filters(self.chars(chars).transpose(1, 2)).amax(dim=2)
        X = pad_sequence(torch.cat([E, C], dim=1).split(lengths), batch_first=True)
        packed = pack_padded_sequence(
            drop_features(X), lengths, batch_first=True, enforce_sorted=False
        )
        H, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.linear(drop_features(H))

    def loss(
        self, words: Tensor, chars: Tensor, labels: Tensor, lengths: List[int]
    ) -> Tensor:
        """Negative log-likelihood, the mean over the sentences."""
        emissions = self(words, chars, lengths)
        sizes = torch.tensor(lengths, device=words.device)
        mask = torch.arange(max(lengths), device=words.device) < sizes[:, None]
        if isinstance(self.crf, CRF):
            return self.crf.loss(emissions[mask], lengths, labels) / len(lengths)
        padded = pad_sequence(labels.split(lengths), batch_first=True)
        return -self.crf(emissions, padded, mask, reduction="mean")


def drop_features(X: Tensor) -> Tensor:
    """Drop the same features at every step of a sequence, shape (B, T, D)."""
    kept = X.new_empty(X.shape[0], 1, X.shape[2]).bernoulli_(1 - DROPOUT)
    return X * kept.div_(1 - DROPOUT)


class BareTrainer:
    """Adam over a `BareTagger`, with clipped gradients."""

    def __init__(self, model: BareTagger):
        self.model = model
        sparse = [model.words.weight] if model.words.sparse else []
        dense = [
            param
            for name, param in model.named_parameters()
            if not (sparse and name == "words.weight")
        ]
        self.optimizers: List[torch.optim.Optimizer] = [
            torch.optim.Adam(dense, lr=LEARN_RATE, fused=True)
        ]
        if sparse:
            self.optimizers.append(torch.optim.SparseAdam(sparse, lr=LEARN_RATE))

    def train(self, batches: Iterable[Batch]) -> float:
        """Take one step for each batch.

        Returns:
            The sum of their losses.
        """
        return sum(self.step(batch) for batch in batches)

    def step(self, batch: Batch) -> float:
        device = self.model.linear.weight.device
        lengths = [len(words) for words in batch.words]
        chars = [word for words in batch.chars for word in words]
        longest = max(map(len, chars))
        loss = self.model.loss(
            torch.tensor(flat(batch.words), device=device),
            torch.tensor([c + [0] * (longest - len(c)) for c in chars], device=device),
            torch.tensor(flat(batch.labels), device=device),
            lengths,
        )
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        clip_gradients(self.model)
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.item()


def flat(lists: Sequence[List[int]]) -> List[int]:
    return [item for items in lists for item in items]


def clip_gradients(model: nn.Module) -> None:
    """As `torch.nn.utils.clip_grad_norm_`, which takes no sparse gradients."""
    grads = [values_of(param) for param in model.parameters()]
    norm = torch.nn.utils.get_total_norm(grads)
    scale = (GRAD_CLIP / (norm + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale)


def values_of(param: nn.Parameter) -> Tensor:
    """The gradient; of a row-sparse one its values, a row only once."""
    assert param.grad is not None
    if not param.grad.is_sparse:
        return param.grad
    param.grad = param.grad.coalesce()
    return param.grad.values()
