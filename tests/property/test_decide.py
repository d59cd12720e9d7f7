"""The state's windows, whatever the order and grouping of decisions, are those of cutting all at once."""

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select
from tests.property.test_windows import matches_of_one_key, mixed_items

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.windows import window_row
from trailcam.model.match import Match, RuleError
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.pipeline import storm
from trailcam.pipeline.storm import limit_storms
from trailcam.pipeline.window import Item, cut, distinct, identity_of
from trailcam.state.database import Database
from trailcam.state.metadata import metadata


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(tmp_path_factory.mktemp("state") / "state.db")
    made.migrate()
    return made


def clear(database: Database) -> None:
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        connection.execute(
            insert(t.run).values(
                id="run", started_at=0, version="0", pack="p", rules=1, paths="[]", published=False
            )
        )


def group(number: int, items: Iterable[Item]) -> Group:
    items = list(items)
    origin = Origin(
        id=f"o{number}",
        name=f"o{number}",
        source_id="s",
        source_label="s",
        size_bytes=1,
        fallback_time=Micros(0),
    )
    return Group(
        run_id="run",
        pack="p",
        rules={"R": "1"},
        treated=[Treated(origin=origin, purpose=Purpose.WHOLE, events=len(items), dead_letters=0)],
        files=[],
        matches=[item for item in items if isinstance(item, Match)],
        errors=[item for item in items if isinstance(item, RuleError)],
        not_run={},
    )


def first_decided(items: Iterable[Item]) -> list[Item]:
    """Each match once, the first that came; errors of pairs that match stand aside."""
    chosen: dict[object, Item] = {}
    for item in items:
        chosen.setdefault(identity_of(item), item)
    matched = {identity_of(item) for item in chosen.values() if isinstance(item, Match)}
    return [
        item
        for item in chosen.values()
        if isinstance(item, Match) or item.function == "unique" or (item.rule_id, item.row_id) not in matched
    ]


def windows_of(database: Database) -> list[tuple[object, ...]]:
    with database.read() as connection:
        rows = [window_row(row) for row in connection.execute(select(t.window))]
    return sorted(
        (row.key, row.start, row.end, row.title, row.severity, row.matches, row.alerts) for row in rows
    )


def expected(items: Iterable[Item]) -> list[tuple[object, ...]]:
    windows = limit_storms(cut(items), limit=storm.ALERTS_PER_HOUR)
    return sorted((w.key, w.start, w.end, w.title, w.severity, len(w.row_ids), w.qualifies) for w in windows)


def in_groups(items: Sequence[Item], random: Random) -> list[list[Item]]:
    groups: list[list[Item]] = [[]]
    for item in items:
        if random.random() < 0.5:
            groups.append([])
        groups[-1].append(item)
    return groups


@given(st.one_of(matches_of_one_key(), mixed_items()), st.randoms(use_true_random=False), st.booleans())
def test_windows_of_the_state_are_those_of_cutting_all_at_once(
    database: Database, items: list[Item], random: Random, in_order: bool
) -> None:
    items = distinct(items)
    if in_order:
        items.sort(key=lambda item: item.event_time)
    else:
        random.shuffle(items)
    clear(database)
    for number, those in enumerate(in_groups(items, random)):
        decide(database, group(number, those), warehouse=database.path.parent, now=Micros(number))
    standing = first_decided(items)
    assert windows_of(database) == expected(standing)
    with database.read() as connection:
        starts = {(row.rule_id, row.row_id): row.window_start for row in connection.execute(select(t.match))}
        alerts = connection.execute(select(alert)).all()
        windows = [window_row(row) for row in connection.execute(select(t.window))]
    for window in cut(standing):
        if window.key.kind == "match":
            assert {starts[window.key.rule_id, row] for row in window.row_ids} == {window.start}
    live = {row.id: row for row in alerts if row.status == "open"}
    assert {row.alert_id for row in windows if row.alert_id} == set(live)
    for row in windows:
        assert (row.alert_id is not None) == row.alerts
        if row.alert_id is not None:
            held = live[row.alert_id]
            assert (held.window_start, held.window_end, held.matches) == (row.start, row.end, row.matches)
            assert held.severity >= row.highest
