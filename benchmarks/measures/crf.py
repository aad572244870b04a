"""`crf`: our CRF against the package pytorch-crf, over the same scores."""

from argparse import Namespace
from functools import partial
from itertools import product
from typing import Any, Callable, Iterator, List, Tuple, cast

import spacy
import torch
from spacy.language import Language
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from .inputs import COMPONENT
from .rows import Comparison, Peer
from .timing import Side

BATCH, LENGTH = 64, 32
# One run is this many passes over the batch.
PASSES = 10
LOSS_TARGET = 3.0
VITERBI_TARGETS = {9: 3.0, 17: 3.0, 33: 2.0}

Work = Callable[[], Any]
Pair = Tuple[Work, Work]


def measure(args: Namespace) -> Iterator[Comparison]:
    """Loss with its gradient, and the best labels, for each size and shape."""
    torch.manual_seed(0)
    ragged = torch.randint(1, 2 * LENGTH + 1, (BATCH,), generator=seeded()).tolist()
    shapes = {f"x {LENGTH}": [LENGTH] * BATCH, "ragged": ragged}
    for (shape, lengths), n_labels in product(shapes.items(), VITERBI_TARGETS):
        loss, viterbi = make_work(lengths, n_labels)
        for name, (ours, theirs), target in (
            ("forward + backward", loss, LOSS_TARGET),
            ("Viterbi", viterbi, VITERBI_TARGETS[n_labels]),
        ):
            case = f"{name}, {n_labels} labels, {BATCH} {shape}"
            peer = Peer("pytorch-crf", partial(repeated, theirs), target)
            yield Comparison(case, PASSES * sum(lengths), repeated(ours), [peer])


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def repeated(work: Work) -> Side:
    return Side(lambda _: [work() for _ in range(PASSES)])


def make_work(lengths: List[int], n_labels: int) -> Tuple[Pair, Pair]:
    """Ours and theirs for the loss, and for Viterbi, over the same batch.

    Ours takes the tokens one after the other, theirs padded ones with a mask; each is
    given its input ready-made. Both must come to the same result.
    """
    import torchcrf

    ours, peer = new_crf(n_labels), torchcrf.CRF(n_labels, batch_first=True)
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
        return ours.loss(flat, lengths, gold)

    def peer_loss() -> Tensor:
        return -peer(padded, padded_gold, mask, reduction="sum")

    def our_viterbi() -> List[int]:
        return ours.viterbi(flat, lengths).tolist()

    @torch.no_grad()
    def peer_viterbi() -> List[int]:
        return [label for labels in peer.decode(padded, mask) for label in labels]

    losses = with_gradient(our_loss, ours, flat), with_gradient(peer_loss, peer, padded)
    torch.testing.assert_close(losses[0](), losses[1](), atol=1e-4, rtol=1e-5)
    gradient = cast(Tensor, padded.grad)[mask]
    torch.testing.assert_close(flat.grad, gradient, atol=1e-4, rtol=1e-4)
    assert our_viterbi() == peer_viterbi()
    return losses, (our_viterbi, peer_viterbi)


def with_gradient(loss: Callable[[], Tensor], crf: nn.Module, scores: Tensor) -> Work:
    """The loss with its gradient by the CRF's weights and by the scores."""

    def work() -> Tensor:
        scores.grad = None
        crf.zero_grad()
        result = loss()
        result.backward()
        return result

    return work


def crf_of(nlp: Language) -> Tuple[Any, List[str]]:
    """The CRF in the model of an initialized pipeline, and its labels in BIOES.

    It has no public name, and compare.py runs over two states of the code: it is found
    by its abilities, not by the module that it happens to live in.
    """
    model = nlp.get_pipe(COMPONENT).model  # type: ignore[attr-defined]
    shims = [shim for node in model.walk() for shim in node.shims]
    for module in (module for shim in shims for module in shim._model.modules()):
        if hasattr(module, "transitions") and hasattr(module, "viterbi"):
            return module, model.get_ref("emissions").attrs["labels"]
    raise LookupError("no CRF in the pipeline")


def new_crf(n_labels: int) -> Any:
    """A CRF over this many labels, with all transitions allowed and scored 0."""
    nlp = spacy.blank("en")
    nlp.add_pipe(COMPONENT).add_label("X")  # type: ignore[attr-defined]
    nlp.initialize()
    return type(crf_of(nlp)[0])(n_labels)
