"""The identity of a training: its config and its data."""

import hashlib
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from thinc.api import Config

from .config_keys import flatten
from .dev_use import DevUse

FREE = (
    "training.logger",
    "training.max_epochs",
    "training.max_steps",
    "training.patience",
)
"""Settings that may differ when a training is resumed."""

DATA_SECTIONS = ("paths", "corpora", "initialize")
MISSING = "(not set)"
ADAPTED = "(as it is worth its time)"
MAX_NAMED = 5


def describe(
    config: Config,
    readers: Dict[str, Optional[Callable]],
    eval_frequency: Optional[int],
    dev_use: DevUse = DevUse.choose,
    output: Optional[Path] = None,
) -> Dict[str, Any]:
    """All that has to be the same, as JSON can hold it.

    Args:
        config: interpolated.
        readers: the corpora by name, None for one that is not read.
        eval_frequency: steps between evaluations, None where they adapt: the config
            alone does not say it.
        dev_use: what the development corpus is for.
        output: the folder of the training, whose content changes.

    Returns:
        Values by config key; checksums of the files and folders that are named in the
        sections with data, and fingerprints and settings of datasets.
    """
    facts: Dict[str, Any] = {}
    for key, value in flatten(config):
        if not key.startswith(FREE):
            facts[key] = value
            if key.startswith(DATA_SECTIONS):
                facts |= _contents(value, facts, output)
    facts["training.eval_frequency"] = eval_frequency or ADAPTED
    facts["--dev"] = dev_use.value
    is_stream = config["training"]["max_epochs"] < 0
    facts["reading of the training corpus"] = "as a stream" if is_stream else "whole"
    for name, reader in readers.items():
        fingerprint = getattr(reader, "fingerprint", None)
        if fingerprint is not None:
            facts[f"dataset of {name}"] = fingerprint
        for key, value in getattr(reader, "settings", {}).items():
            facts[f"{key} of {name}"] = value
    return facts


def _contents(
    value: Any, known: Dict[str, Any], output: Optional[Path]
) -> Dict[str, str]:
    """Checksums of the files and folders that a value names, but for those known, since
    several keys name the same ones, and for what training writes: any value, such as
    `target = "chunks"`, may be the name of its folder."""
    names = value if isinstance(value, list) else [value]
    return {
        f"content of {name}": checksum(Path(name))
        for name in names
        if isinstance(name, str)
        and name
        and f"content of {name}" not in known
        and Path(name).exists()
        and not (output and Path(name).resolve().is_relative_to(output.resolve()))
    }


def differences(before: Dict[str, Any], now: Dict[str, Any]) -> List[str]:
    """The differences in words; no more than a few."""
    found = []
    for key in sorted({*before, *now}):
        old, new = before.get(key, MISSING), now.get(key, MISSING)
        if old == new:
            continue
        if not key.startswith(("content of ", "dataset of ")):
            found.append(f"{key} was {old!r} and is {new!r}")
        elif new is MISSING:
            found.append(f"the {key} is not there now")
        elif old is MISSING:
            found.append(f"the {key} was not there")
        else:
            found.append(f"the {key} has changed")
    if len(found) > MAX_NAMED:
        found[MAX_NAMED:] = [f"and {len(found) - MAX_NAMED} more"]
    return found


def checksum(path: Path) -> str:
    """Of a file, or of the names and contents of all files of a folder."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(str(file.relative_to(path)).encode())
            with open(file, "rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()
