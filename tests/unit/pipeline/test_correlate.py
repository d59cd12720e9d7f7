"""Correlation rules by example: each test is one sentence of the prose, with minutes a reader can follow."""

from collections.abc import Iterable
from typing import Any

import pytest

from trailcam.model.correlation import Correlation, Criterion, Step, Transition
from trailcam.model.derived import SourceMatch, Stretch
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.pipeline.correlate import correlate
from trailcam.pipeline.correlate_stretch import due, joined, reaches, touched, wait

NOON = 1_717_200_000 * 1_000_000


def at(minute: float) -> Micros:
    return Micros(NOON + round(minute * MINUTE))


def match(rule_id: str, minute: float, *values: str, row: str = "") -> SourceMatch:
    row_id = row or f"{rule_id}@{minute:g}"
    return SourceMatch(
        rule_id=rule_id, row_id=row_id, event_time=at(minute), values={"user": values or ("alice",)}
    )


def matches(rule_id: str, *minutes: float) -> list[SourceMatch]:
    return [match(rule_id, minute) for minute in minutes]


def group(*steps: Step, **changes: Any) -> Correlation:
    fields = tuple((step.id, "user") for step in steps)
    criteria = (Criterion(name="who", fields=fields),)
    given: dict[str, Any] = {
        "rule_id": "Both",
        "steps": steps,
        "is_sequence": False,
        "criteria": criteria,
    } | changes
    return Correlation(**given)


def sequence(*steps: Step, **changes: Any) -> Correlation:
    """A sequence on the user; `frames` are the minutes of transitions by (from, to)."""
    frames = changes.pop("frames", {})
    tied = {(steps[0].id, step.id): None for step in steps[1:]} | frames
    transitions = tuple(
        Transition(from_step=first, to_step=last, within_minutes=within, match=(("user", "user"),))
        for (first, last), within in tied.items()
    )
    given: dict[str, Any] = {
        "rule_id": "Then",
        "steps": steps,
        "is_sequence": True,
        "transitions": transitions,
    } | changes
    return Correlation(**given)


def step(name: str, **changes: Any) -> Step:
    given: dict[str, Any] = {"id": name, "rule_id": name} | changes
    return Step(**given)


FAIL, LOGIN = step("Fail", least=3), step("Login")
RESET, PUSH = step("Reset"), step("Push", absent=True)


def said(rule: Correlation, found: Iterable[SourceMatch], watermark: float | None = None) -> list[str]:
    """The row ids of the anchors, in order."""
    derived = correlate(rule, found, watermark=None if watermark is None else at(watermark))
    return [each.anchor.row_id for each in derived]


# -- groups ------------------------------------------------------------------------------------------------


def test_a_group_is_complete_at_the_match_that_brings_the_last_of_what_is_needed() -> None:
    assert said(group(FAIL, LOGIN), [*matches("Fail", 0, 1, 2), match("Login", 5)]) == ["Login@5"]


def test_the_order_of_a_groups_steps_does_not_matter() -> None:
    assert said(group(FAIL, LOGIN), [match("Login", 0), *matches("Fail", 1, 2, 3)]) == ["Fail@3"]


def test_every_later_match_says_it_again_as_long_as_it_holds() -> None:
    found = [*matches("Fail", 0, 1, 2), *matches("Login", 5, 15, 15.5)]
    assert said(group(FAIL, LOGIN), found) == ["Login@5", "Login@15"]


def test_matches_exactly_a_look_back_apart_are_near() -> None:
    assert said(group(RESET, LOGIN), [match("Reset", 0), match("Login", 15)]) == ["Login@15"]
    late = SourceMatch(
        rule_id="Login", row_id="l", event_time=Micros(at(15) + 1), values={"user": ("alice",)}
    )
    assert said(group(RESET, LOGIN), [match("Reset", 0), late]) == []


def test_matches_of_the_same_moment_see_each_other() -> None:
    assert said(group(RESET, LOGIN), [match("Reset", 3), match("Login", 3)]) == ["Login@3", "Reset@3"]


def test_midnight_is_no_border() -> None:
    assert said(group(RESET, LOGIN), [match("Reset", 12 * 60 - 5), match("Login", 12 * 60 + 5)]) == [
        "Login@725"
    ]


def test_matches_of_different_values_do_not_meet() -> None:
    assert said(group(RESET, LOGIN), [match("Reset", 0, "alice"), match("Login", 1, "bob")]) == []


def test_lists_meet_where_they_intersect_once_for_each_value() -> None:
    found = [match("Reset", 0, "alice", "bob", "carol"), match("Login", 1, "bob", "dave", "carol")]
    derived = correlate(group(RESET, LOGIN), found)
    assert [each.group for each in derived] == [("bob",), ("carol",)]
    assert len({each.row_id for each in derived}) == 2


def test_a_match_without_a_value_belongs_to_no_group() -> None:
    nobody = SourceMatch(rule_id="Login", row_id="l", event_time=at(1), values={})
    assert said(group(RESET, LOGIN), [match("Reset", 0), nobody]) == []


def test_several_criteria_must_all_be_met() -> None:
    criteria = tuple(
        Criterion(name=name, fields=(("Reset", name), ("Login", name))) for name in ("user", "ip")
    )
    rule = group(RESET, LOGIN, criteria=criteria)

    def one(rule_id: str, minute: float, ip: str) -> SourceMatch:
        values = {"user": ("alice",), "ip": (ip,)}
        return SourceMatch(rule_id=rule_id, row_id=rule_id, event_time=at(minute), values=values)

    assert correlate(rule, [one("Reset", 0, "192.0.2.1"), one("Login", 1, "192.0.2.2")]) == []
    (derived,) = correlate(rule, [one("Reset", 0, "192.0.2.1"), one("Login", 1, "192.0.2.1")])
    assert derived.group == ("alice", "192.0.2.1")


def test_a_group_without_criteria_takes_all_matches_together() -> None:
    rule = group(RESET, LOGIN, criteria=())
    (derived,) = correlate(rule, [match("Reset", 0, "alice"), match("Login", 1, "bob")])
    assert derived.group == ()


def test_some_of_the_steps_are_enough_where_the_rule_says_so() -> None:
    rule = group(FAIL, LOGIN, least_steps=1)
    assert said(rule, [match("Login", 0)]) == ["Login@0"]
    assert said(rule, [match("Fail", 0)]) == []


def test_a_match_of_a_step_that_is_not_there_is_no_anchor() -> None:
    assert said(group(FAIL, LOGIN, least_steps=1), [match("Login", 0), match("Fail", 1)]) == ["Login@0"]


@pytest.mark.parametrize("minute", [-15, -1, 0, 1, 15])
def test_what_must_be_absent_from_a_group_may_be_neither_before_nor_after(minute: float) -> None:
    assert said(group(LOGIN, PUSH), [match("Login", 0), match("Push", minute)]) == []


@pytest.mark.parametrize("minute", [-16, 16])
def test_what_is_further_away_than_the_look_back_is_absent(minute: float) -> None:
    assert said(group(LOGIN, PUSH), [match("Login", 0), match("Push", minute)]) == ["Login@0"]


def test_an_absent_step_of_several_matches_is_there_when_so_many_lie_together() -> None:
    rule = group(LOGIN, step("Push", absent=True, least=2))
    assert said(rule, [match("Login", 0), match("Push", -10)]) == ["Login@0"]
    assert said(rule, [match("Login", 0), *matches("Push", -10, 10)]) == ["Login@0"]
    assert said(rule, [match("Login", 0), *matches("Push", -10, 5)]) == []


def test_more_than_the_most_in_any_look_back_around_it_unsay_a_match() -> None:
    rule = group(step("Fail", least=1, most=2))
    assert said(rule, matches("Fail", 0, 1)) == ["Fail@0", "Fail@1"]
    assert said(rule, matches("Fail", 0, 1, 2)) == []
    assert said(rule, matches("Fail", 0, 10, 20, 30)) == ["Fail@0", "Fail@10", "Fail@20", "Fail@30"]


def test_an_absence_is_said_only_when_what_is_absent_can_come_no_more() -> None:
    rule = group(LOGIN, PUSH)
    assert said(rule, [match("Login", 0)], watermark=15) == []
    assert said(rule, [match("Login", 0)], watermark=15.1) == ["Login@0"]


def test_what_no_late_match_can_unsay_waits_for_nothing() -> None:
    assert said(group(RESET, LOGIN), matches("Reset", 0) + matches("Login", 1), watermark=-60) == ["Login@1"]


def test_evidence_names_of_each_step_the_latest_matches_that_suffice() -> None:
    (derived,) = correlate(group(FAIL, LOGIN), [*matches("Fail", 0, 1, 2, 3), match("Login", 5)])
    told = [(each.step_id, each.matches, each.first.row_id, each.last.row_id) for each in derived.evidence]
    assert told == [("Fail", 3, "Fail@1", "Fail@3"), ("Login", 1, "Login@5", "Login@5")]


def test_a_derived_match_is_known_by_rule_group_and_anchor() -> None:
    (derived,) = correlate(group(RESET, LOGIN), [match("Reset", 0), match("Login", 5)])
    (again,) = correlate(group(RESET, LOGIN), [match("Reset", 4), match("Login", 5)])
    (other,) = correlate(group(RESET, LOGIN, rule_id="Other"), [match("Reset", 0), match("Login", 5)])
    assert derived.row_id == again.row_id
    assert len(derived.row_id) == 32
    assert other.row_id != derived.row_id
    assert derived.event_time == at(5)


# -- sequences ---------------------------------------------------------------------------------------------


def test_a_sequence_holds_in_its_order_only() -> None:
    rule = sequence(RESET, LOGIN)
    assert said(rule, [match("Reset", 0), match("Login", 5)]) == ["Login@5"]
    assert said(rule, [match("Login", 0), match("Reset", 5)]) == []


def test_equal_times_count_in_either_order() -> None:
    assert said(sequence(RESET, LOGIN), [match("Login", 5), match("Reset", 5)]) == ["Login@5"]


def test_no_match_follows_itself() -> None:
    rule = sequence(step("One", rule_id="Login"), step("Two", rule_id="Login"))
    assert said(rule, [match("Login", 0)]) == []
    assert said(rule, [match("Login", 0, row="a"), match("Login", 0, row="b")]) == ["b"]


def test_all_matches_of_a_step_come_after_what_completes_the_step_before() -> None:
    rule = sequence(RESET, FAIL)
    assert said(rule, [match("Reset", 0), *matches("Fail", 1, 2, 3)]) == ["Fail@3"]
    assert said(rule, [match("Reset", 1.5), *matches("Fail", 1, 2, 3)]) == []
    assert said(sequence(FAIL, RESET), [*matches("Fail", 1, 2, 3), match("Reset", 2.5)]) == []


def test_a_transition_runs_from_what_completes_one_step_to_what_completes_the_next() -> None:
    rule = sequence(RESET, FAIL, frames={("Reset", "Fail"): 5})
    assert said(rule, [match("Reset", 0), *matches("Fail", 3, 4, 5)]) == ["Fail@5"]
    assert said(rule, [match("Reset", 0), *matches("Fail", 3, 4, 5.1)]) == []


def test_an_earlier_step_is_found_where_the_nearest_one_has_no_chain() -> None:
    rule = sequence(RESET, FAIL, LOGIN, frames={("Reset", "Fail"): 5})
    found = [match("Reset", 0), *matches("Fail", 1, 2, 3), *matches("Fail", 11, 11.5, 12), match("Login", 14)]
    assert said(rule, found) == ["Login@14"]


def test_the_whole_chain_lies_within_the_look_back() -> None:
    rule = sequence(RESET, FAIL, LOGIN)
    assert said(rule, [match("Reset", 0), *matches("Fail", 6, 7, 8), match("Login", 15)]) == ["Login@15"]
    assert said(rule, [match("Reset", 0), *matches("Fail", 6, 7, 8), match("Login", 16)]) == []


def test_evidence_of_a_sequence_is_the_latest_of_the_chains_that_begin_last() -> None:
    rule = sequence(RESET, FAIL, LOGIN)
    found = [*matches("Reset", 0, 2, 6), *matches("Fail", 3, 4, 5, 7), match("Login", 9)]
    (derived,) = correlate(rule, found)
    assert [(each.first.row_id, each.last.row_id) for each in derived.evidence] == [
        ("Reset@2", "Reset@2"),
        ("Fail@4", "Fail@7"),
        ("Login@9", "Login@9"),
    ]


def test_a_sequence_without_a_match_is_about_all_matches() -> None:
    rule = sequence(RESET, LOGIN, transitions=(Transition(from_step="Reset", to_step="Login"),))
    assert said(rule, [match("Reset", 0, "alice"), match("Login", 1, "bob")]) == ["Login@1"]


def test_not_preceded_by() -> None:
    rule = sequence(PUSH, LOGIN, frames={("Push", "Login"): 5})
    assert said(rule, [match("Login", 10)]) == ["Login@10"]
    for minute in (5.0, 9.0, 10.0):
        assert said(rule, [match("Push", minute), match("Login", 10)]) == []
    for minute in (4.9, 10.1):
        assert said(rule, [match("Push", minute), match("Login", 10)]) == ["Login@10"]


def test_what_must_be_absent_before_a_chain_is_looked_for_behind_the_look_back() -> None:
    rule = sequence(PUSH, RESET, LOGIN, frames={("Push", "Reset"): 5})
    found = [match("Push", 0), match("Reset", 4), match("Login", 18)]
    assert said(rule, found) == []
    (stretch,) = touched(rule, found[0])
    assert stretch.start <= at(18) <= stretch.end
    push, *_ = reaches(rule, Stretch(("alice",), at(18), at(18)))
    assert push.since == at(18 - 15 - 5)


def test_not_followed_by() -> None:
    rule = sequence(LOGIN, PUSH, frames={("Login", "Push"): 5})
    assert said(rule, [match("Login", 10)]) == ["Login@10"]
    for minute in (10.0, 11.0, 15.0):
        assert said(rule, [match("Push", minute), match("Login", 10)]) == []
    for minute in (9.9, 15.1):
        assert said(rule, [match("Push", minute), match("Login", 10)]) == ["Login@10"]


def test_followed_without_something_between() -> None:
    rule = sequence(RESET, PUSH, LOGIN)
    assert said(rule, [match("Reset", 0), match("Login", 10)]) == ["Login@10"]
    for minute in (0.0, 5.0, 10.0):
        assert said(rule, [match("Reset", 0), match("Push", minute), match("Login", 10)]) == []
    for minute in (-0.1, 10.1):
        assert said(rule, [match("Reset", 0), match("Push", minute), match("Login", 10)]) == ["Login@10"]


def test_a_later_beginning_is_free_of_what_stood_between() -> None:
    found = [match("Reset", 0), match("Push", 2), match("Reset", 4), match("Login", 10)]
    assert said(sequence(RESET, PUSH, LOGIN), found) == ["Login@10"]


def test_a_rule_can_be_asked_for_a_match_that_no_other_of_the_same_follows() -> None:
    rule = sequence(LOGIN, step("Again", rule_id="Login", absent=True), frames={("Login", "Again"): 5})
    assert said(rule, matches("Login", 0, 3, 10)) == ["Login@3", "Login@10"]


def test_a_sequence_waits_no_longer_than_what_may_not_follow_it() -> None:
    assert wait(sequence(LOGIN, PUSH, frames={("Login", "Push"): 5})) == 5 * MINUTE
    assert wait(sequence(PUSH, LOGIN)) == 0
    assert wait(sequence(RESET, step("Login", most=3))) == 15 * MINUTE
    rule = sequence(PUSH, LOGIN)
    assert said(rule, [match("Login", 0)], watermark=0) == []
    assert said(rule, [match("Login", 0)], watermark=0.1) == ["Login@0"]


# -- what must be evaluated anew ---------------------------------------------------------------------------


def test_a_match_touches_the_anchors_of_the_look_back_after_it() -> None:
    rule = group(RESET, LOGIN)
    assert touched(rule, match("Reset", 0, "bob", "alice")) == [
        Stretch(("alice",), at(0), at(15)),
        Stretch(("bob",), at(0), at(15)),
    ]
    assert touched(rule, match("Other", 0)) == []


def test_a_match_that_must_be_absent_touches_those_before_it_too() -> None:
    assert touched(group(LOGIN, PUSH), match("Push", 0)) == [Stretch(("alice",), at(-15), at(15))]


def test_a_few_matches_before_a_stretch_are_enough_for_a_group() -> None:
    fail, push = reaches(group(FAIL, PUSH), Stretch(("alice",), at(0), at(15)))
    assert (fail.since, fail.until, fail.latest, fail.earliest) == (at(-15), at(15), 3, 0)
    assert (push.since, push.until, push.latest, push.earliest) == (at(-15), at(30), 1, 1)


def test_a_long_sequence_needs_the_whole_look_back() -> None:
    reach, *_ = reaches(sequence(RESET, FAIL, LOGIN), Stretch(("alice",), at(0), at(15)))
    assert reach.latest is None


@pytest.mark.parametrize(
    ("rule", "few"),
    [
        (sequence(FAIL, LOGIN), True),
        (sequence(RESET, PUSH, LOGIN), True),
        (sequence(PUSH, LOGIN), True),
        (sequence(LOGIN, PUSH), True),
        (sequence(PUSH, FAIL), False),
        (sequence(LOGIN, FAIL), False),
        (sequence(PUSH, RESET, LOGIN), False),
    ],
)
def test_a_few_are_enough_where_the_latest_chain_is_as_good_as_any(rule: Correlation, few: bool) -> None:
    assert all((reach.latest is not None) is few for reach in reaches(rule, Stretch((), at(0), at(0))))


def test_an_earlier_beginning_counts_where_a_later_one_is_barred() -> None:
    rule = sequence(PUSH, RESET, LOGIN, frames={("Push", "Reset"): 5})
    found = [match("Reset", 0), match("Push", 1), match("Reset", 2), match("Login", 3)]
    assert said(rule, found) == ["Login@3"]


def test_a_watermark_that_moves_lets_say_what_was_waited_for() -> None:
    rule = group(LOGIN, PUSH)
    span = due(rule, at(0), at(20))
    assert span == (at(-15), at(5) - 1)
    assert due(rule, at(20), at(20)) is None
    assert due(group(RESET, LOGIN), at(0), at(20)) is None


def test_stretches_that_overlap_or_adjoin_are_one() -> None:
    those = [
        Stretch((), Micros(5), Micros(7)),
        Stretch((), Micros(0), Micros(4)),
        Stretch((), Micros(9), Micros(9)),
    ]
    assert joined(those) == {(): [(0, 7), (9, 9)]}
