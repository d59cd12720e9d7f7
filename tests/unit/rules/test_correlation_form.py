"""The form of correlation rules: what is taken, and that every mistake is told where it stands."""

from pathlib import Path
from textwrap import dedent

import pytest

from trailcam.errors import Problem
from trailcam.forms import Form, Key, ListOf, check
from trailcam.model.correlation import Correlation, Criterion, Step, Transition
from trailcam.model.query import Schedule
from trailcam.rules.correlation_tests import TEST_FORM
from trailcam.rules.formats.panther.correlation_form import DETECTION, correlation
from trailcam.yaml12 import parse

FORM = Form("a rule", {"Detection": Key(DETECTION, required=True), "Tests": Key(ListOf(TEST_FORM))})


def problems(text: str) -> list[Problem]:
    return check(parse(dedent(text), path=Path("rule.yml")), FORM)


def only(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def read(text: str) -> Correlation:
    document = parse(dedent(text), path=Path("rule.yml"))
    assert check(document, FORM) == []
    return correlation(document.value["Detection"], rule_id="C")


GROUP = """\
Detection:
  - Group:
      - ID: Failed
        RuleID: Example.Failed
        MinMatchCount: 5
        MaxMatchCount: 9
      - RuleID: Example.Login
      - ID: Push
        RuleID: Example.Push
        Absence: true
    MatchCriteria:
      who:
        - {GroupID: Failed, Match: p_any_emails}
        - {GroupID: Example.Login, Match: user.name}
        - {GroupID: Push, Match: p_alert_context.actor}
    MinMatchCount: 1
    EventEvaluationOrder: Chronological
    LookbackWindowMinutes: 1800
    Schedule: {CronExpression: "0 0 * * *", TimeoutMinutes: 5}
"""

SEQUENCE = """\
Detection:
  - Sequence:
      - {ID: Reset, RuleID: Example.Reset}
      - {ID: Push, RuleID: Example.Push, Absence: true}
      - {ID: Login, RuleID: Example.Login}
    Transitions:
      - {ID: Reset WITHOUT Push, From: Reset, To: Push, Match: [{From: user, To: email}]}
      - {From: Reset, To: Login, WithinTimeFrameMinutes: 60, Match: [{On: user}]}
    Schedule: {RateMinutes: 10, TimeoutMinutes: 5}
"""


def test_a_group_with_every_key_is_read_whole() -> None:
    assert read(GROUP) == Correlation(
        rule_id="C",
        steps=(
            Step(id="Failed", rule_id="Example.Failed", least=5, most=9),
            Step(id="Example.Login", rule_id="Example.Login"),
            Step(id="Push", rule_id="Example.Push", absent=True),
        ),
        is_sequence=False,
        criteria=(
            Criterion(
                name="who",
                fields=(
                    ("Failed", "p_any_emails"),
                    ("Example.Login", "user.name"),
                    ("Push", "p_alert_context.actor"),
                ),
            ),
        ),
        least_steps=1,
        look_back_minutes=1800,
        schedule=Schedule(cron="0 0 * * *", timeout_minutes=5),
        order="Chronological",
    )


def test_a_sequence_is_read_with_its_transitions_and_a_look_back_of_15_minutes() -> None:
    rule = read(SEQUENCE)
    assert rule.is_sequence
    assert rule.look_back_minutes == 15
    assert rule.transitions == (
        Transition(id="Reset WITHOUT Push", from_step="Reset", to_step="Push", match=(("user", "email"),)),
        Transition(from_step="Reset", to_step="Login", within_minutes=60, match=(("user", "user"),)),
    )
    assert rule.schedule == Schedule(rate_minutes=10, timeout_minutes=5)


def test_every_mistake_is_told_at_once_each_in_its_line() -> None:
    found = problems(
        """\
        Detection:
          - Group:
              - ID: One
                RuleID: Example.One
                MinMatchCount: 0
              - ID: One
                RuleId: Example.Two
            MatchCriteria:
              who:
                - {GroupID: Won, Match: user}
            LookbackWindowMinutes: soon
        """
    )
    assert [(problem.line, problem.message) for problem in found] == [
        (2, 'missing key "Schedule" in a group'),
        (5, "Detection.0.Group.0.MinMatchCount must be a whole number from 1 to 1000000; found the number 0"),
        (6, 'missing key "RuleID" in a step'),
        (6, 'Detection.0.Group holds "One" twice'),
        (7, 'unknown key "RuleId" in a step'),
        (10, 'no step has the ID "Won"'),
        (
            11,
            'Detection.0.LookbackWindowMinutes must be a whole number from 1 to 527040; found the text "soon"',
        ),
    ]
    assert [found[4].hint, found[5].hint] == ['did you mean "RuleID"?', 'did you mean "One"?']


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MaxMatchCount: 9", "MaxMatchCount: 4", "MaxMatchCount is 4, less than the MinMatchCount of 5"),
        ("Absence: true", "Absence: true\n        MaxMatchCount: 2", "an absent step has no MaxMatchCount"),
        (
            "MinMatchCount: 1\n",
            "MinMatchCount: 3\n",
            "MinMatchCount is 3, and of the steps only 2 can be there",
        ),
        ("        - {GroupID: Push, Match: p_alert_context.actor}\n", "", 'it names no field of "Push"'),
        ("Order: Chronological", "Order: Chronologic", "must be one of Chronological, ReverseChronological"),
        ('CronExpression: "0 0 * * *", ', "", "a schedule needs exactly one of RateMinutes, CronExpression"),
        ("  - Group:", "  - Groups:", "a correlation rule has a Sequence or a Group; found neither"),
    ],
)
def test_what_a_group_cannot_be(old: str, new: str, message: str) -> None:
    assert old in GROUP
    assert message in only(GROUP.replace(old, new)).message


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("To: Login", "To: Logon", 'no step has the ID "Logon"', 'did you mean "Login"?'),
        ("From: Reset, To: Login", "From: Login, To: Reset", '"Reset" does not stand after "Login"', "later"),
        (
            "{ID: Push, RuleID: Example.Push, Absence: true}",
            "{ID: Push, RuleID: Example.Push}",
            'it leads over "Push"',
            "from a step to the next",
        ),
        (
            "To: Push, ",
            "To: Push, WithinTimeFrameMinutes: 5, ",
            "an absent step between two others has no time frame",
            "between those two",
        ),
        ("[{On: user}]", "[{On: user}, {On: ip}]", "Match takes one item; found 2", "one value"),
        ("[{On: user}]", "[{From: user}]", "an item of Match has On, or From and To", ""),
        (
            "To: Push, Match: [{From: user, To: email}]",
            "To: Push",
            'nothing ties "Push" to the value',
            "Match",
        ),
        ("From: Reset, To: Push", "From: Reset, To: Login", "another transition leads from", ""),
    ],
)
def test_what_a_sequence_cannot_be(old: str, new: str, message: str, hint: str) -> None:
    assert old in SEQUENCE
    found = problems(SEQUENCE.replace(old, new))
    assert any(message in problem.message and hint in problem.hint for problem in found), found


def test_a_rule_of_absences_alone_is_refused() -> None:
    text = GROUP.replace("MinMatchCount: 5\n        MaxMatchCount: 9", "Absence: true").replace(
        "RuleID: Example.Login", "RuleID: Example.Login\n        Absence: true"
    )
    assert "every step is absent" in " ".join(problem.message for problem in problems(text))


@pytest.mark.parametrize("text", ["Detection: []", "Detection: [1, 2]", "Detection: {}", "Detection: x"])
def test_a_detection_is_a_list_of_one(text: str) -> None:
    assert "a list of one item" in only(text).message


@pytest.mark.parametrize(
    "part",
    ["Group: 1", "Group: [1]", "Group: [{}]", "Sequence: x", "Sequence: []", "Group: [{ID: [x], RuleID: y}]"],
)
def test_what_is_no_list_of_steps_is_told_and_nothing_breaks(part: str) -> None:
    text = f"Detection: [{{{part}, Transitions: [1, {{From: [a], To: 2}}], MatchCriteria: [x]}}]"
    assert len(problems(text)) > 1


def test_the_form_of_tests_is_checked_too() -> None:
    found = problems(
        GROUP
        + dedent(
            """\
            Tests:
              - Name: One
                ExpectedResult: maybe
                RuleOutputs:
                  - ID: Push
                    Matches: {actor: {alice: [soon, 3, "2026-01-31T10:00:00Z", -1]}}
                  - ID: Push
              - Name: Two
                ExpectedResult: true
                Log: {}
            """
        )
    )
    told = [(problem.line, problem.message.partition("; found")[0]) for problem in found]
    time = "must be minutes from the beginning, or a time like 2026-01-31T10:00:00Z"
    assert told == [
        (22, "Tests.0.ExpectedResult must be true or false"),
        (25, f"Tests.0.RuleOutputs.0.Matches.actor.alice.0 {time}"),
        (25, f"Tests.0.RuleOutputs.0.Matches.actor.alice.3 {time}"),
        (26, 'Tests.0.RuleOutputs holds "Push" twice'),
        (27, 'missing key "RuleOutputs" in a test of a correlation rule'),
        (29, 'unknown key "Log" in a test of a correlation rule'),
    ]
