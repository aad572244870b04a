"""A process and all that it started (on Linux): what they are and what they cost."""

import os
from pathlib import Path
from typing import Dict, List

TICKS = os.sysconf("SC_CLK_TCK")


def descendants(root: int) -> List[int]:
    """A process and all below it, itself first."""
    children: Dict[int, List[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def processor_times(root: int) -> Dict[int, float]:
    """Seconds of processor time of each process of a tree."""
    times = {}
    for pid in descendants(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        times[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return times


def is_python(pid: int) -> bool:
    """Whether a process runs this interpreter, as all workers do."""
    try:
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    return Path(program).name.startswith("python")
