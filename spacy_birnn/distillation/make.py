"""Have the teachers read the texts and the annotated data, once."""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import (
    IO,
    Callable,
    Generator,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config

from ..errors import BirnnError, Errors
from ..progress import show_progress, show_wait
from ..tagging.chunks import is_limited
from ..tagging.content import Fields
from ..tagging.inputs import InputFile
from ..tagging.texts import make_doc, read_items
from ..tagging.zones import Zones
from ..training.dev_use import DevUse
from ..training.outputs import Outputs
from ..training.setup import build
from ..training.stop import StopRequest
from .corpus import check_sentences
from .labels import choose_labels
from .pieces import Bounds, Cutter
from .plan import describe_plan
from .pool import Pool
from .student import Student, add_labels
from .targets import GOLD, SHARD_TOKENS, TEXTS, ShardWriter, Targets
from .teachers import make_teacher

USUAL_FIELDS = Fields()

FOLDER = "targets"
"""The folder of the targets, beside what training writes."""

BATCH_TOKENS, FIRST_TOKENS = 40_000, 2_000
"""Tokens of the documents that teachers are given at once, at most and at first."""

BATCH_SECONDS = 5.0
"""Seconds that this may take: so long one waits for the end after Ctrl-C. A
transformer reads some hundred tokens in a second, a network of ours hundreds of
thousands."""

SHARD_SECONDS = 60.0
"""A shard is written after so much work, for that is what a crash can cost."""

Cut = Callable[[Doc, numpy.ndarray], List[Bounds]]


class Made(NamedTuple):
    """The targets, and what has ended their making.

    Attributes:
        targets: complete unless there is a signal.
        signal: the number of the signal that came; None for the end.
    """

    targets: Targets
    signal: Optional[int]


def make_targets(
    config: Config,
    output: Path,
    teachers: Iterable[Language],
    texts: Sequence[InputFile],
    fields: Fields = USUAL_FIELDS,
    *,
    resume: bool = False,
    force: bool = False,
    use_gpu: int = -1,
    stdout: Optional[IO] = None,
) -> Made:
    """Have teachers read texts and annotated data, and keep what they say.

    They read the tokens of the student, and whole documents, of which the student then
    gets the sentences.

    Args:
        config: of the student, not interpolated; its training corpus is read too,
            unless its path is null.
        output: the folder of the training to come; targets go into one of its own.
        teachers: pipelines that set what the student learns.
        texts: files without annotation, as `find_inputs` finds them.
        fields: where in a file the documents are.
        resume: go on with what was begun.
        force: begin anew over what is there.
        use_gpu: id of an activated GPU, -1 for none.
        stdout: where messages go; None for the standard output.

    Raises:
        BirnnError: see the message.
    """
    outputs = Outputs(output, FOLDER)
    outputs.prepare(resume, force)
    with outputs.attempt():
        return read_with_teachers(
            outputs,
            config,
            teachers,
            texts,
            fields,
            resume=resume,
            use_gpu=use_gpu,
            stdout=stdout or sys.stdout,
        )


def read_with_teachers(
    outputs: Outputs,
    config: Config,
    teachers: Iterable[Language],
    texts: Sequence[InputFile],
    fields: Fields,
    *,
    resume: bool,
    use_gpu: int,
    stdout: IO,
    sentences: Optional[int] = None,
    dev_use: DevUse = DevUse.choose,
) -> Made:
    """As `make_targets`, into outputs that are prepared and undone by the caller.

    Args:
        sentences: of the texts in each epoch of the training to come, see
            `DistilledCorpus`.
        dev_use: what the development corpus is for.
    """
    targets = Targets(outputs.folder / FOLDER)
    targets.check_names()
    student = Student.of(build(config, use_gpu), dev_use)
    student.check()
    teachers = list(teachers)
    gold = student.read_gold()
    check_sentences(sentences, len(gold))
    labels = choose_labels(student, gold, teachers)
    add_labels(student.pipe, labels)
    with show_wait("Comparing teachers and texts with an earlier run"):
        plan = describe_plan(student, teachers, texts, fields, labels)
    outputs.begin()
    gold = student.initialize()
    targets.begin(plan, resume)
    try:
        return _make(student, teachers, gold, texts, fields, targets, stdout)
    except BaseException:
        # What the texts have cost is kept: mistakes in them come with the first ones.
        if not (resume or targets.size(TEXTS)["documents"]):
            targets.remove()
        raise


def _make(
    student: Student,
    teachers: Sequence[Language],
    gold: Sequence[Example],
    texts: Sequence[InputFile],
    fields: Fields,
    targets: Targets,
    stdout: IO,
) -> Made:
    """Have the teachers read what they have not read yet."""
    if targets.is_done:
        print("Targets are there: the teachers need not read again.", file=stdout)
        return Made(targets, None)
    stop = StopRequest()
    with ExitStack() as stack, stop.listening():
        distinct = {id(nlp): nlp for nlp in teachers}
        made = {
            key: make_teacher(nlp, student.pipe, stack) for key, nlp in distinct.items()
        }
        pool = Pool([made[id(nlp)] for nlp in teachers], student.pipe)
        targets.write_chain(pool.chain)
        zones = [Zones(nlp) for nlp in (student.nlp, *distinct.values())]
        work = Work(student, pool, targets, stop, zones)
        _ask(work, gold, texts, fields, stdout)
    if stop.signal is not None:
        print("Stopped: --resume goes on.", file=stdout)
        return Made(targets, stop.signal)
    if not targets.size(TEXTS)["pieces"]:
        targets.remove()
        names = ", ".join(text.address for text in texts)
        raise BirnnError(Errors.B454.format(inputs=names))
    targets.finish()
    return Made(targets, None)


@dataclass
class Work:
    """All that is needed to ask the teachers.

    Attributes:
        student: makes the documents.
        pool: the teachers.
        targets: what they say goes there.
        stop: ends the work after the batch at hand.
        zones: of all pipelines, whose vocabularies must not grow without end.
        batch_tokens: tokens that the teachers are given next.
    """

    student: Student
    pool: Pool
    targets: Targets
    stop: StopRequest
    zones: Sequence[Zones]
    batch_tokens: int = FIRST_TOKENS

    def read(self, kind: str, docs: Iterable[Doc], cut: Cut, what: str) -> int:
        """Have documents read, and keep what comes of it; the number of tokens."""
        writer = ShardWriter(self.targets, kind, self.student.nlp.vocab)
        asked = self._asked(iter(docs), cut, writer)
        return sum(show_progress(asked, what, "documents"))

    def _asked(
        self, docs: Iterator[Doc], cut: Cut, writer: ShardWriter
    ) -> Iterator[int]:
        """Yield the number of tokens of each document that is done."""
        is_over = False
        while not (is_over or self.stop.signal):
            with ExitStack() as stack:
                for zones in self.zones:
                    stack.enter_context(zones.zone())
                is_over = yield from self._shard(docs, cut, writer)

    def _shard(
        self, docs: Iterator[Doc], cut: Cut, writer: ShardWriter
    ) -> Generator[int, None, bool]:
        """Write a shard, and return whether it is the last one."""
        began = time.monotonic()
        while batch := _take(docs, min(self.batch_tokens, BATCH_TOKENS)):
            started = time.monotonic()
            emissions = self.pool.emissions(batch)
            inside = self.pool.inside(batch, emissions)
            rate = len(emissions) / max(time.monotonic() - started, 1e-3)
            self.batch_tokens = int(rate * BATCH_SECONDS) + 1
            end = 0
            for doc in batch:
                rows = slice(end, end + len(doc))
                end = rows.stop
                writer.add(doc, cut(doc, inside[rows]), emissions[rows])
                yield len(doc)
            is_old = time.monotonic() - began > SHARD_SECONDS
            if writer.tokens >= SHARD_TOKENS or is_old or self.stop.signal:
                writer.flush()
                return False
        writer.flush()
        return True


def _ask(
    work: Work,
    gold: Sequence[Example],
    texts: Sequence[InputFile],
    fields: Fields,
    stdout: IO,
) -> None:
    """Have the rest of the annotated data and of the texts read."""
    nlp, targets, began = work.student.nlp, work.targets, time.monotonic()
    if not is_limited(nlp):
        nlp.max_length = 2**31
    done = targets.size(GOLD)["documents"]
    tokens = work.read(
        GOLD,
        (example.predicted for example in gold[done:]),
        lambda doc, inside: [(0, len(doc))],
        "Reading annotated data with the teachers",
    )
    if work.stop.signal is not None:
        return
    done = targets.size(TEXTS)["documents"]
    if done and any(text.is_pipe for text in texts):
        raise BirnnError(Errors.B266)
    items = islice(read_items(nlp, texts, fields), done, None)
    docs = (make_doc(nlp, item) for item in items)
    tokens += work.read(TEXTS, docs, Cutter(), "Reading texts with the teachers")
    if work.stop.signal is None:
        print(_summary(targets, tokens, time.monotonic() - began), file=stdout)


def _summary(targets: Targets, tokens: int, seconds: float) -> str:
    texts, gold = targets.size(TEXTS), targets.size(GOLD)
    return (
        f"The teachers have read {texts['pieces']:,} sentences of "
        f"{texts['documents']:,} texts and {gold['documents']:,} annotated documents, "
        f"in {seconds:.0f} s ({tokens / max(seconds, 1e-9):,.0f} tokens/s)."
    )


def _take(docs: Iterator[Doc], n_tokens: int) -> List[Doc]:
    """Take documents from a stream until they have so many tokens."""
    batch: List[Doc] = []
    size = 0
    while size < n_tokens and (doc := next(docs, None)) is not None:
        batch.append(doc)
        size += len(doc)
    return batch
