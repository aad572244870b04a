"""Where chunks are tagged: in this process, or in others.

An engine takes work, a function from a stream of chunks to the stream of their records,
and gives it back as a function that has it done elsewhere.
"""

import gc
import signal
import threading
from collections import deque
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing import Pipe, Process, cpu_count, get_start_method
from multiprocessing.connection import Connection, wait
from typing import (
    Any,
    Callable,
    Dict,
    Generator,
    Iterable,
    Iterator,
    List,
    Optional,
    Tuple,
    Union,
    cast,
)

import torch
from spacy.tokens.underscore import Underscore

from ..errors import BirnnError, Errors, describe_error
from .chunks import Records
from .items import Chunk

RecordStream = Generator[Records, None, None]
Work = Callable[[Iterable[Chunk]], RecordStream]

AHEAD = 4
"""Chunks a process that may be under way, or done before one that takes longer."""


@contextmanager
def engine(work: Work, n_process: int) -> Iterator[Work]:
    """Have work done by so many processes, for the time of a block.

    The records come in the order of the chunks. What fails, be it the reading of the
    chunks, is raised when it is its turn, as it would be in one process.

    Args:
        work: What is done; it is sent to processes that are not forked.
        n_process: How many; -1 for one a core. With 1 it is this one.
    """
    if n_process == 1:
        yield work
        return
    workers: List[Worker] = []
    try:
        with _no_interrupts():
            for _ in range(cpu_count() if n_process == -1 else n_process):
                workers.append(Worker(work))
        for worker in workers:
            worker.equip(work)
        yield partial(_hand_out, workers)
    finally:
        # They have nothing to put in order, and some may be in the middle of a chunk.
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.join()


def _hand_out(workers: List["Worker"], chunks: Iterable[Chunk]) -> RecordStream:
    """Give each worker a chunk when it is free, and yield the records in order."""
    free = list(workers)
    busy: Dict[Any, Tuple[int, Worker]] = {}
    results: Dict[int, Union[Records, Exception]] = {}
    due = 0
    stream = enumerate(_caught(chunks))
    ahead = deque(islice(stream, 1))
    while ahead or busy:
        while ahead and free and ahead[0][0] < due + AHEAD * len(workers):
            number, chunk = ahead.popleft()
            if isinstance(chunk, Exception):
                results[number] = chunk
            else:
                worker = free.pop()
                worker.send(chunk)
                busy[worker.connection] = (number, worker)
        # Whoever gets free finds a chunk that is read already.
        read = list(islice(stream, 1)) if len(ahead) < len(workers) else []
        ahead.extend(read)
        for connection in wait(list(busy), timeout=0 if read else None) if busy else ():
            number, worker = busy.pop(connection)
            results[number] = worker.receive()
            free.append(worker)
        while due in results:
            result = results.pop(due)
            if isinstance(result, Exception):
                raise result
            yield result
            due += 1


def _caught(chunks: Iterable[Chunk]) -> Iterator[Union[Chunk, Exception]]:
    try:
        yield from chunks
    except Exception as error:
        yield error


class Worker:
    """A process that answers each chunk with its records.

    Args:
        work: What it does; a process that is forked has it by that.

    Raises:
        BirnnError: No process can be started.
    """

    def __init__(self, work: Work) -> None:
        self.connection, theirs = Pipe()
        inherited = work if _is_forked() else None
        self.process = Process(
            target=_serve, args=(theirs, self.connection, inherited), daemon=True
        )
        try:
            self.process.start()
        except OSError as error:
            reason = f"cannot be started: {error.strerror}"
            raise BirnnError(Errors.B224.format(reason=reason)) from error
        theirs.close()

    def equip(self, work: Work) -> None:
        """Send what a process that is not forked lacks, once all of them are starting.

        A worker that has died meanwhile says so when its records are asked for.
        """
        if not _is_forked():
            self.send((work, Underscore.get_state()))

    def send(self, message: Any) -> None:
        with suppress(OSError):
            self.connection.send(message)

    def receive(self) -> Union[Records, Exception]:
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            status = cast(int, self.process.exitcode)
            end = f"ended with status {status}"
            reason = end if status >= 0 else f"was killed by signal {-status}"
            return BirnnError(Errors.B224.format(reason=reason))


def _is_forked() -> bool:
    return get_start_method() == "fork"


def _serve(connection: Connection, parents: Connection, work: Optional[Work]) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parents.close()  # so that the end of the parent is the end of the stream
    torch.set_num_threads(1)
    gc.freeze()  # else each collection writes to memory that a fork shares
    with suppress(EOFError, OSError):  # where there is no parent any more
        if work is None:
            work, extensions = connection.recv()
            Underscore.load_state(extensions)
        for answer in _answers(work, _received(connection)):
            connection.send(answer)


def _received(connection: Connection) -> Iterator[Chunk]:
    with suppress(EOFError):
        while True:
            yield connection.recv()


def _answers(
    work: Work, chunks: Iterator[Chunk]
) -> Iterator[Union[Records, Exception]]:
    """Records; in the end perhaps an error, in one line, as it is sent."""
    try:
        yield from work(chunks)
    except BirnnError as error:
        yield BirnnError(str(error))
    except Exception as error:
        reason = describe_error(error)
        yield BirnnError(Errors.B225.format(reason=reason))


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Processes that start meanwhile leave Ctrl-C, which reaches all, to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
