"""The training loop: spaCy's order of everything, and checkpoints to go on from.

From the same config, evaluated at the same steps, it ends with the weights of
`spacy train` to the bit, interrupted or not.
"""

from pathlib import Path
from timeit import default_timer as timer
from typing import IO, Any, Callable, Dict, Optional

from spacy.training.loop import create_before_to_disk_callback, update_meta
from thinc.api import Optimizer

from .batches import Batches, has_schedule
from .checkpoint import Checkpoint, write_checkpoint
from .config_values import coded
from .evaluation import DevSet, EvaluationPlan, NoDevSet
from .few_steps import few_steps_hint
from .identity import describe
from .optimizers import loop_schedules, warn_of_unused_rates
from .outputs import Outputs, save_pipeline
from .progress import Progress
from .randomness import set_states
from .setup import Setup
from .state import TrainingState
from .step import Step
from .stop import StopRequest
from .weights import clear_optimizer, load_models, model_bytes

CHECKPOINT_SHARE = 0.01
"""Checkpoints take no more than this share of the time."""

Info = Dict[str, Any]


class Loop:
    """One training.

    Args:
        setup: the initialized pipeline and what it is trained with.
        outputs: where it writes, None for nowhere.
        plan: when to evaluate.
        stdout: where messages go.
    """

    def __init__(
        self,
        setup: Setup,
        outputs: Optional[Outputs],
        plan: EvaluationPlan,
        stdout: IO,
    ) -> None:
        self.setup = setup
        self.nlp = setup.nlp
        self.outputs = outputs
        self.plan = plan
        self.stdout = stdout
        self.settings = settings = setup.settings
        self.progress = Progress()
        self.optimizer: Optimizer = settings["optimizer"]
        self.schedules = loop_schedules(self.optimizer)
        for schedule in self.schedules.values():
            schedule.in_loop = True
        self.batches = Batches(
            setup.examples,
            lambda: setup.train(self.nlp),
            settings["batcher"],
            settings["max_epochs"],
            self.progress,
            has_schedule=has_schedule(
                settings["batcher"], setup.config["training"]["batcher"]
            ),
            of_epoch=setup.of_epoch,
        )
        self.dev = self._make_dev_set()
        self.state = TrainingState(
            nlp=self.nlp,
            optimizer=self.optimizer,
            schedules=self.schedules,
            batches=self.batches,
            progress=self.progress,
            identity=self._describe(plan) if outputs else {},
        )
        self.before_to_disk = create_before_to_disk_callback(settings["before_to_disk"])
        self.step = Step(self.nlp, settings, self.schedules, self.progress)
        self._began = timer()
        self._saved_at = self._save_seconds = 0.0

    def _describe(self, plan: EvaluationPlan) -> Dict[str, Any]:
        setup = self.setup
        readers = {"train": setup.train, "dev": setup.dev}
        output = self.outputs.folder if self.outputs else None
        return describe(setup.config, readers, plan.frequency, setup.dev_use, output)

    def _make_dev_set(self) -> DevSet:
        dev = self.setup.dev
        if dev is None:
            return NoDevSet(self.nlp, self.batches.n_words)
        return DevSet(self.nlp, lambda: dev(self.nlp), self.settings["score_weights"])

    # --- the loop ---------------------------------------------------------------------

    def run(self, stdout: IO, stderr: IO) -> Optional[int]:
        """Train to the end; at a signal, which is returned, to the end of the step."""
        progress = self.progress
        if progress.finished and self._is_over():
            print(f"Training has ended already: {progress.finished}.", file=stdout)
            return None
        progress.finished = None
        logger, frozen = self.settings["logger"], self.settings["frozen_components"]
        with self.nlp.select_pipes(disable=frozen), coded(self.setup.config):
            log_step, finalize = logger(self.nlp, stdout, stderr)
        if self.state.random:  # last, since loggers may draw from the same generators
            set_states(self.state.random)
        stop = StopRequest()
        try:
            with stop.listening():
                if self.outputs is not None and not self.state.random:
                    self.save_checkpoint()
                self._train(log_step, stop)
        finally:
            finalize()
        # A signal in the last step comes too late: the training is whole.
        if stop.signal is None or progress.finished:
            self._finish(stdout, stderr)
            return None
        hint = ""
        if self.outputs is not None:
            self.save_checkpoint()
            hint = ": --resume goes on"
        print(f"Stopped after {progress.step} steps{hint}.", file=stdout)
        return stop.signal

    def _train(self, log_step: Callable, stop: StopRequest) -> None:
        progress = self.progress
        batches = iter(self.batches)
        while not (self._is_over() or stop.signal):
            epoch, batch = next(batches, (0, None))
            if batch is None:
                progress.finished = f"{progress.epoch} epochs are done"
                break
            self.step.begin_epoch(epoch)
            self.step.update(epoch, batch)
            progress.words += sum(len(example) for example in batch)
            progress.n_examples += len(batch)
            if self.plan.is_due(progress, self.dev.n_words):
                self._evaluate_and_log(epoch, log_step)
            else:
                self._show(epoch, log_step)
            progress.step += 1
            progress.n_batches += 1
            self._save_now_and_then()
        if progress.finished and self.plan.is_due_at_end(progress):
            progress.step -= 1
            self._evaluate_and_log(max(progress.epoch - 1, 0), log_step)
            progress.step += 1

    def _is_over(self) -> bool:
        """Whether no further step is to be taken; says why."""
        progress, settings = self.progress, self.settings
        last = progress.step - 1
        if last < 0:
            return False
        best = progress.best
        patience, max_steps = settings["patience"], settings["max_steps"]
        if patience and best is not None and last - best[1] >= patience:
            progress.finished = f"no better score in {patience} steps"
        elif max_steps and last >= max_steps:
            progress.finished = f"{max_steps} steps are done"
        elif self.batches.is_over:
            progress.finished = f"{progress.epoch} epochs are done"
        else:
            return False
        return True

    # --- evaluation -------------------------------------------------------------------

    def _evaluate_and_log(self, epoch: int, log_step: Callable) -> None:
        progress = self.progress
        with self.nlp.use_params(self.optimizer.averages):
            score, scores = self.dev.evaluate()
        progress.results.append((score, progress.step))
        progress.words_evaluated = progress.words
        info = self._info(epoch, score, scores)
        info["gradients"] = self.step.gradient_log.summary()
        if score is not None:
            self._judge(score, info)
        if score is not None or hasattr(log_step, "show"):
            log_step(info)
        else:
            log_step(None)  # spaCy's loggers have no line without a score
        if len(progress.results) == 1:
            warn_of_unused_rates(self.optimizer)
        if self.outputs is not None:
            self.outputs.settle()
        progress.losses = {}
        if score is not None:
            self._adapt_rates(score)

    def _info(self, epoch: int, score: Optional[float], scores: Optional[Info]) -> Info:
        """The dictionary that loggers get: spaCy's keys, then ours."""
        progress = self.progress
        return {
            "epoch": epoch,
            "step": progress.step,
            "score": score,
            "other_scores": scores,
            "losses": progress.losses,
            "checkpoints": progress.results,
            "seconds": int(self._seconds()),
            "words": progress.words,
            "learn_rate": self.optimizer.learn_rate,
            "gradient_norm": self.step.gradient_norm,
            "share_done": self._share_done(),
        }

    def _show(self, epoch: int, log_step: Callable) -> None:
        """Between evaluations spaCy's loggers only count steps; ours shows more."""
        show = getattr(log_step, "show", None)
        if show is None:
            log_step(None)
        else:
            show(self._info(epoch, None, None))

    def _share_done(self) -> Optional[float]:
        max_steps = self.settings["max_steps"]
        shares = [self.batches.share_done]
        if max_steps:
            shares.append(min((self.progress.step + 1) / (max_steps + 1), 1.0))
        return max((share for share in shares if share is not None), default=None)

    def _judge(self, score: float, info: Info) -> None:
        """Write the scores into the pipeline, and keep it if it is the best."""
        with self.nlp.select_pipes(disable=self.settings["frozen_components"]):
            update_meta(self.settings, self.nlp, info)
        best = self.progress.best
        if best is not None and score == best[0]:
            self._keep_best(info)

    def _adapt_rates(self, score: float) -> None:
        judged = [schedule.judge(score) for schedule in self.schedules.values()]
        if any(judged):
            self._restart_from_best()
        for name, schedule in self.schedules.items():
            setattr(self.optimizer, name, schedule.rate)

    def _keep_best(self, info: Info) -> None:
        with self.nlp.use_params(self.optimizer.averages):
            if any(schedule.restarts for schedule in self.schedules.values()):
                self.state.best_models = model_bytes(self.nlp)
            if self.outputs is not None:
                best = self.outputs.best
                save_pipeline(self.outputs, best, self.nlp, self.before_to_disk)
                info["output_path"] = str(best)

    def _restart_from_best(self) -> None:
        """Begin anew from the weights that were evaluated best."""
        load_models(self.nlp, self.state.best_models)
        clear_optimizer(self.optimizer)

    def _finish(self, stdout: IO, stderr: IO) -> None:
        with self.nlp.use_params(self.optimizer.averages):
            if self.outputs is not None:
                last = self.outputs.last
                save_pipeline(self.outputs, last, self.nlp, self.before_to_disk)
        if self.outputs is not None:
            self.save_checkpoint()
        seconds = max(self._seconds(), 1e-9)
        share = 100 * self.progress.seconds_in_updates / seconds
        where = f" Pipelines: {self.outputs.folder}" if self.outputs else ""
        print(
            f"Training has ended: {self.progress.finished}. {share:.0f} % of "
            f"{seconds:.0f} s were updates.{where}",
            file=stdout,
        )
        hint = few_steps_hint(self.progress, self.settings)
        if hint:
            print(hint, file=stderr)

    # --- checkpoints ------------------------------------------------------------------

    def _seconds(self) -> float:
        return self.progress.seconds + timer() - self._began

    def _save_now_and_then(self) -> None:
        if self.outputs is None:
            return
        since = timer() - self._saved_at
        if since * CHECKPOINT_SHARE >= self._save_seconds:
            self.save_checkpoint()

    def save_checkpoint(self) -> None:
        """Write what the training is made of now.

        Raises:
            BirnnError: it cannot be written; the checkpoint before stays.
        """
        assert self.outputs is not None
        began = timer()
        checkpoint = self.state.to_checkpoint(self._seconds())
        write_checkpoint(self.outputs.checkpoint, checkpoint)
        self._saved_at = timer()
        self._save_seconds = self._saved_at - began

    def restore(self, checkpoint: Checkpoint, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            BirnnError: it belongs to another config or to other data.
        """
        self.state.restore(checkpoint, path)
        if not self.plan.frequency:
            self.dev.examples()  # counts its words, by which evaluations are planned
        print(f"Resumed after {self.progress.step} steps.", file=self.stdout)
