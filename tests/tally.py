"""Adds up what came of groups, in memory and in any order: each event once, each pair of event and rule once.

The plain way to what the state and the lake hold; the tests hold the one against the other.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from trailcam.engines.local import GroupResult
from trailcam.engines.messages import ChunkDone
from trailcam.model.deadletter import DeadLetter
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.timestamps import Micros
from trailcam.model.window import Window
from trailcam.pipeline.storm import limit_storms
from trailcam.pipeline.window import cut, preferred

Timed = TypeVar("Timed", Match, RuleError)

MOST_KEPT = 1_000
"""Dead letters of one reason that are kept to be shown; all of them are counted, and given to `on_letter`."""

KEPT_BYTES = 256
"""How many bytes of each are kept."""


@dataclass(slots=True)
class Tally:
    """The growing result of a run.

    `records = events + duplicates + dead letters`, always. Where copies of an event differ in what rules said
    of them (by the file they lay in, say), the same one stands whatever came first. An event that names no
    time has the earliest time of its copies' origins. A pair of rule and event is not run only if no copy of
    the event was seen by the rule.
    """

    on_letter: Callable[[DeadLetter], None] = lambda _: None
    """Given every dead letter, whole."""
    origins: int = 0
    size_bytes: int = 0
    records: int = 0
    duplicates: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    """How many dead letters there are, by reason."""
    dead_letters: dict[str, list[DeadLetter]] = field(default_factory=dict)
    """The first of them by reason, cut short."""
    _rows: set[bytes] = field(default_factory=set)
    _vendor_ids: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _conflicting: set[tuple[str, str]] = field(default_factory=set)
    _matches: dict[tuple[str, str], Match] = field(default_factory=dict)
    _errors: dict[tuple[str, str, str], RuleError] = field(default_factory=dict)
    _not_run: dict[str, dict[str, NotRun]] = field(default_factory=dict)
    _timeless: dict[str, dict[str, Micros]] = field(default_factory=dict)
    _origin_times: dict[str, Micros] = field(default_factory=dict)

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
            map(self._timed, self._matches.values()),
            key=lambda match: (match.event_time, match.row_id, match.rule_id),
        )

    @property
    def errors(self) -> list[RuleError]:
        """By event time, then row, then rule, then function; none of a pair that matched but `unique`'s."""
        return sorted(
            (
                self._timed(error)
                for (rule_id, row_id, function), error in self._errors.items()
                if function == "unique" or (rule_id, row_id) not in self._matches
            ),
            key=lambda error: (error.event_time, error.row_id, error.rule_id, error.function),
        )

    @property
    def not_run(self) -> list[NotRun]:
        """By rule, then origin, then row."""
        return sorted(
            (entry for by_rule in self._not_run.values() for entry in by_rule.values()),
            key=lambda entry: (entry.rule_id, entry.origin_name, entry.row_id),
        )

    def windows(self) -> list[Window]:
        """The windows of all matches and errors; a rule past its hourly limit has one for the storm."""
        return limit_storms(cut([*self.matches, *self.errors]))

    def refuse(self, dead_letter: DeadLetter) -> None:
        """Counts an origin that cannot be read at all."""
        self.origins += 1
        self._letter(dead_letter)

    def repeat(self, origin_id: str, fallback_time: Micros) -> None:
        """Takes note of an origin that came again under another name: nothing but its time can be new."""
        self._note_time(origin_id, fallback_time)

    def add(self, result: GroupResult) -> None:
        """Counts a group."""
        self.origins += len(result.group.blobs)
        for blob in result.group.blobs:
            self.size_bytes += blob.origin.size_bytes
            self._note_time(blob.origin.id, blob.origin.fallback_time)
        for letter in result.dead_letters:
            self._letter(letter)
        for chunk in result.chunks:
            self._add_chunk(chunk)

    def _add_chunk(self, chunk: ChunkDone) -> None:
        for letter in chunk.dead_letters:
            self._letter(letter)
        self._add_not_run(chunk)
        for rows in chunk.rows:
            self._add_rows(rows.log_type, rows.row_ids, rows.event_ids)
            for row_id, origin_id, time in rows.timeless:
                self._timeless.setdefault(row_id, {})[origin_id] = time
        for match in chunk.matches:
            pair = (match.rule_id, match.row_id)
            held = self._matches.get(pair)
            self._matches[pair] = match if held is None else _preferred(held, match)
        for error in chunk.errors:
            triple = (error.rule_id, error.row_id, error.function)
            known = self._errors.get(triple)
            self._errors[triple] = error if known is None else _preferred(known, error)

    def _add_rows(self, log_type: str, row_ids: Iterable[str], event_ids: Iterable[str | None]) -> None:
        for row_id, event_id in zip(row_ids, event_ids, strict=True):
            self.records += 1
            row = bytes.fromhex(row_id)
            if row in self._rows:
                self.duplicates += 1
                continue
            self._rows.add(row)
            if event_id is not None and self._vendor_ids.setdefault((log_type, event_id), row) != row:
                self._conflicting.add((log_type, event_id))

    def _add_not_run(self, chunk: ChunkDone) -> None:
        """A pair stays not run while every copy of the event, before and in this chunk, was passed over."""
        if not chunk.not_run and not self._not_run:
            return
        copies = Counter(row_id for rows in chunk.rows for row_id in rows.row_ids)
        passed_over = Counter((entry.row_id, entry.rule_id) for entry in chunk.not_run)
        for row_id in copies.keys() & self._not_run.keys():
            held = self._not_run[row_id]
            for rule_id in [rule for rule in held if passed_over[row_id, rule] < copies[row_id]]:
                del held[rule_id]
        for entry in chunk.not_run:
            seen_before = bytes.fromhex(entry.row_id) in self._rows
            if not seen_before and passed_over[entry.row_id, entry.rule_id] == copies[entry.row_id]:
                self._not_run.setdefault(entry.row_id, {}).setdefault(entry.rule_id, entry)

    def _letter(self, letter: DeadLetter) -> None:
        self.records += 1
        self.letters[letter.reason] += 1
        self.on_letter(letter)
        kept = self.dead_letters.setdefault(letter.reason, [])
        if len(kept) < MOST_KEPT:
            kept.append(replace(letter, raw=letter.raw[:KEPT_BYTES]))

    def _note_time(self, origin_id: str, time: Micros) -> None:
        self._origin_times[origin_id] = min(time, self._origin_times.get(origin_id, time))

    def _timed(self, item: Timed) -> Timed:
        times = self._timeless.get(item.row_id)
        if times is None:
            return item
        earliest = min(min(time, self._origin_times.get(origin, time)) for origin, time in times.items())
        return item if item.event_time == earliest else replace(item, event_time=earliest)


def _preferred(held: Timed, other: Timed) -> Timed:
    """Which of two copies stands, whatever came first."""
    return held if preferred(held, other) is held else other
