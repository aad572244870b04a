"""Where the microseconds of a token go, in tagging and in training.

    python benchmarks/stages.py --data-dir DIR --vectors DIR --model DIR

Each stage is a function that runs once a batch, wrapped in a clock for the time of the
measurement; its time is what it does not spend in other stages. What is in none is the
rest: spaCy's loop, and all that is between the stages.
"""

import argparse
import importlib
import time
from collections import defaultdict, deque
from contextlib import ExitStack
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, List
from unittest.mock import patch

from measures.inputs import Setting, count_tokens, load, pipe, read, untagged
from measures.timing import threads
from measures.training import endless_training, initialized

STEPS = 100
NER = "spacy_birnn.pipeline.ner.BiRNNEntityRecognizer"

TAGGING: Dict[str, str] = {
    "read the Docs' tokens": "spacy_birnn.models.sentences.DocBatch.read",
    "look forms up": "spacy_birnn.models.forms.FormTable.look_up",
    "embed forms that are new": "spacy_birnn.models.tok2vec.embed_forms",
    "project forms that are new": "spacy_birnn.nn.inference.InferenceBiRNN.project",
    "recurrence": "spacy_birnn.nn.inference.Layer.run",
    "put in order": "spacy_birnn.nn.inference.InferenceBiRNN.encode",
    "emissions": "spacy_birnn.nn.decoder.InferenceDecoder.emissions",
    "Viterbi": "spacy_birnn.nn.decoder.InferenceDecoder.decode",
    "spans of labels": "spacy_birnn.pipeline.spans.SpanPipe.decode",
    "write into the Docs": f"{NER}.set_annotations",
}

TRAINING: Dict[str, str] = {
    "copies of the Examples (spaCy)": "spacy.language._copy_examples",
    "words to inputs": "spacy_birnn.models.embed._form_inputs",
    "embedding, forward": "spacy_birnn.nn.words.WordCharEmbedding.forward",
    "recurrence, forward": "spacy_birnn.nn.recurrence._Layer.forward",
    "recurrence, backward": "spacy_birnn.nn.recurrence._Layer.backward",
    "CRF, forward and backward": "spacy_birnn.nn.crf.CRF.loss",
    "gold labels": "spacy_birnn.pipeline.spans.SpanPipe.gold_labels",
    "rest of autograd": "torch.autograd.backward",
    "clipping": "spacy_birnn.pipeline.base.clip_gradients",
    "optimizer and averages": "spacy_birnn.models.shim.TorchShim.finish_update",
}


class Stopwatch:
    """Adds up what each stage takes, without the stages inside of it."""

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
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="CoNLL-2003")
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="trained pipeline")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of torch and numpy")
    args = parser.parse_args()
    folders = (args.data_dir, args.vectors, args.model)
    setting = Setting(*folders, None, args.runs, args.threads)
    with threads(setting.threads):
        print_table("tagging", *tagging(setting))
        print_table("training", *training(setting))


def tagging(setting: Setting) -> tuple:
    """`nlp.pipe` over testa, words that are known by now."""
    nlp = load(setting.model)
    examples = read(nlp, setting.test_file)
    pipe(nlp, untagged(examples))
    runs = [untagged(examples) for _ in range(setting.runs)]
    tokens = sum(map(count_tokens, runs))

    def tag() -> None:
        for docs in runs:
            pipe(nlp, docs)

    return measure(TAGGING, tag, tokens)


def training(setting: Setting) -> tuple:
    """Steps of `spacy train` at the settings of configs/conll2003.cfg."""
    nlp = initialized(setting)
    examples = read(nlp, setting.train_file)
    _, steps, tokens = endless_training(nlp, examples, STEPS)
    deque(islice(steps, 10), maxlen=0)
    work = lambda: deque(islice(steps, STEPS), maxlen=0)  # noqa: E731
    return measure(TRAINING, work, tokens)


def measure(stages: Dict[str, str], work: Callable, tokens: int) -> tuple:
    """Seconds a stage, in all, and how many tokens they were for."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for name, path in stages.items():
            owner, attribute = resolve(path)
            found = owner.__dict__[attribute]
            is_static = isinstance(found, staticmethod)
            timed = watch.timed(name, found.__func__ if is_static else found)
            new = staticmethod(timed) if is_static else timed
            stack.enter_context(patch.object(owner, attribute, new))
        whole = watch.timed("rest", work)
        whole()
    return watch.seconds, tokens


def resolve(path: str) -> tuple:
    """The module or class that holds a function, and its name there."""
    owner, attribute = path.rsplit(".", 1)
    try:
        return importlib.import_module(owner), attribute
    except ImportError:
        module, name = owner.rsplit(".", 1)
        return getattr(importlib.import_module(module), name), attribute


def print_table(title: str, seconds: Dict[str, float], tokens: int) -> None:
    total = sum(seconds.values())
    print(f"\n| {title} | µs a token | share |\n|---|---|---|")
    for name, taken in seconds.items():
        print(f"| {name} | {1e6 * taken / tokens:.2f} | {taken / total:.0%} |")
    print(f"| all ({tokens / total:,.0f} tokens/s) | {1e6 * total / tokens:.2f} | |")


if __name__ == "__main__":
    main()
