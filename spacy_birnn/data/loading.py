"""Find and load a Hugging Face dataset: from the Hub, from disk or from an address."""

import hashlib
import sys
from contextlib import contextmanager, nullcontext, suppress
from http.client import HTTPException
from itertools import islice
from pathlib import Path
from ssl import SSLError
from time import sleep
from typing import Any, Dict, Iterator, Optional
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ..errors import BirnnError, Errors
from .download import download, is_url
from .text import list_files, open_binary, read_lines

_BUILDERS = {
    ".parquet": "parquet",
    ".jsonl": "json",
    ".json": "json",
    ".arrow": "arrow",
}
_PARQUET = b"PAR1"
# Of a file, and of a stream of record batches.
_ARROW = (b"ARROW1", b"\xff\xff\xff\xff")

RETRIES = 3
"""How often a server is asked that does not answer."""

TIMEOUT = 10.0
"""Seconds to wait for its answer."""

_RETRIES = ("STREAMING_READ_MAX_RETRIES", "STREAMING_OPEN_MAX_RETRIES")

# What `datasets` calls a single file.
_ONLY_SPLIT = "train"


def load(
    path: str,
    name: Optional[str],
    split: str,
    revision: Optional[str],
    streaming: bool,
) -> Any:
    """Load one split of a dataset; see `create_datasets_reader`.

    Returns:
        A `Dataset`, or an `IterableDataset` where streaming.

    Raises:
        BirnnError: There is no such dataset, configuration, split or file, or it
            cannot be read.
    """
    builder = _builder(path)
    is_here = builder is not None or is_url(path) or Path(path).exists()
    if is_here and (name or revision):
        raise BirnnError(Errors.B127.format(path=path))
    if builder is not None and split.partition("[")[0] != _ONLY_SPLIT:
        raise BirnnError(Errors.B134.format(path=path, split=split, known=_ONLY_SPLIT))
    with coded_errors(path):
        import datasets

        if is_url(path) and builder is not None:
            path = str(_fetch(path, Path(datasets.config.DOWNLOADED_DATASETS_PATH)))
        if builder is not None:
            _check_file(Path(path))
            return datasets.load_dataset(
                builder, data_files=path, split=split, streaming=streaming
            )
        if _is_saved(Path(path)):
            saved = datasets.load_from_disk(path)
            splits = saved if isinstance(saved, dict) else {_ONLY_SPLIT: saved}
            saved = _select(splits, split, path)
            return saved.to_iterable_dataset() if streaming else saved
        with nullcontext() if Path(path).exists() else offline_if_unreachable():
            return datasets.load_dataset(
                path, name=name, split=split, revision=revision, streaming=streaming
            )


def _select(splits: Dict[str, Any], split: str, path: str) -> Any:
    """One split of a saved folder, or what slices such as `train[:10%]` are of it.

    `datasets` understands slices only of what it builds itself.
    """
    import datasets

    sizes = {name: len(part) for name, part in splits.items()}
    try:
        parts = datasets.ReadInstruction.from_spec(split).to_absolute(sizes)
    except (AssertionError, ValueError) as error:
        known = ", ".join(splits)
        raise BirnnError(
            Errors.B134.format(path=path, split=split, known=known)
        ) from error
    # A part that is a whole split has no bounds.
    rows = [range(sizes[part.splitname])[part.from_ : part.to] for part in parts]
    return datasets.concatenate_datasets(
        [splits[part.splitname].select(r) for part, r in zip(parts, rows, strict=True)]
    )


def row_place(path: str, split: str, number: int) -> str:
    """Say where a row stands, counted from 1: by its line where a file has lines."""
    file = Path(path)
    has_lines = file.is_file() and file.name.removesuffix(".gz").endswith(".jsonl")
    if split == _ONLY_SPLIT and has_lines:
        lines = (i for i, line in enumerate(read_lines(file), 1) if line.strip())
        return f"{path}:{next(islice(lines, number - 1, None), number)}"
    return f"{path}, row {number}"


def _builder(path: str) -> Optional[str]:
    """The builder that reads a single file; None for a directory or an id."""
    if Path(path).is_dir():
        return None
    suffix = Path(_file_name(path).removesuffix(".gz")).suffix
    if suffix not in _BUILDERS and (is_url(path) or Path(path).exists()):
        raise BirnnError(Errors.B128.format(path=path, known=", ".join(_BUILDERS)))
    return _BUILDERS.get(suffix)


def is_dataset(path: Path) -> bool:
    """Whether a path holds what only `datasets` reads: Parquet, Arrow, a saved one."""
    if path.is_dir() or not path.is_file():
        return _is_saved(path)
    with open_binary(path) as file, suppress(OSError, EOFError):
        return file.read(len(_ARROW[0])).startswith((_PARQUET, *_ARROW))
    return False


def has_splits(path: str) -> bool:
    """Whether a dataset may have several splits: a file is one, and so is what was
    saved without any."""
    return _builder(path) is None and not (Path(path) / "state.json").exists()


def _is_saved(path: Path) -> bool:
    """Whether a directory was written by `save_to_disk`."""
    return (path / "dataset_dict.json").exists() or (path / "state.json").exists()


def _check_file(path: Path) -> None:
    for file in list_files(path):
        if not file.stat().st_size:
            raise BirnnError(Errors.B118.format(path=path))


def _file_name(path: str) -> str:
    return Path(urlsplit(path).path if is_url(path) else path).name


def _fetch(url: str, cache: Path) -> Path:
    # The name must keep its suffix, which says how the file is compressed.
    key = hashlib.sha256(url.encode("utf-8")).hexdigest()
    target = cache / f"{key}{''.join(Path(url).suffixes[-2:])}"
    download(url, target)
    return target


@contextmanager
def coded_errors(path: str) -> Iterator[None]:
    """Turn whatever `datasets` and what is below it raise into one line.

    Their own log lines are held back meanwhile, and so are their progress bars where
    nobody looks at a terminal. They try a server that has failed 20 times over; here
    three times.
    """
    import datasets
    from huggingface_hub import logging as hub_logging

    verbosity, hub_verbosity = (
        datasets.logging.get_verbosity(),
        hub_logging.get_verbosity(),
    )
    hide_bars = not (sys.stderr.isatty() or datasets.are_progress_bars_disabled())
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    hub_logging.set_verbosity(hub_logging.CRITICAL)
    if hide_bars:
        datasets.disable_progress_bars()
    try:
        with _settings(datasets.config, dict.fromkeys(_RETRIES, RETRIES)):
            yield
    except BirnnError:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        lines = str(cause).strip().splitlines() or [type(cause).__name__]
        raise BirnnError(Errors.B129.format(path=path, reason=lines[0])) from error
    finally:
        datasets.logging.set_verbosity(verbosity)
        hub_logging.set_verbosity(hub_verbosity)
        if hide_bars:
            datasets.enable_progress_bars()


@contextmanager
def offline_if_unreachable() -> Iterator[None]:
    """Use what is cached of the Hub, and nothing else, where the Hub does not answer.

    `huggingface_hub` would try five times with growing pauses for each of its requests,
    and has no setting for that.
    """
    import datasets
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or _is_reachable(constants.ENDPOINT):
        yield
        return
    offline = {"HF_HUB_OFFLINE": True}
    with _settings(constants, offline), _settings(datasets.config, offline):
        yield


def _is_reachable(url: str) -> bool:
    for attempt in range(RETRIES):
        sleep(attempt)
        try:
            urlopen(Request(url, method="HEAD"), timeout=TIMEOUT).close()
            return True
        except HTTPError as error:
            error.close()
            return True  # it has answered
        except (OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", error), SSLError):
                return True  # others may trust its certificate
    return False


@contextmanager
def _settings(module: Any, values: Dict[str, Any]) -> Iterator[None]:
    """Change settings of a module for a while."""
    before = {name: getattr(module, name) for name in values if hasattr(module, name)}
    try:
        for name in before:
            setattr(module, name, values[name])
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
