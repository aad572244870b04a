"""The machine that a figure was taken on: versions, and what the processor can do."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, List

import torch

CPUINFO = Path("/proc/cpuinfo")
# Instructions that products of matrices are made with.
FLAGS = ("avx2", "avx512", "amx", "asimd", "bf16", "sve")
PACKAGES = ("torch", "numpy", "spacy", "thinc")


def machine_facts() -> Dict[str, Any]:
    facts: Dict[str, Any] = {
        "machine": platform.machine(),
        "cpu": cpuinfo("model name") or platform.processor(),
        "cores": os.cpu_count(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpu_flags": cpu_flags(),
        "python": platform.python_version(),
        **versions(),
    }
    if torch.cuda.is_initialized():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts


def versions() -> Dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def cpuinfo(*names: str) -> str:
    """The first entry of that name on Linux; empty elsewhere."""
    lines = CPUINFO.read_text(encoding="utf8").splitlines() if CPUINFO.exists() else []
    entries = (line.partition(":") for line in lines)
    found = (value.strip() for name, _, value in entries if name.strip() in names)
    return next(found, "")


def cpu_flags() -> List[str]:
    """The vector instructions that Linux names."""
    flags = cpuinfo("flags", "Features").split()
    return sorted(flag for flag in flags if flag.startswith(FLAGS))


def has_bf16() -> bool:
    """Whether the processor has products of bfloat16."""
    return any("bf16" in flag for flag in cpu_flags())
