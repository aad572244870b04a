"""The files that `evaluate` writes."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Optional

import srsly

from ..data.text import list_files
from ..diagnostics.figures import check_matplotlib
from ..diagnostics.report import Report
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from .options import check_ending, check_not_input


@dataclass(frozen=True)
class Outputs:
    """The files to write, each of which may not be wanted.

    Attributes:
        metrics: all scores as JSON; an older one is replaced.
        page: the report.
        errors: a line of JSON per error.
    """

    metrics: Optional[Path]
    page: Optional[Path]
    errors: Optional[Path]

    @property
    def shows_errors(self) -> bool:
        """Whether errors are written anywhere."""
        return self.page is not None or self.errors is not None

    def check_options(self, train: Optional[Path], log: Optional[Path]) -> None:
        """Refuse options that nothing of what is written would show.

        Raises:
            BirnnError: there is one.
        """
        if train is not None and not self.shows_errors:
            other = " or --errors ERRORS.jsonl"
            raise BirnnError(Errors.B424.format(option="--train", other=other))
        if log is not None and self.page is None:
            raise BirnnError(Errors.B424.format(option="--log", other=""))

    def check(self, inputs: Iterable[Path], force: bool) -> None:
        """Look whether everything can be written, before any work is done for it.

        Args:
            inputs: files and directories that are read.
            force: the report and the list of errors may be replaced.

        Raises:
            BirnnError: a path is taken, is read, has another ending than its format or
                stands for two files; or the report cannot be drawn.
        """
        wanted = [
            (self.metrics, "-o", ".json", "JSON"),
            (self.page, "--report", ".html", "HTML"),
            (self.errors, "--errors", ".jsonl", "JSON lines"),
        ]
        read = [file for path in inputs for file in list_files(path)]
        named: Dict[Path, str] = {}
        for path, option, ending, content in wanted:
            if path is None:
                continue
            check_not_input(path, read)
            check_ending(path, ending, content)
            check_output(path, force or path == self.metrics)
            other = named.setdefault(path.resolve(), option)
            if other != option:
                raise BirnnError(Errors.B425.format(path=path, one=other, other=option))
        if self.page is not None:
            check_matplotlib()

    def write(self, scores: Dict[str, Any], report: Optional[Report]) -> None:
        """Write all files or, where one of them cannot be written, none."""
        with ExitStack() as stack:
            if report is not None and self.page is not None:
                page = stack.enter_context(replacing(self.page))
                page.write(report.to_html().encode("utf-8", "surrogatepass"))
            if report is not None and self.errors is not None:
                lines = stack.enter_context(replacing(self.errors))
                for record in report.records():
                    line = json.dumps(record, ensure_ascii=False) + "\n"
                    lines.write(line.encode("utf-8", "surrogatepass"))
            if self.metrics is not None:
                metrics = stack.enter_context(replacing(self.metrics))
                metrics.write(srsly.json_dumps(scores, indent=2).encode() + b"\n")

    def show(self) -> None:
        """Say which files were written."""
        written = [path for path in (self.page, self.errors, self.metrics) if path]
        if written:
            print(f"\nWrote {', '.join(map(str, written))}.")
