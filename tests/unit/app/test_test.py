"""What the use case makes of rules that an engine cannot load, and of an engine that does not come up."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

import pytest
from tests.support import make_rule

from trailcam.app import test as use_case
from trailcam.app.load import Loaded
from trailcam.engines.loading import LoadFailure, RulesNotImported
from trailcam.engines.messages import Setup
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.rule import Rule
from trailcam.rules.inline_tests import TestResult
from trailcam.settings.schema import Settings


class Engine:
    """Comes up when the errors it was told of are used up; every test passes."""

    errors: tuple[TrailcamError, ...] = ()
    setups: list[Setup]

    def __init__(self, setup: Setup, *, workers: int) -> None:
        self.setup = setup

    def __enter__(self) -> Self:
        self.setups.append(self.setup)
        if len(self.setups) <= len(self.errors):
            raise self.errors[len(self.setups) - 1]
        assert len(self.setups) < 10, "it is started again and again"
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def test(self, rules: Iterable[int], **_: object) -> Iterator[tuple[int, list[TestResult]]]:
        for number in rules:
            rule = self.setup.rules[number]
            yield number, [TestResult(rule_id=rule.id, name="a test", expected=True)]


def run(monkeypatch: pytest.MonkeyPatch, rules: list[Rule], *errors: TrailcamError) -> use_case.Report:
    engine = type("Engine", (Engine,), {"errors": errors, "setups": []})
    monkeypatch.setattr(use_case, "LocalEngine", engine)
    return use_case.test(Loaded(log_types=(), packs=(), rules=tuple(rules)), Settings(), workers=1)


def broken(setup: list[Rule], *rules: Rule) -> RulesNotImported:
    """What an engine raises over this setup when these rules cannot be executed."""
    failures = {setup.index(rule): LoadFailure(text=f"broken {rule.id}") for rule in rules}
    return RulesNotImported(setup, failures)


def summary(report: use_case.Report) -> list[tuple[Any, ...]]:
    return [(rule.rule.id, len(rule.results), rule.not_loaded) for rule in report.rules]


A, B, C = (make_rule(name, "") for name in "ABC")


def test_rules_that_cannot_be_loaded_are_left_out_and_told_in_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = run(monkeypatch, [A, B, C], broken([A, B, C], B))
    assert summary(report) == [("A", 1, ""), ("B", 0, "broken B"), ("C", 1, "")]
    assert [problem.message for problem in report.problems] == ["B: broken B"]
    assert not report.passed


def test_a_rule_that_fails_only_at_the_second_try_is_left_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(monkeypatch, [A, B, C], broken([A, B, C], B), broken([A, C], C))
    assert summary(report) == [("A", 1, ""), ("B", 0, "broken B"), ("C", 0, "broken C")]


def test_when_no_rule_can_be_loaded_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert summary(run(monkeypatch, [A, B], broken([A, B], A, B))) == [
        ("A", 0, "broken A"),
        ("B", 0, "broken B"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        WorldError(Problem(code=code("worker_broken"), message="it does not come up")),
        TrailcamError(Problem(code=code("rule_import"), message="X: broken X", path="X.py")),
    ],
)
def test_an_engine_that_fails_for_another_reason_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch, error: TrailcamError
) -> None:
    with pytest.raises(TrailcamError) as caught:
        run(monkeypatch, [A, B], *[error] * 20)
    assert caught.value is error


def test_without_rules_no_engine_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(monkeypatch, [], broken([A], A))
    assert (summary(report), report.passed) == ([], True)
