"""What came of a run: counted in the state and the lake, complete and in a fixed order."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, column, exists, func, insert, select, table
from sqlalchemy.sql.expression import FromClause

from trailcam.alerts.read import alert_of
from trailcam.alerts.tables import alert
from trailcam.app.home import Home
from trailcam.app.load import Loaded
from trailcam.commit import tables as t
from trailcam.commit.kept_without import KeptWithout
from trailcam.commit.lane import waiting as waiting_of
from trailcam.commit.windows import Row, error_item, match_item, window_row
from trailcam.errors import Problem, code
from trailcam.model.alert import Alert, Status
from trailcam.model.deadletter import DeadLetter
from trailcam.model.match import Match, RuleError
from trailcam.model.timestamps import MINUTE
from trailcam.query.scope import Events, Scope
from trailcam.state.chunks import chunked

WORLD_FAILED = frozenset({code("origin_unreadable"), code("origin_changed")})
"""Reasons of dead letters that lie outside the logs themselves."""

_GONE = (Status.RETRACTED.value, Status.MERGED.value)

_SCOPE_MATCH = table("scope_match", column("rule_id"), column("row_id"))
_SCOPE_ERROR = table("scope_error", column("rule_id"), column("row_id"))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NotSeen:
    """Events of one origin that a rule has not seen."""

    rule_id: str
    reason: str
    origin_name: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What nobody had decided before this run; of alerts, those that stand."""

    events: int
    dead_letters: int
    matches: int
    rule_errors: int
    windows: int
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the origins of a run hold, what its rules say of them, whoever decided it when; and what is new.

    Windows and alerts are those in which one of the run's events is.
    """

    run_id: str
    origins: int
    records: int
    events: Events
    letters: dict[str, int]
    """Dead letters by reason."""
    first_letters: Sequence[DeadLetter]
    """A few of each reason."""
    matches: Sequence[Match]
    errors: Sequence[RuleError]
    windows: Sequence[Row]
    alerts: Sequence[Alert]
    not_run: Sequence[NotSeen]
    waiting: Sequence[tuple[str, int]]
    """(rule id, number of events) of rules that keep state, and that see these events in their turn."""
    fallbacks: Sequence[tuple[str, str, int, str]]
    """(rule id, function, number of matches, first error)."""
    new: New
    seconds: float
    size_bytes: int
    repeated: int
    """Files whose bytes were those of a file read before in this run: passed over."""
    skipped: Sequence[Path]
    """Files in folders that are not named like logs."""
    empty: Sequence[str]
    """Files of no bytes."""
    cut: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(correlation rule, rule it looks at): matches with more values than are looked at."""
    kept_without: Sequence[KeptWithout] = ()
    """Of correlation rules that are new or have changed: earlier matches of which they see too little."""
    left: Mapping[str, str] = field(default_factory=dict)
    """Correlation rules that had no turn at the end because a server runs: in words, who has it."""
    problems: Sequence[Problem] = ()
    """What could not be brought into the lake, by table."""

    @property
    def duplicates(self) -> int:
        """Copies of events."""
        return self.events.rows - self.events.distinct

    @property
    def summary(self) -> dict[str, int | float]:
        """The fixed keys of `--summary json`."""
        return {
            "origins": self.origins,
            "records": self.records,
            "events": self.events.distinct,
            "duplicates": self.duplicates,
            "conflicting_ids": self.events.conflicting_ids,
            "dead_letters": sum(self.letters.values()),
            "matches": len(self.matches),
            "rule_errors": len(self.errors),
            "not_run": sum(each.events for each in self.not_run),
            "waiting": sum(events for _, events in self.waiting),
            "windows": len(self.windows),
            "alerts": len(self.alerts),
            "new_events": self.new.events,
            "new_dead_letters": self.new.dead_letters,
            "new_matches": self.new.matches,
            "new_rule_errors": self.new.rule_errors,
            "new_windows": self.new.windows,
            "new_alerts": self.new.alerts,
            "seconds": round(self.seconds, 3),
            "bytes": self.size_bytes,
        }

    @property
    def exit_code(self) -> int:
        """0 all read and all rules run; 1 something did not come through; 3 something could not be read."""
        reasons = {*self.letters, *(each.reason for each in self.not_run)}
        if self.problems or reasons & WORLD_FAILED:
            return 3
        return 1 if self.letters or self.errors or self.not_run else 0


_FIRST = 10


def report(
    home: Home,
    run_id: str,
    loaded: Loaded,
    *,
    seconds: float,
    size_bytes: int,
    repeated: int,
    skipped: Sequence[Path],
    empty: Sequence[str],
    taken_off: Collection[str] = (),
    cut: Mapping[tuple[str, str], int] = MappingProxyType({}),
    kept_without: Sequence[KeptWithout] = (),
    left: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """Counts what a run came upon. Of rules that were `taken_off`, what waits for them was not run."""
    rule_ids = [rule.id for rule in loaded.rules]
    scope = scope_of(home, run_id)
    letters = scope.letters()
    with _pairs(home, scope, rule_ids, [rule.id for rule in loaded.correlations]) as state:
        matches = [match_item(row) for row in state.execute(_matches())]
        errors = [error_item(row) for row in state.execute(_errors())]
        windows = _windows(state)
        alerts = _alerts(state, windows)
        passed_over, waiting = _waiting(state, run_id, set(rule_ids), taken_off)
        not_run = sorted([*_not_run(state, run_id, rule_ids), *passed_over])
        new = _new(state, run_id, scope.new_events(loaded.log_types))
    return Report(
        run_id=run_id,
        origins=scope.origins,
        records=scope.records,
        events=scope.events(loaded.log_types),
        letters=letters,
        first_letters=list(scope.dead_letters(most=_FIRST)) if letters else [],
        matches=matches,
        errors=errors,
        windows=windows,
        alerts=alerts,
        not_run=not_run,
        waiting=waiting,
        fallbacks=scope.fallbacks(rule_ids) if rule_ids else [],
        new=new,
        seconds=seconds,
        size_bytes=size_bytes,
        repeated=repeated,
        skipped=skipped,
        empty=empty,
        cut=cut,
        kept_without=tuple(kept_without),
        left=left,
    )


def scope_of(home: Home, run_id: str) -> Scope:
    """What a run came upon."""
    return Scope(home.database, home.iceberg.warehouse, home.scratch, run_id)


@contextmanager
def _pairs(
    home: Home, scope: Scope, rule_ids: Sequence[str], correlations: Sequence[str]
) -> Iterator[Connection]:
    """The state, with the run's pairs of rule and event in temporary tables; those of correlation rules, each
    behind those it looks at, are the run's where the match is that they were said at."""
    with home.database.read() as state:
        scope.note_pairs(state, rule_ids)
        m = t.match.c
        at = (_SCOPE_MATCH.c.rule_id == m.anchor_rule) & (_SCOPE_MATCH.c.row_id == m.anchor_row)
        for rule_id in correlations:
            said = select(m.rule_id, m.row_id).join(_SCOPE_MATCH, at).where(m.rule_id == rule_id)
            state.execute(insert(_SCOPE_MATCH).from_select(["rule_id", "row_id"], said))
        yield state


def _matches() -> Any:
    m = t.match.c
    return (
        select(t.match)
        .join(_SCOPE_MATCH, (_SCOPE_MATCH.c.rule_id == m.rule_id) & (_SCOPE_MATCH.c.row_id == m.row_id))
        .order_by(m.event_time, m.row_id, m.rule_id)
    )


def _errors() -> Any:
    e = t.rule_error.c
    return (
        select(t.rule_error)
        .join(_SCOPE_ERROR, (_SCOPE_ERROR.c.rule_id == e.rule_id) & (_SCOPE_ERROR.c.row_id == e.row_id))
        .order_by(e.event_time, e.row_id, e.rule_id, e.function)
    )


def _windows(state: Connection) -> list[Row]:
    """The windows of the run's matches and errors, and the storms that stand for some of them."""
    w = t.window.c
    m, e = t.match.c, t.rule_error.c
    of_matches = exists().where(
        m.rule_id == w.rule_id,
        m.dedup == w.dedup,
        m.period_minutes == w.period_minutes,
        m.threshold == w.threshold,
        m.window_start == w.start,
        m.event_time >= w.start,
        m.event_time < w.end,
        _SCOPE_MATCH.c.rule_id == m.rule_id,
        _SCOPE_MATCH.c.row_id == m.row_id,
    )
    of_errors = exists().where(
        e.rule_id == w.rule_id,
        e.error_class == w.dedup,
        e.window_start == w.start,
        e.event_time >= w.start,
        e.event_time < w.end,
        _SCOPE_ERROR.c.rule_id == e.rule_id,
        _SCOPE_ERROR.c.row_id == e.row_id,
    )
    own = select(t.window).where(
        ((w.kind == "match") & of_matches) | ((w.kind == "error") & of_errors),
        w.rule_id.in_(select(_SCOPE_MATCH.c.rule_id).union(select(_SCOPE_ERROR.c.rule_id))),
    )
    rows = [window_row(row) for row in state.execute(own)]
    hours = {(row.key.rule_id, row.start - row.start % (60 * MINUTE)) for row in rows if row.suppressed}
    for rule_id, hour in sorted(hours):
        storm = select(t.window).where(w.rule_id == rule_id, w.start == hour, w.kind == "storm")
        rows += [window_row(row) for row in state.execute(storm)]
    return sorted(rows, key=lambda row: (row.start, row.key, row.first_row))


def _alerts(state: Connection, windows: Sequence[Row]) -> list[Alert]:
    ids = sorted({row.alert_id for row in windows if row.alert_id is not None})
    found = []
    for chunk in chunked(ids):
        rows = state.execute(select(alert).where(alert.c.id.in_(chunk)))
        found += [alert_of(row) for row in rows]
    return sorted(found, key=lambda each: (each.window_start, each.key, each.id))


def _not_run(state: Connection, run_id: str, rule_ids: Sequence[str]) -> list[NotSeen]:
    n = t.not_run.c
    names = (
        select(t.origin.c.origin_id, func.min(t.origin.c.name).label("name"))
        .group_by(t.origin.c.origin_id)
        .subquery()
    )
    rows = state.execute(
        select(n.rule_id, n.reason, names.c.name, n.events)
        .join(t.run_origin, t.run_origin.c.origin_id == n.origin_id)
        .join(names, names.c.origin_id == n.origin_id)
        .where(t.run_origin.c.run_id == run_id)
        .order_by(n.rule_id, n.reason, names.c.name)
    )
    wanted = set(rule_ids)
    return [
        NotSeen(rule_id=row.rule_id, reason=row.reason, origin_name=row.name, events=row.events)
        for row in rows
        if row.rule_id in wanted
    ]


def _waiting(
    state: Connection, run_id: str, rule_ids: Collection[str], taken_off: Collection[str]
) -> tuple[list[NotSeen], list[tuple[str, int]]]:
    """What waits for rules that keep state: for those that were taken off, and by rule for all others."""
    rows = [row for row in waiting_of(state, run_id) if row[0] in rule_ids]
    names: dict[str, str] = {}
    for chunk in chunked(sorted({origin_id for rule_id, origin_id, _ in rows if rule_id in taken_off})):
        found = state.execute(
            select(t.origin.c.origin_id, t.origin.c.name).where(t.origin.c.origin_id.in_(chunk))
        )
        names |= {row.origin_id: row.name for row in found}
    off = [
        NotSeen(rule_id=rule_id, reason=code("rule_taken_off"), origin_name=names[origin_id], events=number)
        for rule_id, origin_id, number in rows
        if rule_id in taken_off
    ]
    waiting: dict[str, int] = {}
    for rule_id, _, number in rows:
        if rule_id not in taken_off:
            waiting[rule_id] = waiting.get(rule_id, 0) + number
    return off, list(waiting.items())


def _new(state: Connection, run_id: str, events: int) -> New:
    return New(
        events=events,
        dead_letters=_decided(state, run_id, t.origin, func.sum(t.origin.c.dead_letters)),
        matches=_decided(state, run_id, t.match),
        rule_errors=_decided(state, run_id, t.rule_error),
        windows=_decided(state, run_id, t.window),
        alerts=_decided(state, run_id, alert, func.count().filter(alert.c.status.not_in(_GONE))),
    )


def _decided(state: Connection, run_id: str, table_: FromClause, what: Any = None) -> int:
    found = state.execute(
        select(func.count() if what is None else what)
        .select_from(table_)
        .join(t.decision, t.decision.c.id == table_.c.decision_id)
        .where(t.decision.c.run_id == run_id)
    ).scalar()
    return int(found or 0)
