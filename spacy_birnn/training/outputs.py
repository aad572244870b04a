"""Where a training writes: `model-best`, `model-last` and a checkpoint."""

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator, List

from spacy.language import Language

from ..errors import BirnnError, Errors
from .checkpoint import writing

BEST, LAST, CHECKPOINT = "model-best", "model-last", "checkpoint"


class Outputs:
    """The folder of a training.

    A pipeline takes the place of an older one when it is whole. What an older training
    has left is put aside by `begin`, and comes back by `undo` if the new one fails
    before it has got anywhere; `settle` removes it.

    Args:
        folder: as the user has given it.
        more: names in it of what was made before the training and for it, at some cost:
            it is gone on with where it is there, and stays after a mistake, unless an
            older training comes back.
    """

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.best = folder / BEST
        self.last = folder / LAST
        self.checkpoint = folder / CHECKPOINT
        self._more = [folder / name for name in more]
        self._aside = folder / ".before"
        self._moving = folder / ".moving"
        self._is_new = self._goes_on = False

    def prepare(self, resume: bool, force: bool) -> bool:
        """Make the folder, and refuse to write over what is not ours to replace.

        Returns:
            Whether there is a checkpoint to go on from.

        Raises:
            BirnnError: the folder is taken, or cannot be made.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise BirnnError(
                Errors.B203.format(path=self.folder, reason="it is not a directory")
            )
        self._check_names()
        self._recover(resume)
        is_taken = self.folder.is_dir() and any(self.folder.iterdir())
        if is_taken and not (resume or force):
            raise BirnnError(Errors.B060.format(path=self.folder))
        self._goes_on = resume and self._has_more()
        if resume and self.checkpoint.is_file():
            self._goes_on = True
            return True
        if resume and not force and (self.best.exists() or self.last.exists()):
            raise BirnnError(Errors.B061.format(path=self.folder))
        self._is_new = not self.folder.exists()
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        return False

    def _check_names(self) -> None:
        """Refuse what has the name of an output and is none: it would be lost."""
        for path in (self.best, self.last):
            is_pipeline = (path / "config.cfg").is_file() or _is_empty(path)
            if path.exists() and not is_pipeline:
                raise BirnnError(Errors.B498.format(path=path))
        if self.checkpoint.is_dir():
            raise BirnnError(Errors.B498.format(path=self.checkpoint))

    def begin(self) -> None:
        """Put aside what an older training has left, unless this one goes on with
        something, or has begun."""
        if self._goes_on or self._aside.is_dir():
            return
        with writing(self.folder):
            # Killed on the way, it is still told from a training that was put aside.
            self._moving.mkdir(exist_ok=True)
            for path in self._all():
                if path.exists():
                    path.rename(self._moving / path.name)
            self._moving.rename(self._aside)

    def settle(self) -> None:
        """Remove what was put aside."""
        if self._aside.is_dir():
            shutil.rmtree(self._aside, ignore_errors=True)

    def undo(self) -> None:
        """Leave everything as it was before `begin`, unless it is settled.

        A folder that was made for this training goes too, if it is empty. What another
        process has begun, and this one has gone on with, stays.
        """
        if not self._goes_on:
            self._put_back()
        if self._is_new:
            with suppress(OSError):  # it is not empty
                self.folder.rmdir()

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Undo a training that fails in this block."""
        try:
            yield
        except BaseException:
            self.undo()
            raise

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo a training that fails in this block, and settle one that does not."""
        with self.undoing():
            yield
        self.settle()

    def _put_back(self) -> None:
        if self._aside.is_dir():
            is_over_older = any(self._aside.iterdir())
            for path in self._all() if is_over_older else self._own():
                _remove(path)
            self._aside.rename(self._moving)
        self._move_back()

    def _move_back(self) -> None:
        if self._moving.is_dir():
            for path in self._all():
                before = self._moving / path.name
                if before.exists():
                    before.rename(path)
            shutil.rmtree(self._moving, ignore_errors=True)

    def _has_more(self) -> bool:
        return any(path.exists() for path in self._more)

    def _own(self) -> List[Path]:
        """The checkpoint comes first: where there is none, `_recover` undoes."""
        return [self.checkpoint, self.best, self.last]

    def _all(self) -> List[Path]:
        return [*self._own(), *self._more]

    def save(self, target: Path, to_disk: Callable[[Path], None]) -> None:
        """Write a pipeline in the place of an older one.

        Args:
            target: `best` or `last`.
            to_disk: writes it into a folder.

        Raises:
            BirnnError: it cannot be written; the older one stays.
        """
        new, old = _beside(target, "new"), _beside(target, "old")
        with writing(target):
            try:
                shutil.rmtree(new, ignore_errors=True)
                to_disk(new)
                shutil.rmtree(old, ignore_errors=True)
                if target.exists():
                    target.rename(old)
                new.rename(target)
            finally:
                shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)

    def _recover(self, resume: bool) -> None:
        """Put right what was interrupted between the two renamings of `save`, or before
        a new training had got anywhere."""
        self._move_back()
        if self.checkpoint.exists():
            self.settle()
        elif not (resume and self._has_more()):
            self._put_back()
        for target in (self.best, self.last):
            old = _beside(target, "old")
            if old.is_dir() and not target.exists():
                old.rename(target)
            for folder in (old, _beside(target, "new")):
                shutil.rmtree(folder, ignore_errors=True)


def save_pipeline(
    outputs: Outputs,
    target: Path,
    nlp: Language,
    before: Callable[[Language], Language],
) -> None:
    """Save a pipeline with the weights that it has now.

    Args:
        before: the config's `before_to_disk`.
    """
    outputs.save(target, before(nlp).to_disk)


def _is_empty(folder: Path) -> bool:
    """Whether there is a folder with nothing in it."""
    return folder.is_dir() and not any(folder.iterdir())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _beside(target: Path, what: str) -> Path:
    return target.with_name(f".{target.name}.{what}")
