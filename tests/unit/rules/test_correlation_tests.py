"""Inline tests of correlation rules: what they say of matches, and why one fails."""

from collections.abc import Sequence
from typing import Any

from trailcam.model.correlation import Correlation, Criterion, Step
from trailcam.model.derived import DerivedMatch, SourceMatch
from trailcam.model.rule import RuleTest
from trailcam.model.timestamps import MINUTE
from trailcam.pipeline.correlate import correlate
from trailcam.rules.correlation_tests import correlation_test, run_test

STEPS = (Step(id="Failed", rule_id="Example.Failed", least=3), Step(id="Login", rule_id="Example.Login"))
RULE = Correlation(
    rule_id="C",
    steps=STEPS,
    is_sequence=False,
    criteria=(Criterion(name="who", fields=(("Failed", "user"), ("Login", "name"))),),
)


def failed(*times: Any, user: str = "alice") -> dict[str, Any]:
    return {"ID": "Failed", "Matches": {"user": {user: list(times)}}}


def login(*times: Any, name: str = "alice") -> dict[str, Any]:
    return {"ID": "Login", "Matches": {"name": {name: list(times)}}}


def reason(*outputs: dict[str, Any], expected: bool, rule: Correlation = RULE) -> str:
    test = RuleTest(name="t", expected=expected, event=list(outputs))
    return run_test(rule, test, correlate).reason


def seen(*outputs: dict[str, Any], rule: Correlation = RULE) -> list[SourceMatch]:
    """The matches that a test is made of."""
    found: list[SourceMatch] = []

    def keep(_: Correlation, matches: Sequence[SourceMatch]) -> Sequence[DerivedMatch]:
        found.extend(matches)
        return ()

    run_test(rule, RuleTest(name="t", expected=False, event=list(outputs)), keep)
    return found


def test_a_test_passes_when_the_rule_says_what_is_expected() -> None:
    assert reason(failed(0, 1, 2), login(3), expected=True) == ""
    assert reason(failed(0, 1), login(3), expected=False) == ""
    result = run_test(
        RULE,
        correlation_test({"Name": "n", "ExpectedResult": False, "RuleOutputs": []}, line=7),
        correlate,
    )
    assert (result.passed, result.rule_id, result.name, result.line) == (True, "C", "n", 7)


def test_times_may_be_written_out() -> None:
    written = [f"2026-01-31T10:00:0{second}Z" for second in range(3)]
    assert reason(failed(*written), login("2026-01-31T10:01:00Z"), expected=True) == ""


def test_each_time_is_a_match_of_its_own() -> None:
    assert len(seen(failed(0, 0, 0))) == 3
    assert reason(failed(0, 0, 0), login(3), expected=True) == ""


def test_minutes_may_have_a_fraction() -> None:
    (match,) = seen(login(1.5))
    assert match.event_time == 3 * MINUTE // 2


def test_fields_of_one_output_meet_by_time() -> None:
    output = {"ID": "Login", "Matches": {"name": {"a": [0, 5], "b": [0]}, "ip": {1: [0], 2: [5]}}}
    assert [(match.event_time // MINUTE, match.values) for match in seen(output)] == [
        (0, {"name": ("a",), "ip": ("1",)}),
        (0, {"name": ("b",), "ip": ("1",)}),
        (5, {"name": ("a",), "ip": ("2",)}),
    ]


def test_an_output_without_matches_is_a_rule_that_was_quiet() -> None:
    assert reason({"ID": "Failed"}, login(0), expected=False) == ""


def test_the_reason_counts_what_each_step_has_for_the_value_that_came_nearest() -> None:
    told = reason(failed(0, 1), login(2), login(9, name="bob"), expected=True)
    assert told == (
        "expected a match, got none: for alice: Failed has 2 matches of the 3 it needs, Login has 1 match"
    )


def test_the_reason_says_when_the_matches_are_too_far_apart() -> None:
    assert reason(failed(0, 1, 2), login(60), expected=True).endswith(
        "they are not near enough to each other"
    )


def test_the_reason_names_what_is_there_and_must_not_be() -> None:
    rule = Correlation(
        rule_id="C",
        steps=(Step(id="Push", rule_id="P", absent=True), Step(id="Login", rule_id="Example.Login")),
        is_sequence=False,
    )
    push = {"ID": "Push", "Matches": {"x": {"y": [0]}}}
    assert reason(push, login(3), expected=True, rule=rule) == (
        "expected a match, got none: Push has 1 match and must be absent, Login has 1 match"
    )
    assert reason(login(3), expected=False, rule=rule) == (
        "expected no match, got one: Login has 1 match up to minute 3, and Push is absent"
    )


def test_the_reason_names_the_matches_that_were_not_expected() -> None:
    assert reason(failed(0, 1, 2), login(3), expected=False) == (
        "expected no match, got one: for alice: Failed has 3 matches up to minute 2, "
        "Login has 1 match up to minute 3"
    )


def test_a_test_that_names_no_step_of_the_rule_fails_whatever_it_expects() -> None:
    output = {"ID": "Logon", "Matches": {"name": {"alice": [0]}}}
    assert reason(output, expected=False) == 'no step has the ID "Logon"; did you mean "Login"?'


def test_a_test_without_the_field_that_the_rule_matches_on_fails_whatever_it_expects() -> None:
    output = {"ID": "Login", "Matches": {"names": {"alice": [0]}}}
    assert reason(output, expected=False) == (
        'the matches of Login have no field "name", on which the rule matches; is it "names"?'
    )


def test_minutes_and_times_do_not_go_together() -> None:
    told = reason(failed(0, 1, 2), login("2026-01-31T10:01:00Z"), expected=False)
    assert told == "it has minutes and times; give all of one kind"
