"""Our default network as one torch module, and a step of its training: no spaCy."""

from typing import List, NamedTuple, Sequence

import torch
from common import lookup_forms
from spacy.training import Example
from spacy.vectors import Vectors
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

CHAR_EMBED, FILTERS, HIDDEN = 30, 50, 100
DROPOUT, WORD_DROPOUT = 0.5, 0.05
LEARN_RATE, GRAD_CLIP = 0.002, 5.0
UNKNOWN = 0
"""The id that word dropout puts in the place of others."""


class Batch(NamedTuple):
    """Sentences as lists of ids: of their words, characters (not 0) and labels."""

    words: List[List[int]]
    chars: List[List[List[int]]]
    labels: List[List[int]]


class Ids:
    """Numbers words, characters (both from 1) and labels of annotated sentences."""

    def __init__(self, examples: Sequence[Example], labels: Sequence[str]):
        words = dict.fromkeys(word.text for eg in examples for word in eg.reference)
        self.words = {word: i for i, word in enumerate(words, 1)}
        self.chars = {c: i for i, c in enumerate(dict.fromkeys("".join(words)), 1)}
        # spaCy gives the gold labels in BILOU.
        letters = str.maketrans("ES", "LU")
        bilou = [label[:1].translate(letters) + label[1:] for label in labels]
        self.labels = {label: i for i, label in enumerate(bilou)}

    def batch(self, examples: Sequence[Example]) -> Batch:
        sentences = [[token.text for token in eg.reference] for eg in examples]
        return Batch(
            [[self.words[word] for word in words] for words in sentences],
            [[[self.chars[c] for c in word] for word in words] for words in sentences],
            [[self.labels[tag] for tag in eg.get_aligned_ner()] for eg in examples],
        )

    def vectors(self, table: Vectors) -> Tensor:
        """One row per word, of the table or else random, shape (1 + words, D)."""
        bound = (3.0 / table.shape[1]) ** 0.5
        out = torch.empty(1 + len(self.words), table.shape[1]).uniform_(-bound, bound)
        for word, i in self.words.items():
            found = [table.find(key=form) for form in lookup_forms(word)]
            for row in [row for row in found if row >= 0][:1]:
                out[i] = torch.from_numpy(table.data[row])
        return out


class BareTagger(nn.Module):
    """Word vectors and a character CNN, a bidirectional LSTM, a CRF, and Adam.

    Args:
        ids: The numbers of words, characters and labels.
        table: The word vectors to start from.
        crf: Our CRF, or pytorch-crf's with `batch_first`.
        sparse: Row-sparse gradients of the word vectors.
    """

    def __init__(self, ids: Ids, table: Vectors, crf: nn.Module, sparse: bool):
        super().__init__()
        vectors = ids.vectors(table)
        self.words = nn.Embedding.from_pretrained(vectors, freeze=False, sparse=sparse)
        self.chars = nn.Embedding(1 + len(ids.chars), CHAR_EMBED, padding_idx=0)
        self.filters = nn.Conv1d(CHAR_EMBED, FILTERS, kernel_size=3, padding=1)
        n_in = vectors.shape[1] + FILTERS
        self.lstm = nn.LSTM(n_in, HIDDEN, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * HIDDEN, len(ids.labels))
        self.crf = crf
        self.optimizers: List[torch.optim.Optimizer] = []

    def make_optimizers(self) -> None:
        """After the module is where it is to stay."""
        dense, words = list(self.parameters()), self.words.weight
        if self.words.sparse:
            dense = [param for param in dense if param is not words]
            self.optimizers.append(torch.optim.SparseAdam([words], lr=LEARN_RATE))
        self.optimizers.append(torch.optim.Adam(dense, lr=LEARN_RATE, fused=True))

    def forward(self, words: Tensor, chars: Tensor, lengths: List[int]) -> Tensor:
        """Compute the emissions.

        Args:
            words: ids of all words, one sentence after the other, shape (N,).
            chars: ids of their characters, padded with 0, shape (N, C).
            lengths: number of words of each sentence, shape (B,).

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

    def loss(self, batch: Batch) -> Tensor:
        """Negative log-likelihood, the mean over the sentences."""
        device = self.linear.weight.device
        lengths = [len(words) for words in batch.words]
        chars = flat(batch.chars)
        longest = max(map(len, chars))
        padded_chars = [word + [0] * (longest - len(word)) for word in chars]
        labels = torch.tensor(flat(batch.labels), device=device)
        words = torch.tensor(flat(batch.words), device=device)
        emissions = self(words, torch.tensor(padded_chars, device=device), lengths)
        sizes = torch.tensor(lengths, device=device)
        mask = torch.arange(max(lengths), device=device) < sizes[:, None]
        if callable(loss := getattr(self.crf, "loss", None)):
            return loss(emissions[mask], lengths, labels) / len(lengths)
        padded = pad_sequence(labels.split(lengths), batch_first=True)
        return -self.crf(emissions, padded, mask, reduction="mean")

    def step(self, batch: Batch) -> float:
        """Take a step of training, with clipped gradients; returns the loss."""
        loss = self.loss(batch)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        # torch's own clip_grad_norm_ takes no sparse gradients.
        grads = [values_of(param) for param in self.parameters()]
        norm = torch.nn.utils.get_total_norm(grads)
        for grad in grads:
            grad.mul_((GRAD_CLIP / (norm + 1e-6)).clamp(max=1.0))
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.item()


def drop_features(X: Tensor) -> Tensor:
    """Drop the same features at every step of a sequence, shape (B, T, D)."""
    kept = X.new_empty(X.shape[0], 1, X.shape[2]).bernoulli_(1 - DROPOUT)
    return X * kept.div_(1 - DROPOUT)


def flat(lists: Sequence[List]) -> List:
    return [item for items in lists for item in items]


def values_of(param: nn.Parameter) -> Tensor:
    """The gradient; of a row-sparse one its values, each row only once."""
    assert param.grad is not None
    if not param.grad.is_sparse:
        return param.grad
    param.grad = param.grad.coalesce()
    return param.grad.values()
