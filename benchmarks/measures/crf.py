"""`crf`: our CRF against the package pytorch-crf, over the same scores."""

from argparse import Namespace
from functools import partial
from itertools import product
from typing import Any, Callable, Iterator, List, Tuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .internals import new_crf
from .rows import Comparison, Outcome, Peer, Skipped
from .timing import Side

LABELS = (9, 17, 33)
BATCH, LENGTH = 64, 32
# One run is this many passes over the batch.
PASSES = 10
LOSS_TARGET = 3.0
VITERBI_TARGETS = {9: 3.0, 17: 3.0, 33: 2.0}

Work = Callable[[], Any]


def measure(args: Namespace) -> Iterator[Outcome]:
    """Loss with its gradient, and the best labels, for each size and shape."""
    try:
        import torchcrf
    except ImportError:
        yield Skipped("all", "pytorch-crf is missing: pip install spacy-birnn[bench]")
        return
    torch.manual_seed(0)
    ragged = torch.randint(1, 2 * LENGTH + 1, (BATCH,), generator=seeded()).tolist()
    shapes = {f"x {LENGTH}": [LENGTH] * BATCH, "ragged": ragged}
    for (shape, lengths), n_labels in product(shapes.items(), LABELS):
        peer = torchcrf.CRF(n_labels, batch_first=True)
        loss, viterbi = make_work(new_crf(n_labels), lengths, peer)
        for name, (ours, theirs), target in (
            ("forward + backward", loss, LOSS_TARGET),
            ("Viterbi", viterbi, VITERBI_TARGETS[n_labels]),
        ):
            case = f"{name}, {n_labels} labels, {BATCH} {shape}"
            peers = [Peer("pytorch-crf", partial(repeated, theirs), target)]
            yield Comparison(case, PASSES * sum(lengths), repeated(ours), peers)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def repeated(work: Work) -> Side:
    return Side(lambda _: [work() for _ in range(PASSES)])


def make_work(
    ours: Any, lengths: List[int], peer: Any
) -> Tuple[Tuple[Work, Work], Tuple[Work, Work]]:
    """Ours and theirs for the loss, and for Viterbi, over the same batch.

    Ours takes the tokens one after the other, theirs padded ones with a mask; each is
    given its input ready-made. Both must come to the same result.
    """
    n_labels = peer.num_tags
    with torch.no_grad():
        ours.start.copy_(peer.start_transitions)
        ours.transitions.copy_(peer.transitions)
        ours.end.copy_(peer.end_transitions)
    flat = torch.randn(sum(lengths), n_labels, generator=seeded())
    gold = torch.randint(0, n_labels, (sum(lengths),), generator=seeded())
    padded = pad_sequence(flat.split(lengths), batch_first=True)
    padded_gold = pad_sequence(gold.split(lengths), batch_first=True)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    flat.requires_grad_()
    padded.requires_grad_()

    def our_loss() -> Tensor:
        flat.grad = None
        ours.zero_grad()
        loss = ours.loss(flat, lengths, gold)
        loss.backward()
        return loss

    def peer_loss() -> Tensor:
        padded.grad = None
        peer.zero_grad()
        loss = -peer(padded, padded_gold, mask, reduction="sum")
        loss.backward()
        return loss

    def our_viterbi() -> List[int]:
        return ours.viterbi(flat, lengths).tolist()

    @torch.no_grad()
    def peer_viterbi() -> List[int]:
        return [label for labels in peer.decode(padded, mask) for label in labels]

    torch.testing.assert_close(our_loss(), peer_loss(), atol=1e-4, rtol=1e-5)
    assert flat.grad is not None
    assert padded.grad is not None
    torch.testing.assert_close(flat.grad, padded.grad[mask], atol=1e-4, rtol=1e-4)
    assert our_viterbi() == peer_viterbi()
    return (our_loss, peer_loss), (our_viterbi, peer_viterbi)
