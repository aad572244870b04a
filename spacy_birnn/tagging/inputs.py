"""Find the inputs: files, folders, globs, URLs, datasets, standard input."""

from typing import Any, Iterator, List, NamedTuple, Optional, Sequence

from ..errors import BirnnError, Errors
from . import storage
from .formats import INPUT_FORMATS, STDIN, TABLES, detect_format
from .packed import is_packed
from .storage import HUB

_GLOB = frozenset("*?[")


class InputFile(NamedTuple):
    """A file, a dataset or standard input.

    Attributes:
        address: A path, a URL, `-` or `hf:ID:SPLIT`.
        format: One of `INPUT_FORMATS`, or `hf`.
        size: Its bytes; 0 where they are not known.
        is_packed: Whether it is packed with gzip or zstandard.
        is_found: Whether it was found in a folder or by a glob, not named.
    """

    address: str
    format: str
    size: int = 0
    is_packed: bool = False
    is_found: bool = False

    @property
    def is_table(self) -> bool:
        """Whether `tables` reads it."""
        return self.format in TABLES

    @property
    def is_pipe(self) -> bool:
        """Whether it can be read only once."""
        if self.address == STDIN:
            return True
        is_here = not (storage.is_url(self.address) or self.address.startswith(HUB))
        return is_here and not storage.is_regular(self.address)


def find_inputs(
    inputs: Sequence[Any], input_format: Optional[str] = None, encoding: str = "utf-8"
) -> List[InputFile]:
    """Find the files that are meant, in order: a folder's and a glob's are sorted.

    Args:
        inputs: Paths or URLs of files and folders, globs, `-` or `hf:ID:SPLIT`.
        input_format: The format of all of them; None to tell each.
        encoding: How bytes stand for characters, in files of text.

    Raises:
        BirnnError: There is no such file, it cannot be read, or its format cannot be
            told.
    """
    if input_format is not None and input_format not in INPUT_FORMATS:
        known = ", ".join(INPUT_FORMATS)
        raise BirnnError(Errors.B256.format(format=input_format, known=known))
    return [
        _describe(address, input_format, encoding)._replace(is_found=address != given)
        for given in map(str, inputs)
        for address in _expand(given)
    ]


def _expand(given: str) -> Iterator[str]:
    if given == HUB:
        reason = f"name one, as in {HUB}ID or {HUB}ID:SPLIT"
        raise BirnnError(Errors.B129.format(path=given, reason=reason))
    if given == STDIN or given.startswith(HUB) or storage.is_file(given):
        yield given
    elif storage.is_folder(given):
        if _is_dataset(given):
            yield f"{HUB}{given}"
            return
        files = storage.list_files(given)
        if not files:
            raise BirnnError(Errors.B106.format(path=given, ending=""))
        yield from files
    elif not _GLOB.isdisjoint(given):
        files = [path for path in storage.match(given) if storage.is_file(path)]
        if not files:
            raise BirnnError(Errors.B257.format(path=given))
        yield from files
    else:
        raise BirnnError(Errors.B105.format(path=given))


def _is_dataset(folder: str) -> bool:
    """Whether a folder was written by `save_to_disk` of Hugging Face datasets."""
    names = storage.names(folder)
    return "dataset_dict.json" in names or {"state.json", "dataset_info.json"} <= {
        *names
    }


def _describe(address: str, given: Optional[str], encoding: str) -> InputFile:
    if address == STDIN:
        if given is None:
            raise BirnnError(Errors.B258.format(known=", ".join(INPUT_FORMATS)))
        return InputFile(STDIN, given)
    if address.startswith(HUB):
        return InputFile(address, "hf")
    format = given or detect_format(address, encoding)
    is_regular = storage.is_url(address) or storage.is_regular(address)
    packed = is_regular and is_packed(address)
    return InputFile(address, format, storage.size_of(address), packed)
