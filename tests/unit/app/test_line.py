"""What others know of a line: that it goes over the past, from before its first decision on; what it runs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from tests.correlating import correlation_rule

from trailcam.app import line as module
from trailcam.app.home import make_home
from trailcam.app.line import Line
from trailcam.app.load import load
from trailcam.commit import tables as t
from trailcam.commit.correlation_tables import correlation
from trailcam.commit.run_kind import RunKind
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.correlation import Step
from trailcam.settings.schema import Settings
from trailcam.state.processes import Role, running


class Engine:
    """One that gives back each group."""

    held: Sequence[Any] = ()
    taken_off: frozenset[int] = frozenset()

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def run(self, groups: Iterable[Any], **_: Any) -> Iterator[Any]:
        yield from groups


def test_who_waits_for_something_to_read_is_not_taken_for_going_over_the_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalEngine", Engine)
    home = make_home(tmp_path / "home")
    seen: list[bool] = []

    def look() -> None:
        seen.append(bool(running(home.database, now=line._micros(), roles=[Role.past])))

    def groups() -> Iterator[Any]:
        look()
        yield SimpleNamespace()

    line = Line(load(), Settings(), home, kind=RunKind.run, told=["-"], workers=1)
    with line:
        for _ in line.run(groups()):
            look()
    look()
    assert seen == [False, True, False]


def test_who_has_read_nothing_goes_over_the_past_in_its_last_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalEngine", Engine)
    home = make_home(tmp_path / "home")
    line = Line(load(), Settings(), home, kind=RunKind.run, told=["-"], workers=1)
    with line:
        line.drain()
        assert running(home.database, now=line._micros(), roles=[Role.past])


def test_correlation_rules_are_known_from_the_beginning_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LocalEngine", Engine)
    rule = correlation_rule("Both", Step(id="one", rule_id="One"), Step(id="other", rule_id="Other"))
    loaded = replace(load(), correlations=(rule,))
    home = make_home(tmp_path / "home")
    with Line(loaded, Settings(), home, kind=RunKind.run, told=["-"], workers=1):
        pass
    with home.database.read() as state:
        assert state.execute(select(correlation.c.rule_id, correlation.c.seen)).all() == [("Both", 0)]


def test_a_line_whose_rules_are_refused_is_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(Engine):
        def __enter__(self) -> "Engine":
            raise TrailcamError(Problem(code=code("rule_import"), message="no"))

    monkeypatch.setattr(module, "LocalEngine", Refusing)
    home = make_home(tmp_path / "home")
    with (
        pytest.raises(TrailcamError),
        Line(load(), Settings(), home, kind=RunKind.live, told=["-"], process_id="server"),
    ):
        pass
    with home.database.read() as state:
        assert state.execute(select(t.run)).all() == []
