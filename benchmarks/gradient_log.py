"""The price of the gradients in the log: how much longer training takes with them.

    python benchmarks/gradient_log.py --train FILE --vectors DIR \\
        -o benchmarks/results/gradient_log.json

Two pipelines of the recipe `efficiency` take the same steps in turn on one thread, one
with what `spacy-birnn train` measures of its gradients, one without. Each ratio is of
neighbours in time. The clock is that of the processor: what else runs on the machine
hardly counts.
"""

import gc
import json
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Iterator, List

from measures.machine import machine_facts
from options import existing, make_parser, run_script
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config

from spacy_birnn.cli.init_config import init_config
from spacy_birnn.files import replacing
from spacy_birnn.training.gradient_log import EVERY, GradientLog
from spacy_birnn.training.setup import Setup, set_up

NEVER = 10**9


class Side:
    """A training that goes on.

    Args:
        config: of the pipeline.
        every: steps from one that is measured to the next.
    """

    def __init__(self, config: Config, every: int) -> None:
        self.setup: Setup = set_up(config)
        self.log = GradientLog(self.setup.nlp, every=every)
        self.batches = self._batches()
        self.step = 0

    def _batches(self) -> Iterator[List[Example]]:
        """Without joining, so that both sides have the same ones."""
        batcher = registry.resolve(
            {"b": {"@batchers": "spacy.batch_by_sequence.v1", "size": 32}}
        )["b"]
        return cycle(list(islice(batcher(self.setup.examples), 40)))

    def seconds_of(self, steps: int) -> float:
        """Processor time of some more steps, as the training loop takes them."""
        nlp, optimizer = self.setup.nlp, self.setup.settings["optimizer"]
        batches = list(islice(self.batches, steps))
        gc.collect()
        began = time.process_time()
        for batch in batches:
            with self.log.recording(self.step):
                nlp.update(batch, drop=0.5, sgd=False)  # type: ignore[arg-type]
            with self.log.updating():
                for _, pipe in nlp.pipeline:
                    pipe.finish_update(optimizer)  # type: ignore[attr-defined]
            optimizer.step_schedules()
            self.step += 1
        return time.process_time() - began


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--train", type=existing, required=True, help="CoNLL columns")
    parser.add_argument("--vectors", type=existing, required=True)
    parser.add_argument("--runs", type=int, default=15, help="of each side")
    parser.add_argument("-o", "--output", type=Path, help="results, JSON")
    args = parser.parse_args()
    config = init_config("ner", "efficiency")
    for part in ("train", "dev"):
        config["paths"][part] = str(args.train)
    config["paths"]["vectors"] = str(args.vectors)
    config["corpora"]["train"]["limit"] = 2000
    sides = [Side(config, every) for every in (EVERY, NEVER)]
    ratios = []
    for run in range(1 + args.runs):
        order = sides if run % 2 else sides[::-1]
        seconds = {id(side): side.seconds_of(2 * EVERY) for side in order}
        if run:  # the first does not count
            ratios.append(seconds[id(sides[0])] / seconds[id(sides[1])])
            print(f"{ratios[-1]:.3f}", flush=True)
    result = {
        "time with the log over time without": {
            "median": round(median(ratios), 4),
            "min": round(min(ratios), 4),
            "max": round(max(ratios), 4),
            "runs": len(ratios),
        },
        "steps per run": 2 * EVERY,
        "measured every": EVERY,
        "machine": machine_facts(),
    }
    print(json.dumps(result, indent=2))
    if args.output is not None:
        with replacing(args.output) as file:
            file.write(json.dumps(result, indent=2).encode("utf8") + b"\n")


if __name__ == "__main__":
    run_script(main)
