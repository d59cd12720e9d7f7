"""Decides a group in one transaction: the ledger, its files, its matches, and all that follows from them.

Before it, nothing of the group is anywhere but in files that nobody names. After it, a crash loses nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from trailcam.commit import tables as t
from trailcam.commit.alerting import alert
from trailcam.commit.answered import answer
from trailcam.commit.candidates import consume, consumed, queue, refuse_taken
from trailcam.commit.group import GONE_OVER, Group, Purpose
from trailcam.commit.kept_fields import as_kept, keep_more
from trailcam.commit.naming import name_files
from trailcam.commit.places import note
from trailcam.commit.windows import Recut, error_item
from trailcam.model.match import Match, RuleError
from trailcam.model.text import storable
from trailcam.model.timestamps import Micros
from trailcam.pipeline.window import Identity, distinct, identity_of, key_of
from trailcam.state.chunks import chunked
from trailcam.state.database import Database


class AlreadyDecided(Exception):
    """Somebody else has decided some of the origins, by their `keys`; nothing of the group was kept."""

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__(f"{len(keys)} origins are in the ledger already")
        self.keys = keys


def decide(database: Database, group: Group, *, warehouse: Path, now: Micros) -> int:
    """Keeps a group; its number in the order of decisions. `now` is told in histories and decides nothing.

    `warehouse` is where its files lie.

    Raises:
        AlreadyDecided: treat the group again without these origins.
        TurnTaken: somebody else has had this turn of the lane; nothing of the group was kept.
        FilesGone: nothing of the group was kept either; treat it again.
        WorldError: the state cannot be written; nothing of the group was kept.
    """
    with database.write() as connection:
        _refuse_known(connection, group)
        if group.turn is not None:
            refuse_taken(connection, group.turn)
        decision_id = _ledger(connection, group, warehouse, now)
        outdated = _outdated(connection, group)
        found = distinct(group.matches)
        matches = list(_new(connection, t.match, found))
        keep_more(connection, found, besides=matches)
        errors = list(_standing(connection, _new(connection, t.rule_error, distinct(group.errors)), matches))
        superseded = [*outdated, *_superseded(connection, matches)]
        recut = Recut(connection, decision_id)
        recut.apply([*matches, *errors], superseded)
        insert_matches(connection, matches, recut.window_of, decision_id)
        _insert_errors(connection, errors, group.rules, recut.window_of, decision_id)
        queue(connection, group.candidates, decision_id=decision_id, now=now)
        if group.turn is not None:
            consume(connection, group.turn, decision_id=decision_id, now=now)
        alert(connection, recut.changes, decision_id, now=now)
        note(connection, group.places, followed_since=group.followed_since, now=now)
    return decision_id


def _refuse_known(connection: Connection, group: Group) -> None:
    keys = [treated.key(group.pack) for treated in group.treated]
    known = _existing(connection, t.origin.c.key, keys)
    if known:
        raise AlreadyDecided(frozenset(known))


def _ledger(connection: Connection, group: Group, warehouse: Path, now: Micros) -> int:
    made = connection.execute(insert(t.decision).values(run_id=group.run_id, decided_at=now))
    assert made.inserted_primary_key is not None
    decision_id: int = made.inserted_primary_key[0]
    _insert(
        connection,
        t.origin,
        (
            {
                "key": treated.key(group.pack),
                "origin_id": treated.origin.id,
                "purpose": treated.purpose.value,
                "part": treated.part,
                "pack": group.pack,
                "decision_id": decision_id,
                "name": storable(treated.origin.name),
                "source_id": treated.origin.source_id,
                "source_label": treated.origin.source_label,
                "size_bytes": treated.origin.size_bytes,
                "fallback_time": treated.origin.fallback_time,
                "records": treated.records,
                "events": treated.events,
                "dead_letters": treated.dead_letters,
            }
            for treated in group.treated
        ),
    )
    name_files(connection, group.files, warehouse=warehouse, decision_id=decision_id)
    scope = [
        {"run_id": group.run_id, "origin_id": treated.origin.id}
        for treated in group.treated
        if treated.purpose is not Purpose.LANE  # its events may be those of any run
    ]
    if scope:
        connection.execute(upsert(t.run_origin).on_conflict_do_nothing(), scope)
    whole = [treated.origin.name for treated in group.treated if treated.purpose is Purpose.WHOLE]
    answer(connection, whole, run_id=group.run_id, decision_id=decision_id)
    _list_not_run(connection, group)
    return decision_id


def _list_not_run(connection: Connection, group: Group) -> None:
    """What rules have not seen of these origins by now: what was seen since is listed no more."""
    gone_over = [treated.origin.id for treated in group.treated if treated.purpose in GONE_OVER]
    for chunk in chunked(gone_over):
        connection.execute(
            delete(t.not_run).where(
                t.not_run.c.origin_id.in_(chunk), t.not_run.c.rule_id.in_(list(group.rules))
            )
        )
    rows = [
        {"rule_id": rule, "origin_id": origin, "reason": reason, "events": events}
        for (rule, origin, reason), events in group.not_run.items()
    ]
    mended = {treated.origin.id for treated in group.treated if treated.purpose is Purpose.MENDED}
    listed = upsert(t.not_run)
    key = t.not_run.primary_key.columns
    more = t.not_run.c.events + listed.excluded.events  # what is mended is more of the same origin
    for those, events in (
        ([row for row in rows if row["origin_id"] not in mended], listed.excluded.events),
        ([row for row in rows if row["origin_id"] in mended], more),
    ):
        if those:
            connection.execute(
                listed.on_conflict_do_update(index_elements=key, set_={"events": events}), those
            )


# -- matches and errors ------------------------------------------------------------------------------------

Found = TypeVar("Found", Match, RuleError)


def _new(connection: Connection, table: Table, items: Iterable[Found]) -> Iterator[Found]:
    """Those that the state does not hold: the first that was decided stands."""
    by_rule: dict[str, list[Found]] = {}
    for item in items:
        by_rule.setdefault(item.rule_id, []).append(item)
    for rule_id, those in by_rule.items():
        known: set[Identity] = set()
        for chunk in chunked([item.row_id for item in those]):
            found = select(*table.primary_key.columns).where(
                table.c.rule_id == rule_id, table.c.row_id.in_(chunk)
            )
            known.update(tuple(row) for row in connection.execute(found))
        yield from (item for item in those if identity_of(item) not in known)


def _standing(
    connection: Connection, errors: Iterator[RuleError], matches: Sequence[Match]
) -> Iterator[RuleError]:
    """The errors but those of pairs that a copy of the event matched: a match outweighs a failure."""
    failed = list(errors)
    matched = {identity_of(match) for match in matches}
    for rule_id in {error.rule_id for error in failed}:
        rows = [error.row_id for error in failed if error.rule_id == rule_id]
        for chunk in chunked(rows):
            found = select(t.match.c.row_id).where(t.match.c.rule_id == rule_id, t.match.c.row_id.in_(chunk))
            matched.update((rule_id, row_id) for row_id in connection.execute(found).scalars())
    return (
        error
        for error in failed
        if error.function == "unique" or (error.rule_id, error.row_id) not in matched
    )


Removed = tuple[RuleError, Micros]
"""An error that is taken out, and the start of the window it was in."""


def _outdated(connection: Connection, group: Group) -> list[Removed]:
    """Takes out the errors that other versions of these rules have made on these origins: they have gone
    over them, whole, and what they make is among the errors of the group."""
    passed_over = {(pair.rule_id, pair.origin_id) for pair in group.not_run}
    had_turn = consumed(connection, [(it.rule_id, it.event.row_id) for it in group.candidates])
    gone = []
    for chunk in chunked([each.origin.id for each in group.treated if each.purpose in GONE_OVER]):
        of_these = select(t.rule_error).where(
            t.rule_error.c.origin_id.in_(chunk), t.rule_error.c.function != "unique"
        )
        for row in connection.execute(of_these).all():
            version = group.rules.get(row.rule_id, row.rule_version)
            if (row.rule_id, row.row_id) in had_turn:  # it is not run again, so what was said stands
                continue
            if version != row.rule_version and (row.rule_id, row.origin_id) not in passed_over:
                gone.append((error_item(row), Micros(row.window_start)))
    if gone:
        key = t.rule_error.primary_key.columns
        connection.execute(
            delete(t.rule_error).where(*(column == bindparam(f"its_{column.name}") for column in key)),
            [{f"its_{column.name}": getattr(error, column.name) for column in key} for error, _ in gone],
        )
    return gone


def _superseded(connection: Connection, matches: Sequence[Match]) -> list[Removed]:
    """Takes out the errors of pairs that match now."""
    by_rule: dict[str, list[str]] = {}
    for match in matches:
        by_rule.setdefault(match.rule_id, []).append(match.row_id)
    gone = []
    for rule_id, rows in by_rule.items():
        for chunk in chunked(rows):
            those = and_(
                t.rule_error.c.rule_id == rule_id,
                t.rule_error.c.row_id.in_(chunk),
                t.rule_error.c.function != "unique",
            )
            rows_of_these = connection.execute(select(t.rule_error).where(those))
            found = [(error_item(row), Micros(row.window_start)) for row in rows_of_these]
            if found:
                gone += found
                connection.execute(delete(t.rule_error).where(those))
    return gone


def insert_matches(
    connection: Connection, matches: Sequence[Match], window_of: dict[Identity, Micros], decision_id: int
) -> None:
    """Writes matches that the state does not hold yet."""
    _insert(
        connection,
        t.match,
        (
            {
                "rule_id": match.rule_id,
                "row_id": match.row_id,
                "log_type": match.log_type,
                "event_id": match.event_id,
                "event_time": match.event_time,
                "title": match.title,
                "dedup": match.dedup,
                "severity": int(match.severity),
                "period_minutes": key_of(match).period_minutes,
                "threshold": key_of(match).threshold,
                "create_alert": match.create_alert,
                "counts_unique": match.counts_unique,
                "unique_value": match.unique,
                "decision_id": decision_id,
                "window_start": window_of.get(identity_of(match)),
                "kept": as_kept(match),
                "anchor_rule": None if match.anchor is None else match.anchor[0],
                "anchor_row": None if match.anchor is None else match.anchor[1],
            }
            for match in matches
        ),
    )


def _insert_errors(
    connection: Connection,
    errors: Sequence[RuleError],
    versions: Mapping[str, str],
    window_of: dict[Identity, Micros],
    decision_id: int,
) -> None:
    _insert(
        connection,
        t.rule_error,
        (
            {
                "rule_id": error.rule_id,
                "row_id": error.row_id,
                "function": error.function,
                "log_type": error.log_type,
                "event_id": error.event_id,
                "event_time": error.event_time,
                "error_class": error.error_class,
                "error": error.error,
                "message": error.message,
                "severity": int(error.severity),
                "origin_id": error.origin_id,
                "rule_version": versions[error.rule_id],
                "decision_id": decision_id,
                "window_start": window_of[identity_of(error)],
            }
            for error in errors
        ),
    )


def _existing(connection: Connection, column: Any, values: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunked(values):
        found.update(connection.execute(select(column).where(column.in_(chunk))).scalars())
    return found


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    if rows:
        connection.execute(insert(table), rows)
