"""Our default network as one torch module, and a step of its training: no spaCy."""

from itertools import chain
from typing import Any, List, NamedTuple, Tuple

import torch
from spacy.training import Example
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

CHAR_EMBED, FILTERS, HIDDEN = 30, 50, 100
DROPOUT, WORD_DROPOUT = 0.5, 0.05
LEARN_RATE, GRAD_CLIP = 0.002, 5.0
UNKNOWN = 0
"""The id that word dropout puts in the place of others."""


class Batch(NamedTuple):
    """Sentences as lists of ids: of all words, of their characters (not 0), of all
    labels, one sentence after the other; and the number of words of each sentence."""

    words: List[int]
    chars: List[List[int]]
    labels: List[int]
    lengths: List[int]


class BareTagger(nn.Module):
    """Word vectors and a character CNN, a bidirectional LSTM, a CRF, and Adam.

    Words, characters (both from 1) and labels are numbered. The word vectors have
    row-sparse gradients.

    Args:
        examples: The sentences whose words and characters it will know.
        labels: The labels of the CRF, in BIOES.
        width: That of the word vectors. They are random: speed is all that counts.
        crf: Our CRF.
    """

    def __init__(
        self, examples: List[Example], labels: List[str], width: int, crf: Any
    ):
        super().__init__()
        words = dict.fromkeys(word.text for eg in examples for word in eg.reference)
        self.word_ids = {word: i for i, word in enumerate(words, 1)}
        self.char_ids = {c: i for i, c in enumerate(dict.fromkeys("".join(words)), 1)}
        # spaCy gives the gold labels in BILOU.
        letters = str.maketrans("ES", "LU")
        bilou = [label[:1].translate(letters) + label[1:] for label in labels]
        self.label_ids = {label: i for i, label in enumerate(bilou)}
        self.words = nn.Embedding(1 + len(words), width, sparse=True)
        self.chars = nn.Embedding(1 + len(self.char_ids), CHAR_EMBED, padding_idx=0)
        self.filters = nn.Conv1d(CHAR_EMBED, FILTERS, kernel_size=3, padding=1)
        self.lstm = nn.LSTM(
            width + FILTERS, HIDDEN, bidirectional=True, batch_first=True
        )
        self.linear = nn.Linear(2 * HIDDEN, len(labels))
        self.crf = crf
        sparse, *dense = self.parameters()
        self.optimizers: List[torch.optim.Optimizer] = [
            torch.optim.SparseAdam([sparse], lr=LEARN_RATE),
            torch.optim.Adam(dense, lr=LEARN_RATE, fused=True),
        ]

    def batch(self, examples: List[Example]) -> Batch:
        words = [token.text for eg in examples for token in eg.reference]
        tags = chain.from_iterable(eg.get_aligned_ner() for eg in examples)
        return Batch(
            words=[self.word_ids[word] for word in words],
            chars=[[self.char_ids[c] for c in word] for word in words],
            labels=[self.label_ids[tag] for tag in tags],
            lengths=[len(eg.reference) for eg in examples],
        )

    def forward(self, words: Tensor, chars: Tensor, lengths: List[int]) -> Tensor:
        """Compute the emissions; in train mode with dropout.

        Args:
            words: ids of all words, one sentence after the other, shape (N,).
            chars: ids of their characters, padded with 0, shape (N, C).
            lengths: number of words of each sentence, shape (B,).

        Returns:
            Emissions, one sentence after the other, shape (N, L).
        """
        if self.training:
            dropped = torch.rand(words.shape, device=words.device) < WORD_DROPOUT
            words = words.masked_fill(dropped, UNKNOWN)
        E = self.words(words)
        C = self.filters(self.chars(chars).transpose(1, 2)).amax(dim=2)
        X = pad_sequence(torch.cat([E, C], dim=1).split(lengths), batch_first=True)
        packed = pack_padded_sequence(
            self.drop_features(X), lengths, batch_first=True, enforce_sorted=False
        )
        H, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        sizes = torch.tensor(lengths, device=H.device)
        mask = torch.arange(H.shape[1], device=H.device) < sizes[:, None]
        return self.linear(self.drop_features(H))[mask]

    def drop_features(self, X: Tensor) -> Tensor:
        """In train mode drop the same features at every step of a sequence, shape
        (B, T, D)."""
        if not self.training:
            return X
        kept = X.new_empty(X.shape[0], 1, X.shape[2]).bernoulli_(1 - DROPOUT)
        return X * kept.div_(1 - DROPOUT)

    @torch.no_grad()
    def predict(self, batch: Batch) -> List[int]:
        """The best labels of all words; in eval mode."""
        emissions = self(*self.inputs(batch), batch.lengths)
        return self.crf.viterbi(emissions, batch.lengths).tolist()

    def inputs(self, batch: Batch) -> Tuple[Tensor, Tensor]:
        """Words and characters as `forward` takes them."""
        longest = max(map(len, batch.chars))
        chars = [word + [0] * (longest - len(word)) for word in batch.chars]
        return self.ids(batch.words), self.ids(chars)

    def ids(self, numbers: Any) -> Tensor:
        """Lists of numbers as a tensor, on the device of the weights."""
        return torch.tensor(numbers, device=self.linear.weight.device)

    def loss(self, batch: Batch) -> Tensor:
        """Negative log-likelihood, the mean over the sentences."""
        emissions = self(*self.inputs(batch), batch.lengths)
        labels = self.ids(batch.labels)
        return self.crf.loss(emissions, batch.lengths, labels) / len(batch.lengths)

    def step(self, batch: Batch) -> float:
        """Take a step of training, with clipped gradients; returns the loss."""
        loss = self.loss(batch)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        # torch's own clip_grad_norm_ takes no sparse gradients.
        sparse, *dense = self.parameters()
        sparse.grad = sparse.grad.coalesce()  # type: ignore[union-attr]
        grads: List[Any] = [sparse.grad.values(), *(param.grad for param in dense)]
        norm = torch.nn.utils.get_total_norm(grads)
        for grad in grads:
            grad.mul_((GRAD_CLIP / (norm + 1e-6)).clamp(max=1.0))
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.item()
