"""Where the microseconds of a token go, in tagging and in training.

    python benchmarks/stages.py --data-dir DIR --vectors DIR --model DIR

Each stage is a function that runs once per batch, wrapped in a clock for the time of
the measurement. Its time is the part that it does not spend in other stages. The rest
is in none of them: spaCy's loop, and all that lies between the stages.
"""

import argparse
import time
from collections import defaultdict, deque
from contextlib import ExitStack
from functools import wraps
from itertools import islice
from pkgutil import resolve_name
from typing import Any, Callable, Dict, List
from unittest.mock import patch

from measures.inputs import count_tokens, load, pipe, read, untagged
from measures.timing import threads
from measures.training import CONFIG, endless_training, initialized
from options import existing, make_parser
from records import markdown

STEPS = 100

NER = "spacy_birnn.pipeline.ner.BiRNNEntityRecognizer"
TAGGING = {
    "read the Docs' tokens": "spacy_birnn.models.sentences.DocBatch.read",
    "look forms up": "spacy_birnn.models.tok2vec._look_up",
    "embed forms that are new": "spacy_birnn.models.word_forms.FormEmbedder.embed",
    "project forms that are new": "spacy_birnn.nn.rnn.predict.PreparedStack.project",
    "recurrence": "spacy_birnn.nn.rnn.predict.PreparedBiRNN.run",
    "put in order": "spacy_birnn.models.tok2vec.join_groups",
    "emissions": "spacy_birnn.nn.decoder.PreparedDecoder.emissions",
    "Viterbi": "spacy_birnn.nn.decoder.PreparedDecoder.decode",
    "spans of labels": "spacy_birnn.pipeline.spans.SpanPipe.decode",
    "write into the Docs": f"{NER}.set_annotations",
}
"""The stages of tagging, and the function of each."""

TRAINING = {
    "copies of the Examples (spaCy)": "spacy.language._copy_examples",
    "words to inputs": "spacy_birnn.models.embed.read_forms",
    "embedding, forward": "spacy_birnn.nn.words.WordCharEmbedding.forward",
    "recurrence, forward": "spacy_birnn.nn.rnn.layer._Packed.forward",
    "recurrence, backward": "spacy_birnn.nn.rnn.layer._Packed.backward",
    "CRF, forward and backward": "spacy_birnn.nn.crf.crf.CRF.loss",
    "gold labels": "spacy_birnn.pipeline.spans.SpanPipe.gold_labels",
    "rest of autograd": "torch.autograd.backward",
    "clipping": "spacy_birnn.pipeline.learning.clip_gradients",
    "optimizer and averages": "spacy_birnn.models.shim.TorchShim.finish_update",
}
"""The same for training."""


class Stopwatch:
    """Adds up the seconds of each stage, without the stages inside of it."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = defaultdict(float)
        self._inside: List[float] = [0.0]

    def timed(self, name: str, function: Callable) -> Callable:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            self._inside.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                took = time.perf_counter() - began
                self.seconds[name] += took - self._inside.pop()
                self._inside[-1] += took

        return run


def main() -> None:
    parser = make_parser(__doc__)
    option = parser.add_argument
    option("--data-dir", type=existing, required=True, help="CoNLL-2003")
    option("--vectors", type=existing, required=True)
    option("--model", type=existing, required=True, help="trained pipeline")
    option("--runs", type=int, default=5)
    option("--threads", type=int, default=1, help="of torch and numpy")
    option("--config", type=existing, default=CONFIG, help="of training")
    args = parser.parse_args()
    with threads(args.threads):
        measure_tagging(args)
        measure_training(args)


def measure_tagging(args: argparse.Namespace) -> None:
    """`nlp.pipe` over testa, words that are known by now."""
    nlp = load(args.model)
    examples = read(args, nlp)
    pipe(nlp, untagged(examples))
    docs = [doc for _ in range(args.runs) for doc in untagged(examples)]
    measure("tagging", TAGGING, lambda: pipe(nlp, docs), count_tokens(docs))


def measure_training(args: argparse.Namespace) -> None:
    """Steps of `spacy train` at the settings of configs/efficiency/conll2003.cfg."""
    nlp = initialized(args)
    _, steps, tokens = endless_training(nlp, read(args, nlp, "train"), STEPS)
    deque(islice(steps, 10), maxlen=0)
    measure("training", TRAINING, lambda: deque(islice(steps, STEPS), 0), tokens)


def measure(title: str, stages: Dict[str, str], work: Callable, tokens: int) -> None:
    """Time the stages of some work over so many tokens, and print the table."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for name, path in stages.items():
            owner, attribute = path.rsplit(".", 1)
            found = resolve_name(owner).__dict__[attribute]
            timed: Any = watch.timed(name, getattr(found, "__func__", found))
            if isinstance(found, staticmethod):
                timed = staticmethod(timed)
            stack.enter_context(patch(path, timed))
        watch.timed("rest", work)()
    total = sum(watch.seconds.values())
    rows = {**watch.seconds, f"all ({tokens / total:,.0f} tokens/s)": total}
    figures = ((name, 1e6 * s / tokens, s / total) for name, s in rows.items())
    cells = [(name, f"{micros:.2f}", f"{part:.0%}") for name, micros, part in figures]
    print("", *markdown((title, "µs per token", "share"), cells), sep="\n")


if __name__ == "__main__":
    main()
