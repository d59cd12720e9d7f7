"""Adds up what came of groups, in any order: each event once, each pair of event and rule once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from trailcam.engines.local import GroupResult
from trailcam.engines.messages import ChunkDone
from trailcam.model.deadletter import DeadLetter
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.timestamps import Micros
from trailcam.model.window import Window
from trailcam.pipeline.storm import limit_storms
from trailcam.pipeline.window import cut

Timed = TypeVar("Timed", Match, RuleError)


@dataclass(slots=True)
class Tally:
    """The growing result of a run.

    `records = events + duplicates + len(dead_letters)`, always. Of the copies of an event the first that is
    counted stands; an event that names no time has the earliest time of its copies' origins.
    """

    origins: int = 0
    size_bytes: int = 0
    records: int = 0
    duplicates: int = 0
    dead_letters: list[DeadLetter] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    _rows: set[bytes] = field(default_factory=set)
    _vendor_ids: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _conflicting: set[tuple[str, str]] = field(default_factory=set)
    _matches: dict[tuple[str, str], Match] = field(default_factory=dict)
    _errors: dict[tuple[str, str], tuple[RuleError, ...]] = field(default_factory=dict)
    _earliest: dict[str, Micros] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """Distinct events."""
        return len(self._rows)

    @property
    def conflicting_ids(self) -> int:
        """Vendor ids that name more than one event."""
        return len(self._conflicting)

    @property
    def match_count(self) -> int:
        """How many matches there are by now."""
        return len(self._matches)

    @property
    def matches(self) -> list[Match]:
        """By event time, then row, then rule."""
        return sorted(
            (self._timed(match) for match in self._matches.values()),
            key=lambda match: (match.event_time, match.row_id, match.rule_id),
        )

    @property
    def errors(self) -> list[RuleError]:
        """By event time, then row, then rule, then function."""
        return sorted(
            (self._timed(error) for errors in self._errors.values() for error in errors),
            key=lambda error: (error.event_time, error.row_id, error.rule_id, error.function),
        )

    def windows(self) -> list[Window]:
        """The windows of all matches and errors; a rule past its hourly limit has one for the storm."""
        return limit_storms(cut([*self.matches, *self.errors]))

    def refuse(self, dead_letter: DeadLetter) -> None:
        """Counts an origin that cannot be read at all."""
        self.origins += 1
        self.records += 1
        self.dead_letters.append(dead_letter)

    def add(self, result: GroupResult) -> None:
        """Counts a group."""
        self.origins += len(result.blobs)
        self.size_bytes += sum(blob.origin.size_bytes for blob in result.blobs)
        self.records += len(result.dead_letters)
        self.dead_letters += result.dead_letters
        for chunk in result.chunks:
            self._add_chunk(chunk)

    def _add_chunk(self, chunk: ChunkDone) -> None:
        self.records += chunk.records
        self.dead_letters += chunk.dead_letters
        self.not_run += chunk.not_run
        for rows in chunk.rows:
            self._add_rows(rows.log_type, rows.row_ids, rows.event_ids)
            for row_id, time in rows.timeless:
                self._earliest[row_id] = min(time, self._earliest.get(row_id, time))
        errors: dict[tuple[str, str], tuple[RuleError, ...]] = {}
        for error in chunk.errors:
            pair = (error.rule_id, error.row_id)
            errors[pair] = _with(errors.get(pair, ()), error)
        for match in chunk.matches:
            pair = (match.rule_id, match.row_id)
            if pair not in self._errors:
                self._matches.setdefault(pair, match)
        for pair, found in errors.items():
            if pair not in self._matches or found[0].function == "unique":
                self._errors.setdefault(pair, found)

    def _add_rows(self, log_type: str, row_ids: Iterable[str], event_ids: Iterable[str | None]) -> None:
        for row_id, event_id in zip(row_ids, event_ids, strict=True):
            row = bytes.fromhex(row_id)
            if row in self._rows:
                self.duplicates += 1
                continue
            self._rows.add(row)
            if event_id is not None and self._vendor_ids.setdefault((log_type, event_id), row) != row:
                self._conflicting.add((log_type, event_id))

    def _timed(self, item: Timed) -> Timed:
        time = self._earliest.get(item.row_id, item.event_time)
        return item if time == item.event_time else replace(item, event_time=time)


def _with(errors: tuple[RuleError, ...], error: RuleError) -> tuple[RuleError, ...]:
    """One error a function: a copy in the same chunk says the same."""
    return errors if any(known.function == error.function for known in errors) else (*errors, error)
