"""A worker process: executes the rules once, then takes groups from decode to detect until it is told to end.

It tells through shared memory which event and which rule it has in hand, so that the parent knows what it
died of. It owns nothing that must survive.
"""

import gc
import os
import resource
import signal
from collections.abc import Iterator, MutableSequence
from functools import partial
from multiprocessing.connection import Connection

from trailcam.codecs import json_records
from trailcam.codecs.gzip import unpack
from trailcam.contracts.codec import Envelope, Record
from trailcam.contracts.runner import Runner, Subject
from trailcam.contracts.source import Blob
from trailcam.engines.messages import (
    ROW_LOADING,
    ChunkDone,
    Loaded,
    OutOfMemory,
    Rows,
    Setup,
    Task,
    TaskDone,
)
from trailcam.model.deadletter import DeadLetter
from trailcam.model.match import RuleError
from trailcam.pipeline.decode import decode
from trailcam.pipeline.detect import Detections, detect
from trailcam.pipeline.normalize import Chunk, Normalizer
from trailcam.rules.functions import describe
from trailcam.rules.modules import execute, helpers
from trailcam.rules.run import RuleRunner

CHUNK, ROW, RULE = range(3)
"""The slots of shared memory: chunk and row in hand, and the rule's number plus one; 0 is no rule."""

SILENCING = ("true", "1", "yes", "on")


def main(connection: Connection, slots: MutableSequence[int], setup: Setup, skip: frozenset[int]) -> None:
    """The life of a worker. `skip`: numbers of rules that are not even executed.

    Ctrl-C is the parent's business. What rules print goes to stderr, so that it cannot mix with results.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    silent = os.environ.get("DISABLE_DETECTION_OUTPUT", "").lower() in SILENCING
    output = os.open(os.devnull, os.O_WRONLY) if silent else os.dup(2)
    os.dup2(output, 1)
    if silent:
        os.dup2(output, 2)
    limit_memory(setup.limits.worker_bytes)
    with helpers(setup.packs):
        runners = _load(setup, slots, skip)
        failures = [(n, describe(r.setup_error)) for n, r in runners.items() if r.setup_error is not None]
        connection.send(Loaded(failures=tuple((n, f"{told[1]} {told[2]}") for n, told in failures)))
        worker = _Worker(connection, slots, setup, runners)
        gc.freeze()
        while (task := _next(connection)) is not None:
            worker.work(task)


def limit_memory(size_bytes: int) -> None:
    """From here on, memory beyond the limit raises MemoryError in whoever asks for it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _next(connection: Connection) -> Task | None:
    try:
        task: Task | None = connection.recv()
    except EOFError:  # the parent is gone
        return None
    return task


def _load(setup: Setup, slots: MutableSequence[int], skip: frozenset[int]) -> dict[int, RuleRunner]:
    runners = {}
    for number, rule in enumerate(setup.rules):
        if number in skip:
            runners[number] = RuleRunner(rule, None)
            continue
        slots[ROW], slots[RULE] = ROW_LOADING, number + 1
        try:
            runners[number] = RuleRunner(rule, execute(rule))
        except BaseException as error:  # whatever the top level of a rule does is told
            runners[number] = RuleRunner(rule, None, error)
    slots[RULE] = 0
    return runners


class _Worker:
    def __init__(
        self,
        connection: Connection,
        slots: MutableSequence[int],
        setup: Setup,
        runners: dict[int, RuleRunner],
    ) -> None:
        self._connection = connection
        self._slots = slots
        self._setup = setup
        self._envelopes = envelopes(setup)
        self._runners: dict[str, list[tuple[int, Runner]]] = {}
        for number, runner in runners.items():
            for log_type in runner.rule.log_types:
                self._runners.setdefault(log_type, []).append((number, runner))

    def work(self, task: Task) -> None:
        try:
            for number, chunk in enumerate(self._chunks(task)):
                if number >= task.resume:
                    self._connection.send(self._done(task, number, chunk))
        except MemoryError:
            self._slots[RULE] = 0
            self._connection.send(OutOfMemory(task=task.id))
            return
        self._connection.send(TaskDone(task=task.id))

    def _chunks(self, task: Task) -> Iterator[Chunk]:
        normalizer = Normalizer(
            self._setup.log_types,
            parse_time=self._setup.parse_time,
            batch_events=task.batch_events,
            batch_bytes=task.batch_bytes,
        )
        return normalizer.chunks(task.blobs, partial(self._decode, normalizer))

    def _decode(self, normalizer: Normalizer, blob: Blob) -> Iterator[Record | DeadLetter]:
        return decode(
            blob,
            unpack=unpack,
            split=json_records.split,
            envelopes=self._envelopes,
            recognise=normalizer.classifier.recognise,
            origin_limit=self._setup.limits.origin_bytes,
            record_limit=self._setup.limits.record_bytes,
        )

    def _done(self, task: Task, number: int, chunk: Chunk) -> ChunkDone:
        slots = self._slots
        slots[CHUNK] = number
        found = Detections()

        def in_hand(row: int, rule: int) -> None:
            slots[ROW] = row
            slots[RULE] = rule + 1

        def known(row: int, rule: int, subject: Subject) -> RuleError | None:
            killing = task.killing.get((number, row, rule))
            if killing is None:
                return None
            return RuleError(
                rule_id=self._setup.rules[rule].id,
                row_id=subject.row_id,
                log_type=subject.log_type,
                event_id=subject.event_id,
                event_time=subject.event_time,
                function="rule",
                error_class=killing.error_class,
                error=f"{killing.error_class}({killing.message!r})",
                message=killing.message,
                severity=self._setup.rules[rule].severity,
            )

        off_from = {
            rule: row if chunk_number == number else 0
            for rule, (chunk_number, row) in task.off.items()
            if chunk_number <= number
        }
        first_row = 0
        for batch in chunk.batches:
            detections = detect(
                batch,
                self._runners.get(batch.log_type, ()),
                first_row=first_row,
                in_hand=in_hand,
                known=known,
                off_from=off_from,
            )
            slots[RULE] = 0
            first_row += len(batch)
            found.matches += detections.matches
            found.errors += detections.errors
            found.not_run += detections.not_run
        return ChunkDone(
            task=task.id,
            number=number,
            records=chunk.records,
            rows=tuple(
                Rows(
                    log_type=batch.log_type,
                    row_ids=tuple(batch.row_id),
                    event_ids=tuple(batch.event_id),
                    timeless=tuple(
                        (batch.row_id[row], batch.event_time[row])
                        for row in range(len(batch))
                        if batch.time_from_origin[row]
                    ),
                )
                for batch in chunk.batches
            ),
            dead_letters=chunk.dead_letters,
            matches=tuple(found.matches),
            errors=tuple(found.errors),
            not_run=tuple(found.not_run),
        )


def envelopes(setup: Setup) -> tuple[Envelope, ...]:
    """The envelopes of all log types, each once."""
    paths = {path for log_type in setup.log_types for path in log_type.records}
    return tuple(Envelope.parse(path) for path in sorted(paths))
