"""The words of the pack aws_top5: who acted, what alerts are told apart by, and what is known of an address."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from trailcam.app.load import builtin_packs
from trailcam.model.event import PantherEvent


@pytest.fixture(scope="module")
def words() -> ModuleType:
    (path,) = (found for pack in builtin_packs() for found in pack.glob("helpers/aws_top5_words.py"))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by(**identity: Any) -> PantherEvent:
    return PantherEvent({"userIdentity": identity})


STS = "arn:aws:sts::111122223333:assumed-role/"
SSO = f"{STS}AWSReservedSSO_ReadOnlyAccess_0123456789abcdef/"


@pytest.mark.parametrize(
    ("identity", "actor", "principal"),
    [
        (
            {"arn": "arn:aws:iam::111122223333:user/finance/eve"},
            "finance/eve",
            "arn:aws:iam::111122223333:user/finance/eve",
        ),
        ({"arn": f"{STS}Admin/one"}, "Admin/one", f"{STS}Admin"),
        ({"arn": f"{STS}Admin"}, "Admin", f"{STS}Admin"),
        ({"arn": f"{SSO}erin@example.com"}, "erin@example.com (ReadOnlyAccess)", f"{SSO}erin@example.com"),
        ({"arn": "arn:aws:iam::111122223333:root"}, "root", "arn:aws:iam::111122223333:root"),
        (
            {"arn": "arn:aws:sts::111122223333:federated-user/bob"},
            "bob",
            "arn:aws:sts::111122223333:federated-user/bob",
        ),
        ({"userName": "carol", "type": "IAMUser"}, "carol", "carol IAMUser"),
        ({"invokedBy": "ec2.amazonaws.com", "type": "AWSService"}, "ec2.amazonaws.com", None),
        (
            {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AROAEXAMPLE:x"},
            "account 999988887777",
            "account 999988887777 AROAEXAMPLE:x AWSAccount",
        ),
        ({"type": "Unknown", "principalId": "AIDAEXAMPLE"}, "AIDAEXAMPLE", "AIDAEXAMPLE Unknown"),
        ({}, "somebody", "somebody"),
        ({"arn": ["x"], "userName": 5}, "somebody", "somebody"),
    ],
)
def test_who_acted_and_what_their_alerts_are_told_apart_by(
    words: ModuleType, identity: dict[str, Any], actor: str, principal: str | None
) -> None:
    assert words.actor(by(**identity)) == actor
    if principal is not None:
        assert words.principal(by(**identity)) == principal


@pytest.mark.parametrize(
    ("event", "account"),
    [
        ({"recipientAccountId": "1", "accountId": "2", "userIdentity": {"accountId": "3"}}, "1"),
        ({"accountId": "2", "userIdentity": {"accountId": "3"}}, "2"),
        ({"userIdentity": {"accountId": "3"}}, "3"),
        ({}, "?"),
    ],
)
def test_the_account(words: ModuleType, event: dict[str, Any], account: str) -> None:
    assert words.account(PantherEvent(event)) == account


@pytest.mark.parametrize(
    ("event", "failed"),
    [({}, False), ({"errorCode": "X"}, True), ({"errorMessage": "x"}, True), ({"errorCode": None}, False)],
)
def test_a_call_failed_when_it_has_an_error(words: ModuleType, event: dict[str, Any], failed: bool) -> None:
    assert words.failed(PantherEvent(event)) is failed


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("payroll", "payroll", True),
        ("payroll-2", "payroll", False),
        ("my-payroll-2", "*pay*", True),
        ("Payroll", "pAYROLL", True),
        ("a", "?", False),
        ("?", "?", True),
        ("a", "[a]", False),
        ("[a]", "[a]", True),
        (5, "5", False),
    ],
)
def test_only_a_star_is_special_in_a_pattern(words: ModuleType, name: Any, pattern: str, fits: bool) -> None:
    assert words.fits(name, [pattern]) is fits


def test_texts_of_a_dedup_string_stay_apart_however_many_they_are(words: ModuleType) -> None:
    few, many = ["192.0.2.1", "192.0.2.2"], [f"192.0.2.{number}" for number in range(200)]
    assert words.digest(few) == "192.0.2.1 192.0.2.2"
    assert words.digest(["x" * 200]) == "x" * 200
    assert len(words.digest(["x" * 201])) == 64
    assert words.digest(many) != words.digest([*many, "203.0.113.66"])
    assert len(words.digest(["\ud800" * 300])) == 64


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ([], ""),
        (["benign"], "benign"),
        (["unknown", "benign"], "unknown"),
        (["suspicious", "unknown"], "suspicious"),
        (["benign", "malicious", "unknown"], "malicious"),
        ([{"a": 1}, 5, None], ""),
    ],
)
def test_the_gravest_of_what_tables_say_of_an_address_counts(
    words: ModuleType, said: list[Any], word: str
) -> None:
    rows = [{"p_match": "192.0.2.1", "classification": each} for each in said]
    other = {"p_match": "192.0.2.2", "classification": "malicious"}
    event = PantherEvent({"p_enrichment": {"greynoise_noise_basic": {"a": [*rows, other], "b": "x"}}})
    found = words.classifications(event)
    assert found.get("192.0.2.1", "") == word
    assert found["192.0.2.2"] == "malicious"


@pytest.mark.parametrize("enrichment", [None, [], "x", {"greynoise": 5}, {"greynoise": {"a": [5, None]}}])
def test_an_enrichment_of_any_shape_says_nothing(words: ModuleType, enrichment: Any) -> None:
    assert "192.0.2.1" not in words.classifications(PantherEvent({"p_enrichment": enrichment}))
