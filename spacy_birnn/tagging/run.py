"""Tag files: inputs become shards, an engine has them done, an output takes them."""

import time
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import (
    Any,
    BinaryIO,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Union,
    cast,
)

from spacy.language import Language

from ..data.arguments import USUAL, WordFormat
from ..errors import BirnnError, Errors
from ..files import replacing
from . import storage
from .chunks import ChunkTagger, is_limited, prepared
from .content import Fields
from .engine import engine
from .execute import Status, Watch, run_shards
from .folder import Folder, is_ours
from .inputs import InputFile, find_inputs
from .manifest import Done, Plan, add_up, describe_pipeline
from .options import Options, Summary, Workers
from .outputs import (
    File,
    Stream,
    errors_of,
    packed,
    partial_of,
    writing_stream,
)
from .reading import STOP, Reading
from .shards import DEFAULT_SIZE, Shard, parse_size, plan_shards
from .sinks import SINKS

# The formats that have a place for the other columns of a table.
_KEEPING = frozenset(["jsonl", "spacy", "parquet"])

Out = Union[str, Path, BinaryIO]


def tag(
    nlp: Language,
    inputs: Union[str, Path, Sequence[Union[str, Path]]],
    out: Out,
    *,
    input_format: Optional[str] = None,
    output_format: Optional[str] = None,
    text_field: str = "text",
    tokens_field: str = "tokens",
    whole_files: bool = False,
    words: WordFormat = USUAL,
    encoding: str = "utf-8",
    batch_size: int = 256,
    shard_size: Union[None, int, str] = None,
    on_error: str = STOP,
    resume: bool = False,
    force: bool = False,
    engine: str = "local",
    n_process: int = 1,
    min_process: Optional[int] = None,
    address: Optional[str] = None,
    num_gpus: float = 0,
    progress: Optional[Watch] = None,
) -> Summary:
    """Tag files into one file or into a folder of shards.

    The output depends on the pipeline, the inputs and the settings up to `on_error`
    alone: the engine, its processes and an interruption change no byte of it.

    Args:
        nlp: The pipeline.
        inputs: Paths or URLs of files or folders, globs, `hf:ID:SPLIT` for a dataset of
            Hugging Face, `-` for standard input; one or a list.
        out: A path or URL. It is a folder if it exists as one, ends in `/` or
            `shard_size` is given; a file otherwise. Or an open binary file.
        input_format: One of `formats.INPUT_FORMATS`; None tells each by name or
            content.
        output_format: One of `sinks.SINKS`; None goes by the name of `out`, else JSON
            lines.
        text_field: The key or column that holds the text; dots lead into objects.
        tokens_field: The key or column that holds a list of words.
        whole_files: Read each text file as one document.
        words: How the words of CoNLL and CoNLL-U input are written: their column,
            what stands between columns, and so on.
        encoding: How bytes stand for characters, in input of text.
        batch_size: The most documents a batch.
        shard_size: Documents (`10000`) or bytes of input (`"64MB"`) of a shard.
        on_error: `stop` at a bad document, or `skip` it.
        resume: Go on with an interrupted run.
        force: Replace what is there.
        engine: `local` or `ray`.
        n_process: Processes, or actors of Ray; -1 for one for each core.
        min_process: Ray: the fewest actors of a pool that grows and shrinks.
        address: Ray: the cluster to join; None starts a local one.
        num_gpus: Ray: GPUs for each actor.
        progress: Is shown a `Status` after each batch.

    Returns:
        What was done.

    Raises:
        BirnnError: An input cannot be read, the output cannot be written, a document
            is bad and `on_error` is `stop`, or a process failed. What is finished by
            then stays, and `resume=True` goes on from there.
    """
    options = Options(
        input_format,
        output_format or format_of(out, is_folder(out, shard_size)),
        Fields(text_field, tokens_field, words, whole_files, encoding),
        batch_size,
        DEFAULT_SIZE if shard_size is None else parse_size(str(shard_size)),
        on_error,
        resume,
        force,
    )
    workers = Workers(engine, n_process, min_process, address, num_gpus)
    listed = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    files = find_inputs(listed, input_format, encoding)
    job = Job(files, out, options, workers, is_folder(out, shard_size))
    return job.run(nlp, progress)


def is_folder(out: Out, shard_size: Any = None) -> bool:
    """Whether an output is a folder."""
    if not isinstance(out, (str, Path)):
        return False
    return str(out).endswith("/") or shard_size is not None or _is_dir(out)


def _is_dir(out: Union[str, Path]) -> bool:
    return storage.is_folder(str(out))


def format_of(out: Any, is_folder: bool = False) -> str:
    """The format by the name of an output, JSON lines where it says nothing."""
    if is_folder or not isinstance(out, (str, Path)):
        return "jsonl"
    suffix = Path(str(out).removesuffix(".gz")).suffix[1:].lower()
    return suffix if suffix in SINKS else "jsonl"


class Job:
    """A run that is ready to start: what can be wrong without a pipeline is checked.

    Args:
        inputs: What is tagged.
        out: Where it goes.
        options: How.
        workers: By whom.
        is_folder: Whether `out` is a folder.

    Raises:
        BirnnError: The output is taken, is read as well, or cannot be resumed.
    """

    def __init__(
        self,
        inputs: List[InputFile],
        out: Out,
        options: Options,
        workers: Workers,
        is_folder: bool,
    ) -> None:
        options.check()
        workers.check()
        self.inputs = inputs
        self.out = out if not isinstance(out, Path) else str(out)
        self.options = options
        self.workers = workers
        self.is_folder = is_folder
        self.is_stream = not isinstance(self.out, str) or storage.is_device(self.out)
        has_pipes = self.is_stream or any(input.is_pipe for input in inputs)
        if options.resume and has_pipes:
            raise BirnnError(Errors.B266)
        if workers.engine == "ray" and has_pipes:
            raise BirnnError(Errors.B267)
        if not self.is_stream:
            self.inputs = self._without_own(cast(str, self.out))
            self._check_inputs(cast(str, self.out))
            self._target(0).check(options.resume, options.force)

    def _without_own(self, out: str) -> List[InputFile]:
        """The inputs, without what an earlier run has written to the same place, where
        that lies in a folder that is read."""
        goes_on = self.options.resume and not self.options.force
        if self.is_folder:
            folders, files = ([out] if is_ours(storage.names(out)) else []), []
        else:
            folders, files = [partial_of(out)], [out, errors_of(out)] if goes_on else []

        def is_own(read: str) -> bool:
            return any(storage.is_same(read, path, True) for path in folders) or any(
                storage.is_same(read, path, False) for path in files
            )

        return [i for i in self.inputs if not (i.is_found and is_own(i.address))]

    def _check_inputs(self, out: str) -> None:
        """Refuse to write to what is read."""
        written = [out] if self.is_folder else [out, errors_of(out)]
        for read in (input.address for input in self.inputs):
            if any(storage.is_same(read, path, self.is_folder) for path in written):
                raise BirnnError(Errors.B219.format(path=read))

    def run(self, nlp: Language, progress: Optional[Watch] = None) -> Summary:
        """Do it.

        Args:
            nlp: The pipeline.
            progress: Is shown a `Status` after each batch.

        Raises:
            BirnnError: See `tag`.
        """
        started = time.perf_counter()
        whole_files = self.options.fields.whole_files
        shards = plan_shards(self.inputs, self.options.shard_size, whole_files)
        done: Dict[int, Done] = {}
        status = Status()
        with ExitStack() as stack:
            execute, output = self._engine(nlp, shards, progress, stack)
            # A stream has no place for a plan.
            identity = {} if self.is_stream else describe_pipeline(nlp)
            plan = Plan(identity, self.options.to_dict(), shards)
            done.update(output.begin(plan, self.options.resume, self.options.force))
            try:
                resumed = len(done)
                todo = [shard for shard in shards if shard.number not in done]
                status.total = sum(shard.size for shard in todo)
                for one in execute(todo, status):
                    done[one.number] = one
                output.finish(plan, done)
            except BaseException:
                # Where that fails too, the first error says more.
                with suppress(BirnnError):
                    output.abandon(done)
                raise
        totals = add_up(done.values())
        seconds = time.perf_counter() - started
        return Summary(
            totals.documents,
            totals.tokens,
            totals.entities,
            totals.skipped,
            seconds,
            status.tokens / seconds,
            len(shards),
            resumed,
            output.skipped if isinstance(output, Stream) else (),
        )

    def _engine(
        self,
        nlp: Language,
        shards: Sequence[Shard],
        progress: Optional[Watch],
        stack: ExitStack,
    ) -> Any:
        """The function that executes shards, and the output that it writes to."""
        options, workers = self.options, self.workers
        reading = Reading(
            options.fields,
            nlp.max_length if is_limited(nlp) else 2**31,
            options.on_error,
            options.output_format in _KEEPING,
        )
        if workers.engine == "ray":
            from .ray_engine import run_on_ray

            target = self._target(len(shards))
            return partial(
                run_on_ray,
                nlp=nlp,
                folder=target if isinstance(target, Folder) else target.parts,
                reading=reading,
                batch_size=options.batch_size,
                workers=workers,
                watch=progress,
            ), target
        stack.enter_context(prepared(nlp))
        work = ChunkTagger(nlp, options.output_format)
        run = stack.enter_context(engine(work, workers.n_process))
        output = stack.enter_context(self._output(len(shards)))
        return partial(
            run_shards,
            run=run,
            output=output,
            reading=reading,
            batch_size=options.batch_size,
            watch=progress,
        ), output

    @contextmanager
    def _output(self, count: int) -> Iterator[Union[Folder, File, Stream]]:
        format = self.options.output_format
        if not self.is_stream:
            yield self._target(count)
        elif isinstance(self.out, str):
            with replacing(Path(self.out)) as raw, packed(raw, self.out) as file:
                yield Stream(file, format)
        else:
            with writing_stream(cast(BinaryIO, self.out)) as file:
                yield Stream(file, format)

    def _target(self, count: int) -> Union[Folder, File]:
        kind = Folder if self.is_folder else File
        return kind(cast(str, self.out), self.options.output_format, count)
