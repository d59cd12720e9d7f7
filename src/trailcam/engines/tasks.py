"""What a worker does with a task: takes a group from decode to detect, or runs inline tests of a rule."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from trailcam.codecs.json_grammar import Refused
from trailcam.contracts.runner import Runner, Subject
from trailcam.engines.memory import Memory, is_for_want_of_memory
from trailcam.engines.messages import (
    CHANGED,
    CHUNK,
    EVENT_HIGH,
    EVENT_LOW,
    FILLED,
    IN_HAND,
    ROW,
    RULE,
    CannotLookUp,
    CannotStage,
    ChunkDone,
    OutOfMemory,
    Pair,
    PairDone,
    Rows,
    Setup,
    Task,
    TaskDone,
    TestDone,
)
from trailcam.engines.pairs import Overlay, batch_of, keep
from trailcam.engines.reading import Reader
from trailcam.engines.seen import seen
from trailcam.enrichments import lookups
from trailcam.errors import TrailcamError, code
from trailcam.model.batch import EventBatch
from trailcam.model.candidate import Candidate, KeptEvent
from trailcam.model.correlation import values_at
from trailcam.model.event import UnifiedNames
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.rule import IN_THE_LINE
from trailcam.model.staged import StagedFile
from trailcam.pipeline.detect import NO_RULE, Detections, detect
from trailcam.pipeline.enrich import enrich
from trailcam.pipeline.normalize import Chunk
from trailcam.rules.inline_tests import Surroundings, failed, run_test
from trailcam.rules.keyvalue import Item, StateUnavailable, use
from trailcam.rules.run import RuleRunner, rule_error

if TYPE_CHECKING:
    from trailcam.commit.stage import Stager

_TURNS_SECONDS = 5.0
_LOW = (1 << 64) - 1

end_process = os._exit  # as it is before any rule could give it another meaning


class Worker:
    """Does one task after another; what comes of them goes to `send`, chunk by chunk."""

    def __init__(
        self,
        send: Callable[[object], None],
        slots: MutableSequence[int],
        setup: Setup,
        runners: dict[int, RuleRunner],
        *,
        models: Mapping[str, UnifiedNames] | None = None,
        ask: Callable[[str], Item | None] = lambda _: None,
        changed: Callable[[], int] = lambda: 0,
    ) -> None:
        self._send = send
        self._ask = ask
        self._changed = changed
        self._memory = Memory()
        self._is_fresh = True
        self._slots = slots
        self._setup = setup
        self._reader = Reader(setup, slots)
        self._log_types = {log_type.name: log_type for log_type in setup.log_types}
        self._modules = runners
        self._models = models = models or {}
        self._around = Surroundings(line=self._reader.sample, models=models, destinations=setup.destinations)
        self._stager = _stager(setup)
        self._lookups = lookups(setup.lookups)
        self._runners: dict[str, list[tuple[int, Runner]]] = {}
        for number, runner in runners.items():
            if runner.rule.kind not in IN_THE_LINE:
                continue
            for log_type in runner.rule.log_types:
                self._runners.setdefault(log_type, []).append((number, runner))

    def work(self, task: Task) -> None:
        """Sends the chunks of a task that are still wanted, and then that it is done."""
        try:
            if task.tests:
                self._test(task)
            elif task.pairs:
                self._take_turns(task)
            else:
                self._read(task)
        except MemoryError:
            self._memory.reserve = b""
            if self._is_alone(task) and self._slots[RULE]:
                self._end(FILLED)
            self._slots[RULE] = 0
            self._send(OutOfMemory(task=task.id, fresh=self._is_fresh))

    def _test(self, task: Task) -> None:
        rule = self._setup.rules[task.rule]
        for number, index in enumerate(task.tests):
            if number < task.resume:
                continue
            test = rule.tests[index]
            killing = task.killing.get((number, task.rule))
            runner = self._modules[task.rule]
            if killing is not None:
                result = failed(rule, test, killing.message)
            elif task.rule in task.off or runner.module is None:
                result = failed(rule, test, f"{code('rule_taken_off')}: the rule is not run any more")
            else:
                self._slots[IN_HAND] = (number, 0, task.rule + 1, 0, number)
                result = run_test(runner, test, self._around)
                self._end_if_changed()
                self._refuse_if_short(task)
            self._tell(TestDone(task=task.id, number=number, result=result))
            self._slots[RULE] = 0  # not before: what a rule has broken shows when there is something to say
        self._tell(TaskDone(task=task.id))

    def _tell(self, message: object) -> None:
        """Sends what is done. What rules keep of it may be too much for what comes next."""
        self._send(message)
        self._is_fresh = False

    def _take_turns(self, task: Task) -> None:
        """Pairs one after another, each with what those before it have written; for a while, so that what is
        done is soon kept."""
        overlay = Overlay(task.written, self._ask)
        until = time.monotonic() + _TURNS_SECONDS
        for number, pair in enumerate(task.pairs):
            if number >= task.resume:
                found = self._take_turn(task, number, pair, overlay)
                self._end_if_changed()
                self._refuse_if_short(task)
                self._tell(
                    PairDone(
                        task=task.id,
                        number=number,
                        matches=tuple(match for _, match in found.matches),
                        errors=tuple(error for _, error in found.errors),
                        written=overlay.taken(),
                        passed_over=bool(found.not_run),
                    )
                )
                self._slots[RULE] = 0
                if time.monotonic() >= until:
                    break
        self._tell(TaskDone(task=task.id))

    def _take_turn(self, task: Task, number: int, pair: Pair, overlay: Overlay) -> Detections:
        """What a rule says of an event, at the time of that event."""
        runner = self._modules[pair.rule]
        try:
            batch = batch_of(pair.event)
            with use(overlay, lambda: pair.event.event_time):
                found = self._detect(task, number, batch, 0, [(pair.rule, runner)])
            failure: BaseException | None = None
            found.matches = [(row, self._with_kept(batch, row, match)) for row, match in found.matches]
            if found.waiting:
                failure = StateUnavailable("it asked for what it remembers from a thread of its own")
        except (Refused, MemoryError) as error:  # it was an event once, so nobody else will tell of it
            found, failure = Detections(), error
        if failure is not None:
            subject = _subject(pair.event)
            found.errors.append((0, rule_error(runner.rule, subject, "rule", failure)))
        return found

    def _read(self, task: Task) -> None:
        try:
            for number, chunk in enumerate(self._reader.chunks(task)):
                if number >= task.resume:
                    self._tell(self._done(task, number, chunk))
        except OSError as error:
            if is_for_want_of_memory(error):
                raise MemoryError from None
            self._send(CannotStage(task=task.id, fresh=self._is_fresh, error=error))
            return
        except TrailcamError as error:
            problems = tuple(error.problems)
            self._send(CannotLookUp(task=task.id, fresh=self._is_fresh, problems=problems))
            return
        except BaseException as error:
            changed = 0 if isinstance(error, MemoryError) else self._changed()
            if changed:  # by a rule before the one in hand, as like as not
                self._slots[RULE] = 0
                self._end(changed)
            raise
        self._tell(TaskDone(task=task.id))

    def _done(self, task: Task, number: int, chunk: Chunk) -> ChunkDone:
        files: list[StagedFile] = []
        matches: list[Match] = []
        errors: list[RuleError] = []
        not_run: list[NotRun] = []
        candidates: list[Candidate] = []
        first_row = 0
        for read in chunk.batches:
            batch = self._enriched(read)
            found = self._detect(task, number, batch, first_row, self._runners.get(batch.log_type, ()))
            self._slots[RULE] = 0
            self._end_if_changed()
            self._refuse_if_short(task)
            found.matches = [(row, self._with_kept(batch, row, match)) for row, match in found.matches]
            first_row += len(batch)
            if self._stager is not None:
                if task.whole:
                    files += self._stager.events(batch, task.attempt)
                files += self._stager.found(batch, task.attempt, matches=found.matches, errors=found.errors)
            matches += [self._told(match) for _, match in found.matches]
            errors += [error for _, error in found.errors]
            not_run += [pair for _, pair in found.not_run]
            candidates += _candidates(batch, found)
        if self._stager is not None and task.whole:
            letters = self._stager.letters(chunk.dead_letters, task.attempt, parse_time=task.parse_time)
            files += letters
        return ChunkDone(
            task=task.id,
            number=number,
            bytes_read=self._reader.bytes_read,
            records=chunk.records,
            events=Counter(batch.origins[at].id for batch in chunk.batches for at in batch.origin),
            letters=Counter((letter.origin_id, letter.reason) for letter in chunk.dead_letters),
            places=seen(chunk, self._log_types) if self._stager is not None and task.whole else {},
            files=tuple(files),
            rows=tuple(map(_rows, chunk.batches)) if self._stager is None else (),
            dead_letters=chunk.dead_letters if self._stager is None else (),
            matches=tuple(matches),
            errors=tuple(errors),
            not_run=tuple(not_run),
            candidates=tuple(candidates),
        )

    def _enriched(self, batch: EventBatch) -> EventBatch:
        """The batch with what tables say of its events, where there are both tables and rules for them."""
        asked = self._lookups.get(batch.log_type)
        if not asked or batch.log_type not in self._runners:
            return batch
        return replace(batch, enrichment=enrich(batch, asked))

    def _with_kept(self, batch: EventBatch, row: int, match: Match) -> Match:
        """A match with the values that correlation rules ask for."""
        fields = self._setup.keeps.get(match.rule_id)
        if not fields:
            return match
        context = json.loads(match.alert_context) if match.alert_context is not None else None
        event, lists = batch.values[row], batch.indicators[row]
        return replace(
            match,
            kept=tuple(
                (field, values_at(field, event=event, lists=lists, context=context)) for field in fields
            ),
        )

    def _told(self, match: Match) -> Match:
        """A match as the parent needs it: what lies in its staged row is not sent as well."""
        if self._stager is None:
            return match
        return replace(
            match,
            description="",
            reference="",
            runbook="",
            destinations=None,
            alert_context=None,
            enrichment=None,
            fallbacks=(),
        )

    def _detect(
        self,
        task: Task,
        number: int,
        batch: EventBatch,
        first_row: int,
        runners: Sequence[tuple[int, Runner]],
    ) -> Detections:
        slots = self._slots
        is_alone = self._is_alone(task)

        def in_hand(row: int, rule: int) -> None:
            if is_alone:
                self._see_whether_it_filled_memory()
            if task.careful:
                self._see_whether_all_is_well(task, rule)
            slots[RULE] = rule + 1
            if rule == NO_RULE:
                slots[ROW] = row
                event = int(batch.row_id[row - first_row], 16)
                slots[EVENT_HIGH], slots[EVENT_LOW] = event >> 64, event & _LOW

        def known(rule: int, subject: Subject) -> RuleError | None:
            killing = task.killing.get((int(subject.row_id, 16), rule)) if task.killing else None
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
                origin_id=subject.origin_id,
            )

        off_from = {
            rule: row if chunk_number == number else 0
            for rule, (chunk_number, row) in task.off.items()
            if chunk_number <= number
        }
        slots[CHUNK] = number
        found = detect(
            batch,
            runners,
            first_row=first_row,
            in_hand=in_hand,
            known=known,
            off_from=off_from,
            names=self._models.get(batch.log_type),
        )
        if is_alone:
            self._see_whether_it_filled_memory()
        if task.careful:
            self._see_whether_all_is_well(task, NO_RULE)
        return found

    def _see_whether_all_is_well(self, task: Task, to_come: int) -> None:
        """Ends the process here, where the rule is in hand that has left it unable to go on; or with none in
        hand, after a row that has to be looked at more closely for that."""
        slots = self._slots
        in_hand = slots[IN_HAND]
        chunk, row, rule = in_hand[CHUNK], in_hand[ROW], in_hand[RULE] - 1
        if rule >= 0 and (chunk, row) in task.closely:
            self._end_if_changed()
        elif to_come == NO_RULE:
            slots[RULE] = 0
            self._end_if_changed()

    def _is_alone(self, task: Task) -> bool:
        """Whether what comes next is one event in a fresh process: nothing can be done with more memory."""
        return self._is_fresh and (task.batch_events == 1 or bool(task.pairs or task.tests))

    def _refuse_if_short(self, task: Task) -> None:
        """Raises MemoryError where rules may have got too little, and not even said so."""
        if self._memory.is_short and not self._is_alone(task):
            raise MemoryError

    def _see_whether_it_filled_memory(self) -> None:
        """Ends the process when the rule in hand has taken most of its memory for one event."""
        if self._memory.has_lost_much() and self._slots[RULE]:
            self._end(FILLED)

    def _end_if_changed(self) -> None:
        """Ends the process when a rule has changed what all code stands on: whoever comes next is harmed."""
        changed = self._changed()
        if changed:
            self._end(changed)

    def _end(self, why: int) -> None:
        self._slots[CHANGED] = why
        end_process(1)


def _candidates(batch: EventBatch, found: Detections) -> Iterator[Candidate]:
    """What rules of a batch are to see in their turn; an event that several are to see is kept once."""
    for row, waiting in groupby(found.waiting, key=lambda pair: pair[0]):
        event = keep(batch, row)
        for _, rule_id in waiting:
            yield Candidate(rule_id=rule_id, event=event)


def _subject(event: KeptEvent) -> Subject:
    return Subject(
        row_id=event.row_id,
        log_type=event.log_type,
        event_id=event.event_id,
        event_time=event.event_time,
        origin_id=event.origin_id,
    )


def _rows(batch: EventBatch) -> Rows:
    return Rows(
        log_type=batch.log_type,
        row_ids=tuple(batch.row_id),
        event_ids=tuple(batch.event_id),
        timeless=tuple(
            (batch.row_id[row], batch.origins[batch.origin[row]].id, batch.event_time[row])
            for row in range(len(batch))
            if batch.time_from_origin[row]
        ),
    )


def _stager(setup: Setup) -> "Stager | None":
    """What writes the lake's files, whose libraries are loaded only where there is a lake."""
    if setup.staging is None:
        return None
    import pyarrow as pa  # noqa: PLC0415  # 200 ms that inline tests need not pay

    from trailcam.commit.stage import Stager  # noqa: PLC0415  # the same

    pa.set_cpu_count(1)  # a worker is one processor's work, and threads cost memory
    pa.set_io_thread_count(1)
    return Stager(setup.staging.warehouse, setup.log_types, pack=setup.staging.pack)
