from pathlib import Path
from typing import Any

import pytest

from trailcam.errors import TrailcamError
from trailcam.model.rule import Kind, Rule
from trailcam.model.severity import Severity
from trailcam.rules.metadata_filter import chosen, parse


def rule(**fields: Any) -> Rule:
    given: dict[str, Any] = {"id": "Example.One", "severity": Severity.HIGH, "format": "panther", "body": ""}
    return Rule(**given | {"path": Path("rules/one.py"), "metadata_path": Path("one.yml")} | fields)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("RuleID=example.one", {}),
        ("PolicyID=Example.One", {"kind": Kind.POLICY}),
        ("id=Other,Example.One", {}),
        ("Severity=High", {}),
        ("severity!=low, info", {}),
        ("LogTypes=aws.cloudtrail", {"log_types": ("Okta.SystemLog", "AWS.CloudTrail")}),
        ("log_types=AWS.CloudTrail", {"log_types": ("AWS.CloudTrail",)}),
        ("Enabled=yes", {"enabled": True}),
        ("Enabled=FALSE", {"enabled": False}),
        ("CreateAlert!=true", {"create_alert": False}),
        ("Tags=b", {"tags": ("A", "B")}),
        ("Status!=Deprecated", {}),
        ("Status=experimental", {"status": "Experimental"}),
        ("AnalysisType=scheduled_rule", {"kind": Kind.SCHEDULED_RULE}),
        ("AnalysisType=policy,rule", {}),
        ("DisplayName=what happened", {"title": "What happened"}),
        ("DedupPeriodMinutes=30", {"period_minutes": 30}),
        ("Filename=one.py", {}),
        ("Reports=TA0005:T1562", {"reports": (("MITRE ATT&CK", ("TA0005:T1562",)),)}),
    ],
)
def test_a_rule_is_taken_by_what_its_metadata_says(text: str, fields: dict[str, Any]) -> None:
    assert parse(text).takes(rule(**fields))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("RuleID=Example", {}),
        ("Severity!=High", {}),
        ("ResourceTypes=AWS.S3.Bucket", {}),
        ("Status=Stable", {}),
        ("Tags!=b", {"tags": ("A", "B")}),
        ("Enabled=true", {"enabled": False}),
    ],
)
def test_a_rule_is_not_taken_when_it_says_something_else_or_nothing(
    text: str, fields: dict[str, Any]
) -> None:
    assert not parse(text).takes(rule(**fields))


def test_every_filter_must_take_a_rule() -> None:
    rules = [rule(id="A"), rule(id="B", severity=Severity.LOW), rule(id="C", enabled=False)]
    filters = [parse("Severity=High"), parse("Enabled=true")]
    assert [it.id for it in chosen(rules, filters)] == ["A"]
    assert [it.id for it in chosen(rules, ())] == ["A", "B", "C"]


@pytest.mark.parametrize("text", ["", "Severity", "Severity=", "Severity!=", "=High", "Severity= , "])
def test_a_filter_without_a_key_or_a_value_is_refused(text: str) -> None:
    with pytest.raises(TrailcamError) as caught:
        parse(text)
    assert [problem.code for problem in caught.value.problems] == ["TC0104"]


def test_a_key_that_rules_do_not_have_is_told_with_the_nearest() -> None:
    with pytest.raises(TrailcamError) as caught:
        parse("Severty=High")
    assert caught.value.problems[0].hint == 'did you mean "Severity"?'
