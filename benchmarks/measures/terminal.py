"""How long a command leaves its terminal without a word."""

import os
import pty
import re
import subprocess
from pathlib import Path
from typing import Dict, List, NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
_CLEARED = re.compile(r"\x1b\[[02]?K")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Silence(NamedTuple):
    """Seconds of processor time: of the whole command, and of its longest silence."""

    seconds: float
    longest: float


def is_blank(line: str) -> bool:
    """Whether a line shows nothing, after all that was written over it.

    Args:
        line: What came since the last line feed.
    """
    pieces = _CONTROL.sub("", _CLEARED.sub("\r \r", line)).split("\r")
    shown = [piece for piece in pieces if piece]
    return not shown or not shown[-1].strip()


def longest_silence(command: List[str], cwd: Path, env: Dict[str, str]) -> Silence:
    """Run a command on a terminal of its own.

    It is silent while the last line on the terminal is empty: a bar or a note of what
    is done ends a silence, and so does a line of output, after which the next begins.
    Seconds are those of the processor, which are those of the clock on an idle machine.

    Raises:
        subprocess.CalledProcessError: The command failed.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**env, "TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    line, since, longest, is_silent = "", 0.0, 0.0, True
    while True:
        try:
            written = os.read(ours, 1 << 16).decode("utf-8", "replace")
        except OSError:  # on Linux the end of a terminal is an error
            break
        now = processor_seconds(process.pid)
        if is_silent:
            longest = max(longest, now - since)
        line = (line + written).rpartition("\n")[2]
        since, is_silent = now, is_blank(line)
    os.close(ours)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = usage.ru_utime + usage.ru_stime
    return Silence(seconds, max(longest, seconds - since if is_silent else 0.0))


def processor_seconds(pid: int) -> float:
    """What a process has used so far; on Linux."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf8")
    except OSError:  # it has ended
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
