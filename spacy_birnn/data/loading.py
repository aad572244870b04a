"""Find and load a Hugging Face dataset: from the Hub, from disk or from an address."""

import hashlib
import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, Optional
from urllib.parse import urlsplit

from ..errors import BirnnError, Errors
from .download import download, is_url
from .text import list_files, read_lines

_BUILDERS = {
    ".parquet": "parquet",
    ".jsonl": "json",
    ".json": "json",
    ".arrow": "arrow",
}
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
            if isinstance(saved, dict):
                saved = _select(saved, split, path)
            return saved.to_iterable_dataset() if streaming else saved
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
    """What reads a single file; None for a directory or the id of a dataset."""
    if Path(path).is_dir():
        return None
    suffix = Path(_file_name(path).removesuffix(".gz")).suffix
    if suffix not in _BUILDERS and (is_url(path) or Path(path).exists()):
        raise BirnnError(Errors.B128.format(path=path, known=", ".join(_BUILDERS)))
    return _BUILDERS.get(suffix)


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
    nobody looks at a terminal.
    """
    import datasets

    verbosity = datasets.logging.get_verbosity()
    hide_bars = not (sys.stderr.isatty() or datasets.are_progress_bars_disabled())
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    if hide_bars:
        datasets.disable_progress_bars()
    try:
        yield
    except BirnnError:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        lines = str(cause).strip().splitlines() or [type(cause).__name__]
        raise BirnnError(Errors.B129.format(path=path, reason=lines[0])) from error
    finally:
        datasets.logging.set_verbosity(verbosity)
        if hide_bars:
            datasets.enable_progress_bars()
