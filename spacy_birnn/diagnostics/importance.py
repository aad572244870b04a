"""How much each word and each character has to do with a decision.

Two ways that know nothing of each other. Occlusion (Zeiler & Fergus 2014) replaces a
word by one that the model has never seen, or takes a character's embedding away, and
looks how the log-odds of the decision fall. Gradient × input (Shrikumar et al. 2017,
§2.2) multiplies the embedding by the gradient of the log-odds: what occlusion by zeros
would do if the model was linear.

Log-odds, log p / (1 - p), and not log p (Robnik-Šikonja & Kononenko 2008, §3.2): where
a model is sure, log p hardly changes whatever one does.
"""

import copy
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple, cast

import torch
from spacy.attrs import ORTH
from torch import Tensor, nn

from ..models.embed import given_vectors
from ..models.sentences import doc_batch
from ..models.shim import shim_of
from ..models.tok2vec import is_tok2vec
from ..models.votes import find_mentions, has_votes
from ..models.word_forms import MAX_CHARS, read_forms
from ..nn.rnn.birnn import BiRNN
from ..nn.words import WordCharEmbedding
from .chain import Chain, Path

MOST_MENTIONS = 50
"""Other mentions of a decision's words that are asked, at most."""

UNKNOWN = "\ufffd"
"""The word in the place of one that is hidden: no word, and no letter of one."""


class Importance(NamedTuple):
    """The part of a word or a character in a decision.

    Attributes:
        token: the token.
        position: the character in the token, None for the whole word.
        text: of the word or the character.
        occlusion: how much lower the natural log-odds of the decision are without it;
            negative where it speaks against the decision.
        gradient: gradient × input, in the same unit; None where the embedding is not
            ours.
    """

    token: int
    position: Optional[int]
    text: str
    occlusion: float
    gradient: Optional[float]


def word_importance(
    chain: Chain, path: Path, reach: int, network: Optional["Unfolded"]
) -> List[Importance]:
    """Ask each word near a decision for its part in it, and the other mentions of the
    decision's words in the document where they vote.

    Args:
        chain: the component's view of the document.
        path: the decision.
        reach: how many words before and after it are asked, within its sequence.
        network: to differentiate; None to do without.
    """
    _, first, end = chain.sequence_of(path.start)
    asked = range(max(first, path.start - reach), min(end, path.end + reach))
    found = {chain.rows[row] for row in asked} | _other_mentions(chain, path)
    tokens = sorted(token for token in found if not chain.doc[token].is_space)
    (whole,) = log_odds(chain.log_probabilities(chain.emissions, path)).tolist()
    variants = chain.with_word(UNKNOWN, tokens)
    without = log_odds(chain.log_probabilities(variants, path)).tolist()
    gradients = {} if network is None else network.word_gradients(path)
    return [
        Importance(
            token, None, chain.doc[token].text, whole - hidden, gradients.get(token)
        )
        for token, hidden in zip(tokens, without)
    ]


def _other_mentions(chain: Chain, path: Path) -> Set[int]:
    """The tokens that vote on a decision, `MOST_MENTIONS` of the nearest at most; none
    without votes."""
    if not has_votes(chain.pipe.model):
        return set()
    first = chain.rows[path.start]
    own = {chain.doc[chain.rows[row]].lower for row in range(path.start, path.end)}
    found = [token.i for token in chain.doc if token.lower in own]
    return set(sorted(found, key=lambda token: abs(token - first))[:MOST_MENTIONS])


def character_importance(network: "Unfolded", path: Path) -> List[Importance]:
    """Ask the characters of a decision's own words for their part in it; none where
    the embedding does not read characters."""
    if network.embedding.chars is None:
        return []
    doc, rows = network.chain.doc, network.chain.rows
    own = {rows[row] for row in range(path.start, path.end)}
    words = [i for i, token in enumerate(network.tokens) if token in own]
    X = network.embed()
    log = network.log_odds(X, path)
    E = network.characters_of_last()
    (d_E,) = torch.autograd.grad(log, E)
    gradients = (E * d_E).sum(1).tolist()
    found = []
    for word in words:
        token = network.tokens[word]
        for position, row in network.characters(word):
            hidden = network.without_character(X.detach(), word, row)
            without = network.log_odds(hidden, path)
            found.append(
                Importance(
                    token,
                    position,
                    doc[token].text[position],
                    log.item() - without.item(),
                    gradients[row],
                )
            )
    return found


def log_odds(log_p: Tensor) -> Tensor:
    """Natural log-odds from natural log-probabilities, up to those of 1 - 1e-12."""
    against = -torch.expm1(log_p)
    return log_p - against.clamp(min=1e-12).log()


class Unfolded:
    """The network of a component with an embedding and an encoder of ours, in which
    each word and each character has an embedding of its own to differentiate by.

    Args:
        chain: the component's view of the document.
        embed: its `spacy-birnn.WordCharEmbed.v1`.
        encode: its `spacy-birnn.BiRNNEncoder.v1`.

    Attributes:
        embedding: a copy of the embedding's module.
        tokens: the tokens that are words, W of them.
    """

    def __init__(self, chain: Chain, embed: Any, encode: Any) -> None:
        self.chain = chain
        module = cast(WordCharEmbedding, shim_of(embed).module)
        self.embedding = copy.deepcopy(module).cpu()
        self.encoder = copy.deepcopy(cast(BiRNN, shim_of(encode).module)).cpu()
        self.decoder = copy.deepcopy(chain.decoder).cpu()
        if self.embedding.chars is not None:
            self._table = _Positions(cast(Any, self.embedding.chars).chars)
            cast(Any, self.embedding.chars).chars = self._table
        doc = chain.doc
        self._mentions = find_mentions([doc])
        self.tokens = [token.i for token in doc if not token.is_space]
        keys = doc.to_array([ORTH])[self.tokens].tolist()
        forms = read_forms(
            self.embedding,
            given_vectors(embed, doc.vocab),
            doc.vocab.strings,
            keys,
            is_train=False,
        )
        self._inputs = forms.inputs
        self._lengths = doc_batch([doc]).sentences.words_only().lengths

    @classmethod
    def of(cls, chain: Chain) -> Optional["Unfolded"]:
        """Find the network of a component; None where a part of it is not ours."""
        tok2vec = chain.pipe.model.get_ref("tok2vec")
        if not is_tok2vec(tok2vec):
            return None
        embed, encode = tok2vec.get_ref("embed"), tok2vec.get_ref("encode")
        if embed.name != "word_char_embed" or encode.name != "birnn_encoder":
            return None
        return cls(chain, embed, encode)

    def embed(self) -> Tensor:
        """Embed all words, shape (W, n_in)."""
        return self.embedding(torch.arange(len(self.tokens)), *self._inputs)

    def word_gradients(self, path: Path) -> Dict[int, float]:
        """Give gradient × input of each token that is a word."""
        X = self.embed().detach().requires_grad_()
        (d_X,) = torch.autograd.grad(self.log_odds(X, path), X)
        return dict(zip(self.tokens, (X * d_X).sum(1).tolist()))

    def characters_of_last(self) -> Tensor:
        """The characters' embeddings that `embed` has used last."""
        return self._table.last

    def characters(self, word: int) -> List[Tuple[int, int]]:
        """The position in a word, and the row of the embeddings, of each of its
        characters; those in the middle of a very long word are not read."""
        *_, lengths = self._inputs
        first = sum(lengths[:word]) + word + 1
        size = len(self.chain.doc[self.tokens[word]])
        read = list(range(size))
        if size > MAX_CHARS:
            half = MAX_CHARS // 2
            read = read[:half] + read[-half:]
        return [(position, first + i) for i, position in enumerate(read)]

    def without_character(self, X: Tensor, word: int, row: int) -> Tensor:
        """The embeddings X, but a character's own is taken out of a word."""
        self._table.hidden = row
        try:
            changed = self.embed()[word]
        finally:
            self._table.hidden = None
        return X.index_copy(0, torch.tensor([word]), changed.unsqueeze(0))

    def log_odds(self, X: Tensor, path: Path) -> Tensor:
        """The natural log-odds of the decision, shape (), float64, from the embeddings
        of all words; differentiable."""
        H = X.new_zeros(len(self.chain.doc), self.encoder.width)
        H = H.index_copy(0, torch.tensor(self.tokens), self.encoder(X, self._lengths))
        scores = self.decoder(H, mentions=self._mentions)
        emissions = self.chain.sequences.select(scores).double()
        loss = self.decoder.crf.loss(
            emissions,
            self.chain.sequences.lengths,
            self._left_open(emissions, path),
            self.chain.sequences.permitted_on(emissions.device),
            self.decoder.crf.temperature.reciprocal(),
        )
        return log_odds(-loss)

    def _left_open(self, emissions: Tensor, path: Path) -> Tensor:
        """The labels that each row may have if the decision is taken, shape (N, L)."""
        left = torch.ones_like(emissions, dtype=torch.bool)
        left[path.start : path.end] = False
        left[range(path.start, path.end), path.labels] = True
        _, _, end = self.chain.sequence_of(path.start)
        if path.not_next >= 0 and path.end < end:
            left[path.end, path.not_next] = False
        return left


class _Positions(nn.Module):
    """A table of characters that gives each position an embedding of its own.

    Args:
        table: gives the distinct characters, and which one each position holds.

    Attributes:
        last: the embeddings of the last call, shape (M, width).
        hidden: a position whose embedding is left out; None for none.
    """

    last: Tensor

    def __init__(self, table: nn.Module) -> None:
        super().__init__()
        self.table = table
        self.hidden: Optional[int] = None

    def forward(self, code_points: Tensor, train: bool) -> Tuple[Tensor, Tensor]:
        E, inverse = self.table(code_points, train)
        rows = E[inverse].detach()
        if self.hidden is not None:
            rows[self.hidden] = 0.0
        self.last = rows.requires_grad_()
        return rows, torch.arange(len(rows))
