"""`spacy-birnn.ConsoleLogger.v1`: what training shows.

On a terminal the evaluations scroll by above one live view of the step at hand; where
there is no terminal they are plain aligned lines. On request each evaluation is a line
of JSON in a file.
"""

import json
import sys
from pathlib import Path
from timeit import default_timer as timer
from typing import IO, Any, Callable, Dict, List, Optional, Tuple, Union

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from spacy.language import Language

from ..errors import BirnnError, Errors
from ..files import reason_of
from .progress import best_of

Info = Dict[str, Any]
LogStep = Callable[[Optional[Info]], None]

REFRESH_PER_SECOND = 4


def create_console_logger(
    log_file: Optional[Union[str, Path]] = None, live: Optional[bool] = None
) -> Callable[..., Tuple[LogStep, Callable[[], None]]]:
    """Show how training goes (`spacy-birnn.ConsoleLogger.v1`).

    Under `spacy train` the learning rate and the time left are not known and not shown.

    Args:
        log_file: write a line of JSON for each evaluation to this file. When training
            is resumed, the lines of steps that are taken again are replaced.
        live: false for plain lines on a terminal too; null to tell by the output.

    Returns:
        A logger of spaCy's protocol.
    """

    def setup(
        nlp: Language, stdout: IO = sys.stdout, stderr: IO = sys.stderr
    ) -> Tuple[LogStep, Callable[[], None]]:
        log = ConsoleLog(
            nlp, stdout, None if log_file is None else Path(log_file), live
        )
        return log, log.close

    return setup


class ConsoleLog:
    """Called with what an evaluation has found, or with None after any other step.

    Args:
        nlp: the pipeline, without frozen components.
        stdout: where to write.
        log_file: for lines of JSON.
        live: see `create_console_logger`.
    """

    def __init__(
        self, nlp: Language, stdout: IO, log_file: Optional[Path], live: Optional[bool]
    ) -> None:
        training = nlp.config["training"]
        self.nlp = nlp
        self.stdout = stdout
        self.log_file = log_file
        self.max_epochs = training["max_epochs"]
        self.score_keys = [key for key, w in training["score_weights"].items() if w]
        self.names = [
            name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)
        ]
        self.stopwatch = _Stopwatch()
        self.clips = _Clips(nlp)
        self.evaluated: Optional[Info] = None
        self.has_header = False
        self.file: Optional[IO[str]] = None
        self.live: Optional[Live] = None
        if live is not False and stdout.isatty():
            console = Console(file=stdout)
            self.live = Live(
                console=console, refresh_per_second=REFRESH_PER_SECOND, transient=True
            )
            self.live.start()

    def __call__(self, info: Optional[Info]) -> None:
        if info is None:
            return
        speed = self.stopwatch.words_per_second(info["words"])
        # The loss is the sum since then; after a resume nothing is evaluated here yet.
        steps = [step for _, step in info["checkpoints"] if step < info["step"]]
        before = max(steps, default=-1)
        losses = {name: float(info["losses"].get(name, 0.0)) for name in self.names}
        best, best_step = best_of(info["checkpoints"]) or (None, None)
        row = {
            **info,
            "speed": speed,
            "best": best,
            "best_step": best_step,
            "losses": losses,
            "loss": sum(losses.values()) / max(info["step"] - before, 1),
            "clipped": self.clips.share(),
        }
        self.evaluated = row
        self._print(row)
        if self.log_file is not None:
            self._write_json(row)
        self.show(info)

    def show(self, info: Info) -> None:
        """Bring the live view up to date, after any step."""
        if self.live is not None and self.evaluated is not None:
            speed = self.stopwatch.running(info["words"])
            self.live.update(_view(info, self.evaluated, speed, self.max_epochs))

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.live is not None:
            self.live.stop()
            self.live = None
        if self.file is not None:
            self.file.close()
            self.file = None

    # --- lines ------------------------------------------------------------------------

    def _print(self, row: Info) -> None:
        columns = _columns(row, self.score_keys)
        lines = [" ".join(text.rjust(width) for _, width, text in columns)]
        if not self.has_header:
            self.has_header = True
            names = [name.rjust(width) for name, width, _ in columns]
            rules = ["-" * width for _, width, _ in columns]
            lines = [" ".join(names), " ".join(rules), *lines]
        for line in lines:
            if self.live is not None:
                self.live.console.print(Text(line), soft_wrap=True)
            else:
                print(line, file=self.stdout, flush=True)

    def _write_json(self, row: Info) -> None:
        if self.file is None:
            self.file = _open_log(self.log_file, row["step"])  # type: ignore[arg-type]
        facts = {
            "epoch": row["epoch"],
            "step": row["step"],
            "score": row["score"],
            "best": row["best"],
            "best_step": row["best_step"],
            "scores": row["other_scores"],
            "losses": row["losses"],
            "learn_rate": row.get("learn_rate"),
            "gradient_norms": self.clips.norms(),
            "clipped": row["clipped"],
            "gradients": row.get("gradients"),
            "words": row["words"],
            "words_per_second": row["speed"],
            "seconds": row["seconds"],
        }
        self.file.write(json.dumps(facts) + "\n")
        self.file.flush()


def _columns(row: Info, score_keys: List[str]) -> List[Tuple[str, int, str]]:
    """Name, width and text of each column; together they fit 80 characters.

    The loss is that of a step, on average since the evaluation before.
    """
    scores = row["other_scores"]
    columns = [
        ("E", 3, str(row["epoch"])),
        ("STEP", 6, str(row["step"])),
        ("LOSS", 8, f"{row['loss']:.3f}"),
    ]
    for key in score_keys if row["best"] is not None else ():
        name = key.upper()[:14]
        columns.append((name, max(len(name), 6), _percent(scores.get(key))))
    if row["best"] is not None:
        columns.append(("BEST", 6, _percent(row["best"])))
    if row.get("learn_rate") is not None:
        columns.append(("RATE", 8, f"{row['learn_rate']:.3g}"))
    if row.get("gradient_norm") is not None:
        columns.append(("NORM", 6, f"{row['gradient_norm']:.1f}"))
    if row["clipped"] is not None:
        columns.append(("CLIP", 5, f"{100 * row['clipped']:.0f} %"))
    speed = "-" if row["speed"] is None else f"{row['speed']:,.0f}"
    columns.append(("WORDS/S", 7, speed))
    columns.append(("TIME", 7, _clock(row["seconds"])))
    return columns


def _view(info: Info, row: Info, speed: float, max_epochs: int) -> Group:
    """The step at hand below what the last evaluation has found."""
    share = info.get("share_done")
    epoch = f"epoch {info['epoch'] + 1}"
    if max_epochs > 0:
        epoch += f"/{max_epochs}"
    head = Table.grid(padding=(0, 2), expand=False)
    cells: List[Any] = [epoch, f"step {info['step']:,}"]
    time = f"{_clock(info['seconds'])} elapsed"
    if share is not None:
        cells += [ProgressBar(total=1.0, completed=share, width=20), f"{share:.0%}"]
        if share:
            left = info["seconds"] * (1 - share) / share
            time += f", {_clock(left)} left"
    head.add_row(*cells, time)
    score = f"loss {_loss(info, row):.3f}"
    if row["best"] is not None:
        score += (
            f"   dev {_percent(row['score'])}, best {_percent(row['best'])} in step "
            f"{row['best_step']:,}"
        )
    parts = []
    if info.get("learn_rate") is not None:
        parts.append(f"rate {info['learn_rate']:.3g}")
    if info.get("gradient_norm") is not None:
        norm = f"norm {info['gradient_norm']:.2f}"
        if row["clipped"] is not None:
            norm += f" ({100 * row['clipped']:.0f} % clipped)"
        parts.append(norm)
    parts.append(f"{speed:,.0f} words/s")
    return Group(head, Text(score), Text("   ".join(parts)))


def _loss(info: Info, row: Info) -> float:
    """Of one step on average since the last evaluation."""
    steps = info["step"] - row["step"]
    losses = (float(info["losses"].get(name, 0.0)) for name in row["losses"])
    return sum(losses) / max(steps, 1)


def _percent(value: Any) -> str:
    return "-" if not isinstance(value, (int, float)) else f"{100 * value:.2f}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _open_log(path: Path, first_step: int) -> IO[str]:
    """Open a log to go on from a step: what it holds of later ones is cut off.

    Raises:
        BirnnError: the file is something else, or cannot be written.
    """
    kept = []
    try:
        if path.exists():
            for line in path.read_text(encoding="utf8").splitlines(keepends=True):
                if not line.endswith("\n"):
                    continue  # cut when the training was killed
                if json.loads(line)["step"] < first_step:
                    kept.append(line)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(kept), encoding="utf8")
        return open(path, "a", encoding="utf8")
    except (ValueError, KeyError, TypeError):
        raise BirnnError(Errors.B070.format(path=path)) from None
    except OSError as error:
        message = Errors.B203.format(path=path, reason=reason_of(error))
        raise BirnnError(message) from error


class _Clips:
    """How many steps were clipped, over our components, since the last evaluation."""

    def __init__(self, nlp: Language) -> None:
        self.pipes: Dict[str, Any] = {
            name: pipe for name, pipe in nlp.pipeline if hasattr(pipe, "n_clipped")
        }
        self.before = self._counts()

    def _counts(self) -> Tuple[int, int]:
        pipes = list(self.pipes.values())
        return sum(p.n_clipped for p in pipes), sum(p.n_updates for p in pipes)

    def share(self) -> Optional[float]:
        """None where none of our components was updated."""
        now = self._counts()
        clipped, updates = (a - b for a, b in zip(now, self.before))
        self.before = now
        return clipped / updates if updates else None

    def norms(self) -> Dict[str, float]:
        return {name: pipe.gradient_norm for name, pipe in self.pipes.items()}


class _Stopwatch:
    """Words per second: between two evaluations, and of late."""

    def __init__(self) -> None:
        self.evaluated: Optional[Tuple[float, int]] = None
        self.shown = (timer(), 0)
        self.speed = 0.0

    def words_per_second(self, words: int) -> Optional[float]:
        """None the first time."""
        before, self.evaluated = self.evaluated, (timer(), words)
        if before is None:
            self.shown = self.evaluated
            return None
        seconds, done = before
        return (words - done) / max(self.evaluated[0] - seconds, 1e-9)

    def running(self, words: int) -> float:
        """Anew each second."""
        seconds, done = self.shown
        now = timer()
        if now - seconds >= 1.0:
            self.speed = (words - done) / (now - seconds)
            self.shown = (now, words)
        return self.speed
