"""New rules that the world keeps from coming into force are not refused for it, and nobody ends of it."""

import time
from typing import Any

import pytest

from trailcam.app.deploy.deployment import Deployment, Refused
from trailcam.app.deploy.record import By
from trailcam.app.live import switching
from trailcam.app.live.switching import Switching
from trailcam.app.load import Loaded
from trailcam.errors import Problem, TrailcamError, WorldError, code

LOCKED = WorldError(Problem(code=code("state_locked"), message="database is locked"))
BROKEN = TrailcamError(Problem(code=code("rule_import"), message="it raises"))


class Deployments:
    """Gives one version, and keeps what became of it; writing that down fails at first as often as it is told."""

    def __init__(self, *, unwritten: int = 0, overtaken: bool = False, told: bool = False) -> None:
        loaded = Loaded(packs=(), rules=(), log_types=())
        self.given: list[Deployment] = [
            Deployment(
                id="ONE",
                by=By.CHANGE,
                pack="",
                loaded=loaded,
                rules={},
                sources=(),
                content="",
            )
        ]
        self.unwritten = unwritten
        self.overtaken = overtaken
        """Another process was faster."""
        self.told = told
        """What it fails for was told before."""
        self.became: list[str] = []

    def look(self) -> Deployment | None:
        return self.given.pop() if self.given else None

    def switched(self, deployment: Deployment) -> bool:
        self.became.append(f"{deployment.id} {'overtaken' if self.overtaken else 'switched'}")
        return not self.overtaken

    def failed(self, deployment: Deployment, error: TrailcamError) -> Refused | None:
        if self.unwritten:
            self.unwritten -= 1
            raise LOCKED
        self.became.append(f"{deployment.id} failed: {error.problems[0].code}")
        return None if self.told else Refused(by=deployment.by, problems=tuple(error.problems))

    def close(self) -> None:
        pass


class Line:
    def __init__(self, told: list[str]) -> None:
        self.told = told

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.told.append("line ended")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(switching, "_PAUSE_SECONDS", 0.001)


def switch(deployments: Deployments, failures: list[TrailcamError]) -> list[str]:
    """What is told until the version is in force, or refused."""
    told: list[str] = []

    def made(_: Loaded) -> Any:
        if failures:
            raise failures.pop(0)
        return Line(told)

    with Switching(
        deployments,  # type: ignore[arg-type]  # it has all that is used
        made=made,
        switch=lambda _: told.append("switched"),
        told=lambda what, **_: told.append(what),
        refused=lambda _: told.append("alert"),
    ) as it:
        until = time.monotonic() + 10
        while not deployments.became and time.monotonic() < until:
            it.switch_if_ready()
            time.sleep(0.001)
    return told


def test_a_version_that_the_world_fails_is_tried_again_and_told_once() -> None:
    deployments = Deployments()
    told = switch(deployments, [LOCKED, LOCKED, LOCKED])
    assert deployments.became == ["ONE switched"]
    assert told == ["new rules cannot be brought into force now", "switched"]


def test_a_version_whose_rules_fail_is_refused_when_that_can_be_written_down() -> None:
    deployments = Deployments(unwritten=2)
    told = switch(deployments, [BROKEN, BROKEN, BROKEN])
    assert deployments.became == [f"ONE failed: {code('rule_import')}"]
    assert told == [
        "new rules cannot be brought into force now",
        "refused: the rules in force go on",
        "alert",
    ]


def test_a_version_that_the_world_fails_for_ever_is_refused() -> None:
    deployments = Deployments()
    told = switch(deployments, [LOCKED] * 100)
    assert deployments.became == [f"ONE failed: {code('state_locked')}"]
    assert told[-1] == "alert"


def test_the_line_of_a_version_that_was_overtaken_is_ended_and_gets_no_groups() -> None:
    deployments = Deployments(overtaken=True)
    assert switch(deployments, []) == ["line ended"]
    assert deployments.became == ["ONE overtaken"]


def test_what_was_told_before_is_not_told_again() -> None:
    deployments = Deployments(told=True)
    assert switch(deployments, [BROKEN]) == []
    assert deployments.became == [f"ONE failed: {code('rule_import')}"]
