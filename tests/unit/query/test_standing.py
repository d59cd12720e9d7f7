"""Matches and rule errors in SQL are those of the state, which knows what stands, each as it was decided."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from trailcam.app.home import Home, make_home
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.errors import TrailcamError
from trailcam.lake import rows
from trailcam.lake.files import write
from trailcam.lake.tables import MATCHES, RULE_ERRORS
from trailcam.logtypes.loader import builtin
from trailcam.model.match import Match, RuleError
from trailcam.model.origin import Origin
from trailcam.model.severity import Severity
from trailcam.model.timestamps import DAY, Micros
from trailcam.query.sql import ask


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = make_home(tmp_path / "home")
    with made.database.write() as state:
        state.execute(
            insert(t.run).values(
                id="run", started_at=0, version="0", pack="p", rules=1, paths="[]", published=False
            )
        )
    return made


def match(row: str, title: str, *, time: int = 0) -> Match:
    return Match(
        rule_id="R", row_id=row, log_type="T", event_id=None, event_time=Micros(time), title=title,
        dedup="d", severity=Severity.LOW, period_minutes=60, threshold=1,
    )  # fmt: skip


def error(row: str, origin: str, said: str, *, function: str = "rule") -> RuleError:
    return RuleError(
        rule_id="R", row_id=row, log_type="T", event_id=None, event_time=Micros(0), function=function,
        error_class="KeyError", error=said, message="m", severity=Severity.INFO, origin_id=origin,
    )  # fmt: skip


def keep(
    home: Home,
    origin_id: str,
    *,
    clock: int,
    matches: Sequence[Match] = (),
    errors: Sequence[RuleError] = (),
    version: str = "1",
    purpose: Purpose = Purpose.WHOLE,
) -> None:
    """Decides one origin, read at this moment of the clock."""
    found = rows.matches([(each, origin_id) for each in matches], parse_time=Micros(clock), pack="p")
    failed = rows.rule_errors([(each, origin_id) for each in errors], parse_time=Micros(clock), pack="p")
    files = [
        file
        for staged, table in ((found, MATCHES), (failed, RULE_ERRORS))
        for file in write(staged, table, warehouse=home.iceberg.warehouse, attempt=f"{clock:09}")
    ]
    origin = Origin(
        id=origin_id, name="n", source_id="s", source_label="s", size_bytes=1, fallback_time=Micros(0)
    )
    group = Group(
        run_id="run",
        pack="p",
        rules={"R": version},
        treated=[Treated(origin=origin, purpose=purpose, events=1, dead_letters=0, part=version)],
        files=files,
        matches=matches,
        errors=errors,
        not_run={},
    )
    decide(home.database, group, warehouse=home.iceberg.warehouse, now=Micros(clock))


def answer(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with ask(
        sql,
        database=home.database,
        warehouse=home.iceberg.warehouse,
        scratch=home.scratch,
        log_types=builtin(),
    ) as answered:
        return [tuple(row) for row in answered.rows]


def test_of_copies_of_a_match_the_one_that_was_decided_first_is_shown_whatever_the_clock_said(
    home: Home,
) -> None:
    keep(home, "a", clock=9, matches=[match("1", "first")])
    keep(home, "b", clock=5, matches=[match("1", "read with the clock set back")])
    keep(home, "c", clock=7, matches=[match("1", "of another day", time=DAY), match("2", "other")])
    assert answer(home, "SELECT row_id, title FROM matches ORDER BY ALL") == [("1", "first"), ("2", "other")]
    assert (
        answer(home, f"SELECT title FROM matches WHERE p_event_time >= to_timestamp({DAY // 1_000_000})")
        == []
    )


def test_an_error_that_gave_way_is_not_shown(home: Home) -> None:
    keep(home, "a", clock=1, errors=[error("1", "a", "gives way"), error("2", "a", "stays")])
    keep(home, "b", clock=2, matches=[match("1", "a copy matched")])
    assert answer(home, "SELECT row_id, error FROM rule_errors") == [("2", "stays")]
    keep(
        home, "a", clock=3, errors=[error("2", "a", "of the mended rule")], version="2", purpose=Purpose.RULES
    )
    assert answer(home, "SELECT row_id, error FROM rule_errors") == [("2", "of the mended rule")]


def test_what_the_views_are_made_of_is_not_among_the_tables(home: Home) -> None:
    keep(home, "a", clock=1, matches=[match("1", "first")])
    listed = {name for (name,) in answer(home, "SELECT name FROM (SHOW TABLES), matches")}
    assert listed == {name for (name,) in answer(home, "SHOW TABLES")}
    for name in ("what stands of matches", "standing.what stands of matches", "the files of matches"):
        schema, _, table = name.rpartition(".")
        with pytest.raises(TrailcamError, match="there is no table"):
            answer(home, f'FROM matches, {schema or "standing"}."{table}"')
