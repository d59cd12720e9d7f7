"""Which log type a record is of: the parts of a signature, then the records that are hard to tell apart."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from trailcam.logtypes import loader
from trailcam.model.logtype import LogType, Signature
from trailcam.pipeline.classify import Classifier, missing

BUILTIN = Classifier(loader.builtin())


def log_type(name: str, signature: Signature) -> LogType:
    return LogType(
        name=name,
        version=1,
        description="",
        reference="",
        records=(),
        signature=signature,
        event_time=None,
        identity=None,
        fields=(),
        anywhere=(),
        folder=Path(),
    )


def name_of(record: dict[str, Any]) -> str | None:
    found = BUILTIN.classify(record)
    return found.name if found else None


def sample(folder: str, name: str) -> dict[str, Any]:
    (wanted,) = (one for one in loader.builtin() if one.folder.name == folder)
    return loader.samples(wanted)[name]


# -- the parts of a signature ------------------------------------------------------------------------------


def test_a_required_key_may_hold_anything_even_null() -> None:
    assert missing(Signature(requires=("a",)), {"a": None}) == []
    assert missing(Signature(requires=("a",)), {}) == ["a is absent"]


def test_keys_are_told_apart_by_case() -> None:
    assert missing(Signature(requires=("a",)), {"A": 1}) == ["a is absent"]


def test_keys_in_any_case_are_one_key_where_the_log_type_says_so() -> None:
    signature = Signature(
        requires=("accountId",),
        values=(("kind", ("x",)),),
        excludes=(("draft", ()),),
        some=("a", "b"),
        at_least=1,
        any_case=True,
    )
    assert missing(signature, {"AccountId": 1, "KIND": "x", "B": 1}) == []
    assert missing(signature, {"AccountId": 1, "Kind": "x", "A": 1, "Draft": 1}) == ["Draft is present"]
    assert missing(signature, {"Kind": "X"})[0] == "accountId is absent"
    found = log_type("A.One", signature)
    assert Classifier([found]).classify({"ACCOUNTID": 1, "kind": "x", "a": 1}) is found
    assert Classifier([found]).why_not({"Kind": "x", "A": 1}) == "nearest is A.One, but accountId is absent"


def test_a_value_must_be_one_of_those_accepted() -> None:
    signature = Signature(values=(("kind", ("x", "y")),))
    assert missing(signature, {"kind": "y"}) == []
    assert missing(signature, {"kind": "z"}) == missing(signature, {}) == ["kind is not x or y"]


@pytest.mark.parametrize("other", [True, 1.0, "1", [1], {"1": 1}, None])
def test_a_value_of_another_type_is_another_value(other: Any) -> None:
    assert missing(Signature(values=(("version", (1,)),)), {"version": other}) == ["version is not 1"]


def test_an_excluded_key_must_not_be_there() -> None:
    signature = Signature(requires=("a",), excludes=(("b", ()),))
    assert missing(signature, {"a": 1}) == []
    assert missing(signature, {"a": 1, "b": None}) == ["b is present"]


def test_an_excluded_value_must_not_be_there_but_others_may() -> None:
    signature = Signature(requires=("a",), excludes=(("a", ("x",)),))
    assert missing(signature, {"a": "y"}) == []
    assert missing(signature, {"a": "x"}) == ["a is x"]


def test_of_some_keys_enough_must_be_there() -> None:
    signature = Signature(some=("a", "b", "c"), at_least=2)
    assert missing(signature, {"a": 0, "c": False}) == []
    assert missing(signature, {"a": 0}) == ["only 1 of a, b, c are present, not 2"]


# -- between several ---------------------------------------------------------------------------------------


def test_the_signature_that_asks_for_most_wins_in_any_order() -> None:
    log_types = [
        log_type("A.One", Signature(requires=("a",))),
        log_type("B.Two", Signature(requires=("a", "b"))),
        log_type("C.Value", Signature(requires=("a", "b"), values=(("kind", ("x",)),))),
        log_type("D.Some", Signature(requires=("a", "b"), some=("c", "d"), at_least=1)),
    ]
    record = {"a": 1, "b": 2, "c": 3, "kind": "x"}
    assert {Classifier(order).classify(record) for order in permutations(log_types)} == {log_types[2]}


def test_between_equal_signatures_the_name_decides_in_any_order() -> None:
    one, two = (log_type(name, Signature(requires=("a",))) for name in ("A.One", "A.Two"))
    assert Classifier([two, one]).classify({"a": 1}) is Classifier([one, two]).classify({"a": 1}) is one


def test_a_record_of_no_log_type_is_not_recognised() -> None:
    classifier = Classifier([log_type("A.One", Signature(requires=("a",)))])
    assert classifier.classify({"b": 1}) is None
    assert not classifier.recognise({"b": 1})
    assert classifier.recognise({"a": 1})


def test_why_not_names_the_log_type_of_which_most_is_there_and_all_that_is_lacking() -> None:
    classifier = Classifier(
        [
            log_type("A.Short", Signature(requires=("z",))),
            log_type("B.Near", Signature(requires=("a", "b"), values=(("kind", ("x",)),))),
        ]
    )
    assert classifier.why_not({"a": 1, "b": 1}) == "nearest is B.Near, but kind is not x"
    assert classifier.why_not({"a": 1, "kind": "x"}) == "nearest is B.Near, but b is absent"


def test_why_not_counts_some_keys_of_a_list_as_one_demand() -> None:
    classifier = Classifier(
        [
            log_type("A.Some", Signature(requires=("z",), some=("a", "b", "c"), at_least=3)),
            log_type("B.Near", Signature(requires=("a", "b", "y"))),
        ]
    )
    assert classifier.why_not({"a": 1, "b": 1, "c": 1}) == "nearest is B.Near, but y is absent"


FEW = "it has no more than half of what any known log type asks for"


def test_why_not_names_a_log_type_only_where_the_record_has_more_than_half_of_what_it_asks_for() -> None:
    classifier = Classifier([log_type("A.Long", Signature(requires=tuple("abcd"), excludes=(("z", ()),)))])
    assert classifier.why_not({"a": 1}) == classifier.why_not({"a": 1, "b": 1}) == FEW
    assert classifier.why_not(dict.fromkeys("abc")) == "nearest is A.Long, but d is absent"
    assert classifier.why_not(dict.fromkeys("abcdz")) == "nearest is A.Long, but z is present"


def test_why_not_prefers_a_short_signature_of_which_most_is_there() -> None:
    long, short = Signature(requires=tuple("abcdefghij")), Signature(requires=("a", "y", "z"))
    classifier = Classifier([log_type("A.Long", long), log_type("B.Short", short)])
    assert classifier.why_not(dict.fromkeys("abcdy")) == "nearest is B.Short, but z is absent"


def test_why_not_prefers_the_log_type_of_which_more_is_there_where_most_of_both_is() -> None:
    short, long = Signature(requires=("a", "b", "z")), Signature(requires=tuple("abcdxy"))
    classifier = Classifier([log_type("A.Short", short), log_type("B.Long", long)])
    assert classifier.why_not(dict.fromkeys("abcd")) == "nearest is B.Long, but x is absent; y is absent"


def test_why_not_counts_values_among_the_demands() -> None:
    signature = Signature(requires=("a",), values=(("b", ("x",)), ("c", ("x",))))
    assert Classifier([log_type("A.Values", signature)]).why_not({"a": 1, "b": "y"}) == FEW


def test_why_not_counts_what_some_keys_ask_for_among_the_demands() -> None:
    some = Signature(requires=("x",), some=("a", "b"), at_least=2)
    assert Classifier([log_type("A.Some", some)]).why_not({"x": 1}) == FEW
    told = Classifier([log_type("A.Some", some)]).why_not({"x": 1, "a": 1})
    assert told == "nearest is A.Some, but only 1 of a, b are present, not 2"


@pytest.mark.parametrize(
    "keys",
    [
        ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
        ("SchemaVersion", "Id", "ProductArn", "AwsAccountId", "Types", "UpdatedAt", "Severity", "Region"),
        ("schemaType", "schemaVersion", "timestamp", "accountId", "region", "requestId", "operation"),
    ],
    ids=["an event of EventBridge", "a finding of Security Hub", "a log of Bedrock"],
)
def test_a_record_that_only_sounds_like_a_finding_is_not_near_to_one(keys: tuple[str, ...]) -> None:
    assert BUILTIN.why_not(dict.fromkeys(keys, "x")) == FEW


def test_why_not_names_no_log_type_when_none_is_near() -> None:
    assert BUILTIN.why_not({"nothing": "x"}) == "it has no key that any known log type asks for"


def test_why_not_says_so_when_there_are_no_log_types() -> None:
    assert Classifier([]).why_not({"a": 1}) == "no log types are loaded"


def test_why_not_repeats_nothing_of_a_record_that_its_sender_could_choose() -> None:
    keys = ["eventName", "eventSource", "eventType", "awsAccountId", "digestEndTime", "s3"]
    told = BUILTIN.why_not(dict.fromkeys(keys, "\x1b[2J hostile"))
    assert told.startswith("nearest is AWS.CloudTrail, but s3 is present; only 1 of eventTime")
    assert "hostile" not in told


# -- CloudTrail and what looks like it ---------------------------------------------------------------------


def test_a_record_of_which_most_fields_are_missing_is_still_cloudtrail() -> None:
    record = {"eventName": "ListApplications", "eventSource": "sso.amazonaws.com"}
    header = {"eventTime": "...", "eventVersion": "1.08", "userIdentity": {"type": "Unknown"}}
    assert name_of(record | header) == "AWS.CloudTrail"


def test_a_custom_event_of_cloudtrail_lake_is_cloudtrail() -> None:
    record = {
        "version": "1.0",
        "UID": "0001",
        "userIdentity": {"type": "CustomUserIdentity", "principalId": "example-user"},
        "eventTime": "2024-05-06T10:00:00Z",
        "eventName": "DoorOpened",
        "eventSource": "badge.example.com",
    }
    assert name_of(record) == "AWS.CloudTrail"


def test_a_network_activity_event_is_cloudtrail() -> None:
    assert (
        name_of({"eventType": "AwsVpceEvent"} | sample("aws_cloudtrail", "network_activity"))
        == "AWS.CloudTrail"
    )


@pytest.mark.parametrize(
    "key", ["eventTime", "userIdentity", "eventType", "awsRegion", "eventVersion", "eventID"]
)
def test_a_record_that_lacks_one_header_field_is_still_cloudtrail(key: str) -> None:
    record = sample("aws_cloudtrail", "get_object")
    del record[key]
    assert name_of(record) == "AWS.CloudTrail"


@pytest.mark.parametrize("value", [7, None, [], {}, True, ""])
def test_header_fields_of_any_type_do_not_hide_a_record(value: Any) -> None:
    record = sample("aws_cloudtrail", "get_object")
    assert name_of(dict.fromkeys(record, value)) == "AWS.CloudTrail"


@pytest.mark.parametrize("key", ["eventName", "eventSource"])
def test_without_name_or_source_it_is_not_cloudtrail(key: str) -> None:
    record = sample("aws_cloudtrail", "get_object")
    del record[key]
    assert name_of(record) is None


def test_an_insight_is_an_insight_even_with_the_header_of_a_call() -> None:
    record = sample("aws_cloudtrail", "get_object") | sample("aws_cloudtrail_insight", "call_rate_start")
    assert name_of(record) == "AWS.CloudTrailInsight"


def test_an_insight_of_an_event_data_store_which_has_no_insight_details_is_an_insight() -> None:
    record = sample("aws_cloudtrail_insight", "call_rate_start")
    details = record.pop("insightDetails")
    record |= {"insightType": details["insightType"], "insightState": "Start", "insightSource": "example"}
    assert name_of(record) == "AWS.CloudTrailInsight"


def test_a_digest_that_lists_no_files_is_a_digest() -> None:
    record = sample("aws_cloudtrail_digest", "quiet_hour")
    assert record["logFiles"] == []
    assert name_of(record) == "AWS.CloudTrailDigest"


HEADER = {
    "eventID": "1",
    "eventName": "x",
    "eventVersion": "1.0",
    "eventSource": "x",
    "awsRegion": "eu-central-1",
    "eventTime": "2024-05-06T10:00:00Z",
    "userIdentity": {"principalId": "x"},
    "requestParameters": {"sourceIPAddress": "192.0.2.1"},
    "responseElements": {},
}


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("an S3 event notification", {"s3": {"bucket": {"name": "x"}}, "eventSource": "aws:s3"}),
        ("a record of a DynamoDB stream", {"dynamodb": {"Keys": {}}, "eventSource": "aws:dynamodb"}),
        ("a Kinesis record as Lambda gets it", {"kinesis": {"data": ""}, "eventSource": "aws:kinesis"}),
        ("Alibaba Cloud ActionTrail", {"acsRegion": "cn-hangzhou", "eventSource": "ecs.aliyuncs.com"}),
        ("Tencent CloudAudit", {"eventRegion": "ap-guangzhou", "eventType": "ConsoleCall"}),
    ],
)
def test_a_log_whose_header_is_nearly_the_same_is_not_cloudtrail(what: str, more: dict[str, Any]) -> None:
    assert name_of(HEADER) == "AWS.CloudTrail"
    assert name_of(HEADER | more) is None, what


@pytest.mark.parametrize("name", ["api_call", "get_findings_dns_request"])
def test_a_record_of_cloudtrail_stays_one_whatever_of_a_finding_it_holds(name: str) -> None:
    record = sample("aws_cloudtrail", "stop_logging") | {"eventSource": "guardduty.amazonaws.com"}
    assert name_of(record) == "AWS.CloudTrail"
    assert name_of(sample("aws_guardduty", name) | record) == "AWS.CloudTrail"


def test_a_finding_in_the_form_of_security_hub_is_none_of_guardduty() -> None:
    finding = sample("aws_guardduty", "get_findings_dns_request")
    assert name_of(finding) == "AWS.GuardDuty"
    assert (
        name_of(finding | {"ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/guardduty"}) is None
    )
