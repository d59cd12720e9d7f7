"""An account id without quotes equals no account id: it is told where it can be nothing else."""

from pathlib import Path

import pytest
from tests.panther_items import KNOWN, no_samples, read

from trailcam.contracts.rule_format import Reading
from trailcam.model.rule import Rule
from trailcam.rules.loader import load_packs
from trailcam.rules.remarks import remarks_on

EQUALS = """\
  - Key: eventName
    Condition: Equals
    Value: StopLogging
"""
OWN = ("LogTypes: [AWS.CloudTrail]", "LogTypes: [Acme.Tickets]")


def told(reading: Reading) -> list[tuple[int | None, str]]:
    """(line, what is to be written) of each remark."""
    assert isinstance(reading.item, Rule), reading.problems
    assert {problem.code for problem in reading.item.remarks} <= {"TC0223"}
    return [(problem.line, problem.hint) for problem in reading.item.remarks]


def simple(folder: Path, expressions: str, *edits: tuple[str, str]) -> list[tuple[int | None, str]]:
    return told(read(folder, "simple", ("Info", "Info"), (EQUALS, expressions), *edits))


@pytest.mark.parametrize(
    ("expression", "digits"),
    [
        ("{Key: recipientAccountId, Condition: Equals, Value: 123456789012}", "123456789012"),
        ("{Key: recipientAccountId, Condition: DoesNotEqual, Value: 123456789012}", "123456789012"),
        ("{Key: recipientAccountId, Condition: Equals, Value: 012345670123}", "012345670123"),
        ("{Key: resources, Condition: Contains, Value: 123456789012}", "123456789012"),
        ("{KeyPath: userIdentity.accountId, Condition: IsIn, Values: [a, 111122223333]}", "111122223333"),
        ("{DeepKey: [a, accountId, 0], Condition: IsNotIn, Values: [111122223333]}", "111122223333"),
        ("{All: [{Any: [{Key: a, Condition: Equals, Value: 111122223333}]}]}", "111122223333"),
        (
            "{Key: a, Condition: AnyElement, Expressions: [{Condition: Equals, Value: 111122223333}]}",
            "111122223333",
        ),
    ],
)
def test_an_account_id_without_quotes_that_is_compared_is_told(
    tmp_path: Path, expression: str, digits: str
) -> None:
    assert simple(tmp_path, f"  - {expression}\n") == [(7, f'write "{digits}"')]


@pytest.mark.parametrize(
    "expression",
    [
        '{Key: recipientAccountId, Condition: Equals, Value: "123456789012"}',
        "{Key: recipientAccountId, Condition: Equals, Value: 012345678901}",  # a text: no number has this form
        "{Key: recipientAccountId, Condition: Equals, Value: 12345678901}",
        "{Key: recipientAccountId, Condition: Equals, Value: 1234567890123}",
        "{Key: recipientAccountId, Condition: Equals, Value: 123_456_789_012}",
        "{Key: recipientAccountId, Condition: Equals, Value: !!int 123456789012}",
        "{Key: bytes, Condition: IsGreaterThan, Value: 123456789012}",
        "{KeyPath: p_enrichment.t.sourceIPAddress.account_id, Condition: Equals, Value: 123456789012}",
        "{Enrichment: {Table: t, Selector: a, FieldPath: account}, Condition: Equals, Value: 123456789012}",
    ],
)
def test_what_may_be_meant_as_a_number_is_no_remark(tmp_path: Path, expression: str) -> None:
    assert simple(tmp_path, f"  - {expression}\n") == []


def test_in_logs_that_are_not_of_aws_only_a_key_of_an_aws_account_is_certain(tmp_path: Path) -> None:
    expressions = "".join(
        f"  - {{Key: {key}, Condition: Equals, Value: 123456789012}}\n"
        for key in ("id", "account_id", "awsAccountId", "p_any_aws_account_ids")
    )
    assert [line for line, _ in simple(tmp_path, expressions, OWN)] == [9, 10]


def test_the_account_ids_of_a_test_are_told_and_its_other_numbers_are_not(tmp_path: Path) -> None:
    log = "Log: {eventName: StopLogging, bytes: 123456789012, p_enrichment: {t: {account: 123456789012}},\n"
    log += "          userIdentity: {accountId: 123456789012}, accounts: [\n          111122223333]}"
    reading = read(tmp_path, "rule", ("Log: {eventName: StopLogging}", log))
    assert told(reading) == [(12, 'write "123456789012"'), (13, 'write "111122223333"')]


def test_policies_and_scheduled_rules_are_told_of_theirs(tmp_path: Path) -> None:
    policy = read(tmp_path / "a", "policy", ("{Public: true}", "{AccountId: 123456789012}"))
    rows = read(
        tmp_path / "b", "scheduled_rule", ("{total: 7}", "{n: 123456789012, aws_account_id: 123456789012}")
    )
    assert [len(told(reading)) for reading in (policy, rows)] == [1, 1]


def test_inline_filters_and_severities_are_conditions_too(tmp_path: Path) -> None:
    condition = "[{Key: recipientAccountId, Condition: Equals, Value: 123456789012}]"
    filters = ("Severity: High\n", f"Severity: High\nInlineFilters: {condition}\n")
    severities = (
        "Severity: Info\n",
        f"Severity: Info\nDynamicSeverities: [{{ChangeTo: Low, Conditions: {condition}}}]\n",
    )
    assert len(told(read(tmp_path / "a", "rule", filters))) == 1
    assert len(told(read(tmp_path / "b", "simple", severities))) == 1


def test_keys_without_effect_are_not_looked_at(tmp_path: Path) -> None:
    reading = read(
        tmp_path, "rule", ("Severity: High\n", "Severity: High\nDynamicSeverities: [[{Condition: []}], 5]\n")
    )
    assert told(reading) == []


@pytest.mark.parametrize(("log_type", "number"), [("AWS.CloudTrail", 1), ("Acme.Tickets", 0)])
def test_a_derived_rule_is_told_of_its_own_file_by_the_log_types_of_its_base(
    tmp_path: Path, log_type: str, number: int
) -> None:
    test = "Log: {eventName: StopLogging, accountId: 123456789012}"
    old = "Log: {eventName: StopLogging}"
    read(tmp_path, "rule", (old, test), ("LogTypes: [AWS.CloudTrail]", f"LogTypes: [{log_type}]"))
    read(tmp_path, "derived", (old, test))
    (pack,) = load_packs([tmp_path], log_types=KNOWN.log_types, sample=no_samples)
    told_of = [Path(problem.path or "").name for problem in remarks_on(pack.rules)]
    assert told_of == ["derived.yml", "rule.yml"][: 2 * number]


def test_a_remark_is_one_line_with_its_place_and_its_cure(tmp_path: Path) -> None:
    reading = read(tmp_path, "simple", ("Value: StopLogging", "Value: 123456789012"))
    assert isinstance(reading.item, Rule)
    (problem,) = remarks_on([reading.item])
    assert problem.remark() == (
        f"remark[TC0223]: {tmp_path / 'simple.yml'}:9: 123456789012 is a number, "
        'and equals no account id; write "123456789012"'
    )
