"""Publishing goes on beside the line: what the lake refuses is told once, and a defect does not go unseen."""

import time
from pathlib import Path
from typing import Any

import pytest

from trailcam.app.home import make_home
from trailcam.app.live import publisher
from trailcam.app.live.publisher import Publisher
from trailcam.errors import Problem, WorldError, code


def test_what_the_lake_refuses_is_told_once_and_so_is_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [3]

    def refusing(*_: object) -> None:
        if refusals[0]:
            refusals[0] -= 1
            raise WorldError(Problem(code=code("lake_refused"), message="no"))

    monkeypatch.setattr(publisher, "publish", refusing)
    told: list[str] = []
    with Publisher(make_home(tmp_path), every_seconds=0.01, told=lambda what, **_: told.append(what)):
        until = time.monotonic() + 10
        while "lake works again" not in told and time.monotonic() < until:
            time.sleep(0.01)
    assert told == ["lake refuses", "lake works again"]


def test_a_defect_that_ends_the_thread_is_raised_where_somebody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(publisher, "publish", broken)
    with Publisher(make_home(tmp_path), every_seconds=0.01, told=lambda *_, **__: None) as publishing:
        publishing._thread.join(10)
        with pytest.raises(ZeroDivisionError):
            publishing.look()
