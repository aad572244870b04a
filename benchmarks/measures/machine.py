"""The machine that a figure was taken on: versions, and what the processor can do."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, List, Optional

import torch

CPUINFO = Path("/proc/cpuinfo")
# Instructions that products of matrices are made with.
FLAGS = ("avx2", "avx512", "amx", "asimd", "bf16", "sve")


def machine_facts() -> Dict[str, Any]:
    return {
        "machine": platform.machine(),
        "cpu": cpuinfo().get("model name", platform.processor()),
        "cores": os.cpu_count(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpu_flags": cpu_flags(),
        "python": platform.python_version(),
        **versions(),
        "code": code_state(),
    }


def code_state() -> Optional[str]:
    """The last commit that changed the package; None outside of a clone."""
    package = Path(__file__).resolve().parents[2] / "spacy_birnn"
    command = ["git", "-C", str(package), "log", "-1", "--format=%h", "--", "."]
    try:
        found = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None


def versions() -> Dict[str, str]:
    return {name: version(name) for name in ("torch", "numpy", "spacy", "thinc")}


def cpuinfo() -> Dict[str, str]:
    """Linux's entries of a processor; empty elsewhere."""
    lines = CPUINFO.read_text(encoding="utf8").splitlines() if CPUINFO.exists() else []
    entries = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in entries}


def cpu_flags() -> List[str]:
    """The vector instructions that Linux names."""
    entries = cpuinfo()
    flags = entries.get("flags", entries.get("Features", "")).split()
    return sorted(flag for flag in flags if flag.startswith(FLAGS))
