"""What the figures depend on: versions and what the processor can do."""

import os
import platform
from pathlib import Path
from typing import Any, Dict, List

import numpy
import spacy
import thinc
import torch

CPUINFO = Path("/proc/cpuinfo")
# Instructions that products of matrices are made with.
FLAGS = ("avx2", "avx512", "amx", "asimd", "bf16", "sve")


def machine_facts() -> Dict[str, Any]:
    facts: Dict[str, Any] = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpu_flags": cpu_flags(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "spacy": spacy.__version__,
        "thinc": thinc.__version__,
    }
    if torch.cuda.is_initialized():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts


def cpu_flags() -> List[str]:
    """The vector instructions that Linux names; none elsewhere."""
    if not CPUINFO.exists():
        return []
    for line in CPUINFO.read_text(encoding="utf8").splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return sorted(flag for flag in flags.split() if flag.startswith(FLAGS))
    return []


def has_bf16() -> bool:
    """Whether the processor has products of bfloat16."""
    return any("bf16" in flag for flag in cpu_flags())
