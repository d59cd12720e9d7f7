"""Keeps the windows of the state as cutting all matches anew would have them, inside one transaction.

Matches later than all of their chain extend its last window, and only what the looking-back sees is read.
Any other change cuts the chain anew from its matches. `pipeline.window.cut` is the oracle of both.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit import tables as t
from trailcam.model.match import Match, RuleError
from trailcam.model.severity import Severity
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.model.window import WindowKey
from trailcam.pipeline.window import (
    Chain,
    Identity,
    Item,
    Sweep,
    chain_of,
    identity_of,
    makes_window,
    order_of,
    value_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the state's windows; see `commit.tables.window`."""

    key: WindowKey
    start: Micros
    end: Micros
    title: str
    severity: Severity
    highest: Severity
    first_row: str
    last: tuple[Micros, str, str]
    matches: int
    qualifies: bool
    alone: bool
    suppressed: bool = False
    decision_id: int
    alert_id: str | None = None

    @property
    def alerts(self) -> bool:
        """Whether an alert stands for it."""
        return self.qualifies and not self.suppressed


@dataclass(slots=True)
class Change:
    """What happened to the windows of one chain: the windows before and after, and what they share."""

    before: list[Row] = field(default_factory=list)
    after: list[Row] = field(default_factory=list)
    shared: dict[tuple[Micros, Micros], int] = field(default_factory=dict)
    """(start before, start after) to the number of matches that were in the one and are in the other."""


class Recut:
    """One decision's changes to the windows. Chains are read when they are changed, and written at once."""

    def __init__(self, connection: Connection, decision_id: int) -> None:
        self._connection = connection
        self._decision_id = decision_id
        self.window_of: dict[Identity, Micros] = {}
        """The window of every added match."""
        self.changes: list[Change] = []
        self._added: list[Item] = []
        """Those of the key in hand whose windows are known; the state does not hold them yet."""

    def apply(self, added: Iterable[Item], removed: Iterable[tuple[Item, Micros]] = ()) -> None:
        """Adds matches that are not in the state yet; writes all but the matches. Others are `removed`: taken
        out of the state by now, each with the start of the window it was in."""
        news: dict[WindowKey, dict[Chain, _News]] = defaultdict(dict)
        for item in added:
            if makes_window(item):
                _news_of(news, chain_of(item)).added.append(item)
        for item, start in removed:
            if makes_window(item):
                _news_of(news, chain_of(item)).removed[identity_of(item)] = start
        for chains in news.values():
            self._apply_to_key(chains)

    def _apply_to_key(self, chains: dict["Chain", "_News"]) -> None:
        self._added = []
        while chains:
            chain = min(chains, key=lambda chain: chain.start)
            self._apply_to_chain(chain, chains.pop(chain))
            after = chain.after
            if after in chains or self._last_window(after) is not None:
                chains.setdefault(after, _News()).looked_back_on = True

    def _apply_to_chain(self, chain: "Chain", news: "_News") -> None:
        news.added.sort(key=order_of)
        last = self._last_window(chain)
        late = last is not None and bool(news.added) and order_of(news.added[0]) < last.last
        if late or news.removed or news.looked_back_on:
            change = self._cut(chain, news)
        else:
            change = self._extend(chain.key, last, news.added)
        self._write(change)
        self.changes.append(change)
        self._added += news.added

    # -- matches later than all others -------------------------------------------------------------------

    def _extend(self, key: WindowKey, last: Row | None, added: Sequence[Item]) -> Change:
        change = Change(before=[last] if last else [])
        if last is not None and last.alone:
            # It qualifies and leaves no trace for the looking-back, whatever else falls into it.
            inside = [item for item in added if item.event_time < last.end]
            added = added[len(inside) :]
            change.after.append(_longer(last, inside) if inside else last)
            self._place(inside, last.start)
        if added:
            base = last.start if last is not None and not last.alone else added[0].event_time
            replayed = [item for item, _ in self._looking_back(key, base)]
            if last is not None and not last.alone:
                replayed += [item for item, _ in self._items(key, last.start, last.end)]
            change.after += self._swept(key, (), [*replayed, *added], since=base, old=change.before)
        if last is not None:
            change.shared[last.start, last.start] = last.matches
        return change

    # -- any other change --------------------------------------------------------------------------------

    def _cut(self, chain: "Chain", news: "_News") -> Change:
        end = chain.after.start
        change = Change(before=self._windows(chain.key, chain.start, end))
        held = list(self._items(chain.key, chain.start, end))
        items = sorted([*(item for item, _ in held), *news.added], key=order_of)
        seen = [item for item, _ in self._looking_back(chain.key, chain.start)]
        change.after = self._swept(chain.key, seen, items, since=chain.start, old=change.before)
        moved = []
        rows: dict[tuple[Micros, Micros], set[str]] = defaultdict(set)
        for item in news.added:
            if identity_of(item) in news.removed:  # it is said anew, by another version of its rule
                rows[news.removed[identity_of(item)], self.window_of[identity_of(item)]].add(item.row_id)
        for item, was in held:
            now = self.window_of.pop(identity_of(item))
            rows[was, now].add(item.row_id)
            if now != was:
                moved.append((item, now))
        change.shared = {pair: len(ids) for pair, ids in rows.items()}
        self._move(moved)
        return change

    # -- sweeping ----------------------------------------------------------------------------------------

    def _swept(
        self,
        key: WindowKey,
        before: Sequence[Item],
        items: Sequence[Item],
        *,
        since: Micros,
        old: Sequence[Row],
    ) -> list[Row]:
        """The windows that start at `since` or later; places their items."""
        windows = [w for w in Sweep(key, items, before=before).windows() if w.start >= since]
        own: list[list[Item]] = [[] for _ in windows]
        at = 0
        for item in items:
            if item.event_time < since:
                continue
            while item.event_time >= windows[at].end:
                at += 1
            own[at].append(item)
        found = []
        held = {row.start: row for row in old}
        for window, those in zip(windows, own, strict=True):
            self._place(those, window.start)
            was = held.get(window.start)
            values = {value for value in map(value_of, those) if value is not None}
            found.append(
                Row(
                    key=key,
                    start=window.start,
                    end=window.end,
                    title=window.title,
                    severity=window.severity,
                    highest=max(item.severity for item in those),
                    first_row=those[0].row_id,
                    last=order_of(those[-1]),
                    matches=len(window.row_ids),
                    qualifies=window.qualifies,
                    alone=len(values) >= key.threshold,
                    suppressed=was.suppressed if was else False,
                    decision_id=was.decision_id if was else self._decision_id,
                    alert_id=was.alert_id if was else None,
                )
            )
        return found

    def _place(self, items: Iterable[Item], start: Micros) -> None:
        for item in items:
            self.window_of[identity_of(item)] = start

    def _looking_back(self, key: WindowKey, time: Micros) -> Iterator[tuple[Item, Micros]]:
        """The matches before `time` that a stretch ending at it or later may still see, by whole windows.

        Windows that reach the threshold alone are seen by none after them.
        """
        starts = self._connection.execute(
            select(t.window.c.start)
            .where(_of(key), t.window.c.start < time, t.window.c.end > time - key.period_minutes * MINUTE)
            .where(t.window.c.alone.is_(False))
            .order_by(t.window.c.start)
        ).scalars()
        for start in starts.all():
            yield from self._items(key, start, None)

    # -- reading -----------------------------------------------------------------------------------------

    def _last_window(self, chain: "Chain") -> Row | None:
        row = self._connection.execute(
            select(t.window)
            .where(_of(chain.key), t.window.c.start >= chain.start, t.window.c.start < chain.after.start)
            .order_by(t.window.c.start.desc())
            .limit(1)
        ).first()
        return None if row is None else window_row(row)

    def _windows(self, key: WindowKey, start: Micros, end: Micros) -> list[Row]:
        rows = self._connection.execute(
            select(t.window)
            .where(_of(key), t.window.c.start >= start, t.window.c.start < end)
            .order_by(t.window.c.start)
        )
        return [window_row(row) for row in rows]

    def _items(self, key: WindowKey, start: Micros, end: Micros | None) -> Iterator[tuple[Item, Micros]]:
        """(match, start of its window) in `[start, end)`, or of the window at `start`; in their order."""
        whole = start if end is None else None
        if end is None:
            end = Micros(start + key.period_minutes * MINUTE)
        found = list(stored(self._connection, key, start, end, whole=whole is not None))
        for item in self._added:
            placed = self.window_of[identity_of(item)]
            if start <= item.event_time < end and (whole is None or placed == whole):
                found.append((item, placed))
        yield from sorted(found, key=lambda pair: order_of(pair[0]))

    # -- writing -----------------------------------------------------------------------------------------

    def _write(self, change: Change) -> None:
        kept = {row.start for row in change.after}
        for row in change.before:
            if row.start not in kept:
                self._connection.execute(delete(t.window).where(_of(row.key), t.window.c.start == row.start))
        old = {row.start: row for row in change.before}
        write_windows(self._connection, [row for row in change.after if old.get(row.start) != row])

    def _move(self, moved: Sequence[tuple[Item, Micros]]) -> None:
        for item, start in moved:
            table = t.rule_error if isinstance(item, RuleError) else t.match
            named = and_(table.c.rule_id == item.rule_id, table.c.row_id == item.row_id)
            if isinstance(item, RuleError):
                named = and_(named, t.rule_error.c.function == item.function)
            self._connection.execute(update(table).where(named).values(window_start=start))


def stored(
    connection: Connection, key: WindowKey, start: Micros, end: Micros, *, whole: bool
) -> Iterator[tuple[Item, Micros]]:
    """(match, start of its window) as the state has them, in no order, of a key in `[start, end)`; `whole`:
    those of the one window that starts and ends so."""
    table = t.rule_error if key.kind == "error" else t.match
    chosen = select(table).where(
        table.c.rule_id == key.rule_id, table.c.event_time >= start, table.c.event_time < end
    )
    if whole:
        chosen = chosen.where(table.c.window_start == start)
    if table is t.match:
        chosen = chosen.where(
            t.match.c.dedup == key.dedup,
            t.match.c.period_minutes == key.period_minutes,
            t.match.c.threshold == key.threshold,
            t.match.c.create_alert.is_(True),
        )
    else:
        chosen = chosen.where(t.rule_error.c.error_class == key.dedup)
    for row in connection.execute(chosen):
        item = error_item(row) if table is t.rule_error else match_item(row)
        yield item, Micros(row.window_start)


@dataclass(slots=True)
class _News:
    """What is new in a chain."""

    added: list[Item] = field(default_factory=list)
    removed: dict[Identity, Micros] = field(default_factory=dict)
    """What the state does not hold any more, and the start of the window it was in."""
    looked_back_on: bool = False
    """The chain before has changed, on whose matches its stretches look back."""


def _news_of(news: dict[WindowKey, dict["Chain", "_News"]], chain: "Chain") -> "_News":
    return news[chain.key].setdefault(chain, _News())


def _longer(row: Row, items: Sequence[Item]) -> Row:
    """A window with further matches, all later than its own."""
    rows = [row.last[1], *(item.row_id for item in items)]
    return replace(
        row,
        highest=max(row.highest, *(item.severity for item in items)),
        last=order_of(items[-1]),
        matches=row.matches + sum(one != other for one, other in pairwise(rows)),
    )


def _of(key: WindowKey) -> Any:
    c = t.window.c
    return and_(
        c.rule_id == key.rule_id,
        c.dedup == key.dedup,
        c.period_minutes == key.period_minutes,
        c.threshold == key.threshold,
        c.kind == key.kind,
    )


def window_row(row: Any) -> Row:
    """A row of the table as read."""
    return Row(
        key=WindowKey(row.rule_id, row.dedup, row.period_minutes, row.threshold, row.kind),
        start=Micros(row.start),
        end=Micros(row.end),
        title=row.title,
        severity=Severity(row.severity),
        highest=Severity(row.highest),
        first_row=row.first_row,
        last=(Micros(row.last_time), row.last_row, row.last_function),
        matches=row.matches,
        qualifies=row.qualifies,
        alone=row.alone,
        suppressed=row.suppressed,
        decision_id=row.decision_id,
        alert_id=row.alert_id,
    )


def write_windows(connection: Connection, rows: Sequence[Row]) -> None:
    """Writes windows over what was there."""
    if not rows:
        return
    statement = insert(t.window)
    keys = set(t.window.primary_key.columns.keys())
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=t.window.primary_key.columns,
            set_={c.name: statement.excluded[c.name] for c in t.window.c if c.name not in keys},
        ),
        [
            {
                "rule_id": row.key.rule_id,
                "dedup": row.key.dedup,
                "period_minutes": row.key.period_minutes,
                "threshold": row.key.threshold,
                "kind": row.key.kind,
                "start": row.start,
                "end": row.end,
                "title": row.title,
                "severity": int(row.severity),
                "highest": int(row.highest),
                "first_row": row.first_row,
                "last_time": row.last[0],
                "last_row": row.last[1],
                "last_function": row.last[2],
                "matches": row.matches,
                "qualifies": row.qualifies,
                "alone": row.alone,
                "suppressed": row.suppressed,
                "decision_id": row.decision_id,
                "alert_id": row.alert_id,
            }
            for row in rows
        ],
    )


def match_item(row: Any) -> Match:
    """A match as the state has it: without what only its row in the lake holds."""
    return Match(
        rule_id=row.rule_id,
        row_id=row.row_id,
        log_type=row.log_type,
        event_id=row.event_id,
        event_time=Micros(row.event_time),
        title=row.title,
        dedup=row.dedup,
        severity=Severity(row.severity),
        period_minutes=row.period_minutes,
        threshold=row.threshold,
        create_alert=row.create_alert,
        counts_unique=row.counts_unique,
        unique=row.unique_value,
    )


def error_item(row: Any) -> RuleError:
    """A rule error as the state has it."""
    return RuleError(
        rule_id=row.rule_id,
        row_id=row.row_id,
        log_type=row.log_type,
        event_id=row.event_id,
        event_time=Micros(row.event_time),
        function=row.function,
        error_class=row.error_class,
        error=row.error,
        message=row.message,
        severity=Severity(row.severity),
        origin_id=row.origin_id,
    )
