"""What queues say of new objects: every form of it, and what is none."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailcam.sources.s3_notifications import NotUnderstood, S3Object, announced

KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/28/111122223333_CloudTrail_a.json.gz"
ETAG = "9b2cf535f27731c974343645a3985328"


def record(key: str = KEY, *, event: str = "ObjectCreated:Put", **held: Any) -> dict[str, Any]:
    """A record as S3 writes it."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-28T10:00:00.000Z",
        "eventName": event,
        "userIdentity": {"principalId": "AWS:EXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.7"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "logs",
            "bucket": {"name": "trail", "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::trail"},
            "object": {
                "key": key,
                "size": 1024,
                "eTag": ETAG,
                "sequencer": "0055AED6DCD90281E5",
            }
            | held,
        },
    }


def records(*of: dict[str, Any]) -> str:
    return json.dumps({"Records": of})


def sns(message: str) -> str:
    """The envelope of SNS."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-central-1:111122223333:trail",
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2026-11-28T10:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
        }
    )


def eventbridge(kind: str = "Object Created", **held: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-11-28T10:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:s3:::trail"],
        "detail": {
            "version": "0",
            "bucket": {"name": "trail"},
            "object": {"key": KEY, "size": 1024, "etag": ETAG, "sequencer": "0055AED6DCD90281E5"} | held,
            "request-id": "C3D13FE58DE4C810",
            "requester": "111122223333",
            "source-ip-address": "192.0.2.7",
            "reason": "PutObject",
        },
    }


THE_OBJECT = S3Object(bucket="trail", key=KEY, etag=ETAG, size_bytes=1024, region="eu-central-1")


@pytest.mark.parametrize(
    "body",
    [
        records(record()),
        sns(records(record())),
        json.dumps(eventbridge()),
        sns(json.dumps(eventbridge())),
    ],
    ids=["S3 itself, or SNS with raw delivery", "SNS", "EventBridge", "EventBridge by SNS"],
)
def test_an_object_is_the_same_one_in_whichever_form_it_is_announced(body: str) -> None:
    assert announced(body) == [THE_OBJECT]


@pytest.mark.parametrize("wrapped", [False, True], ids=["raw", "SNS"])
def test_cloudtrail_announces_several_keys_by_name_alone(wrapped: bool) -> None:
    body = json.dumps({"s3Bucket": "trail", "s3ObjectKey": [KEY, "AWSLogs/a+b%20c.json.gz"]})
    assert announced(sns(body) if wrapped else body) == [
        S3Object(bucket="trail", key=KEY),
        S3Object(bucket="trail", key="AWSLogs/a+b%20c.json.gz"),
    ]


def test_an_object_without_an_etag_has_no_identity_yet() -> None:
    (found,) = announced(json.dumps({"s3Bucket": "trail", "s3ObjectKey": [KEY]}))
    assert found.origin_id is None
    assert THE_OBJECT.origin_id == f"s3://trail/{KEY}#{ETAG}"


def test_every_record_of_a_message_is_an_object() -> None:
    assert [it.key for it in announced(records(record("a"), record("b"), record("a")))] == ["a", "b", "a"]


TEST_EVENT = json.dumps(
    {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-28T10:00:00.000Z",
        "Bucket": "trail",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
    }
)


@pytest.mark.parametrize(
    "body",
    [
        TEST_EVENT,
        sns(TEST_EVENT),
        "CloudTrail validation message.",
        sns("CloudTrail validation message."),
        json.dumps({"s3Bucket": "trail", "s3ObjectKey": []}),
        records(record("folder/", size=0)),
        records(record("")),
        *(
            records(record(event=event))
            for event in ("ObjectRemoved:Delete", "ObjectRestore:Completed", "ObjectTagging:Put", "LifecycleTransition")
        ),
        *(
            json.dumps(eventbridge(kind))
            for kind in ("Object Deleted", "Object Restore Completed", "Object Tags Added")
        ),
    ],
)  # fmt: skip
def test_what_is_no_news_of_an_object_is_no_object_and_no_fault(body: str) -> None:
    assert announced(body) == []


def test_removals_beside_new_objects_are_passed_over() -> None:
    body = records(record("a", event="ObjectRemoved:Delete"), record("b", event="s3:ObjectCreated:Copy"))
    assert [it.key for it in announced(body)] == ["b"]


def test_an_object_whose_name_ends_like_a_folder_is_one_when_it_holds_something() -> None:
    assert [it.key for it in announced(records(record("odd/", size=7)))] == ["odd/"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%2520b", "a%20b"),
        ("a%2Fb", "a/b"),
        ("%C3%BC%E2%82%AC.json", "ü€.json"),
        ("ü.json", "ü.json"),
        ("year%3D2026/a", "year=2026/a"),
        ("100%", "100%"),
        ("%F0%9F%8C%B2", "🌲"),
    ],
)
def test_s3_encodes_keys_as_a_form_is_encoded(written: str, key: str) -> None:
    assert [it.key for it in announced(records(record(written)))] == [key]


@pytest.mark.parametrize("key", ["a+b", "a%2Bb", "a b", "ü", "100%"])
def test_eventbridge_and_cloudtrail_say_keys_as_they_are(key: str) -> None:
    assert [it.key for it in announced(json.dumps(eventbridge(key=key)))] == [key]
    assert [it.key for it in announced(json.dumps({"s3Bucket": "trail", "s3ObjectKey": [key]}))] == [key]


def test_versions_are_known_where_a_bucket_has_them() -> None:
    def versions(**held: Any) -> list[str]:
        return [it.version for it in announced(records(record(**held)))]

    assert versions() == versions(versionId=None) == versions(versionId="null") == [""]
    assert versions(versionId="096fKKXTRTtl3on89fVO.nfljtsv6qko") == ["096fKKXTRTtl3on89fVO.nfljtsv6qko"]
    (found,) = announced(json.dumps(eventbridge(**{"version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"})))
    assert found.version == "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"


@pytest.mark.parametrize("written", [ETAG, f'"{ETAG}"'], ids=["bare", "quoted"])
def test_an_etag_is_the_same_with_quotes_and_without(written: str) -> None:
    assert announced(records(record(eTag=written))) == [THE_OBJECT]
    assert announced(json.dumps(eventbridge(etag=written))) == [THE_OBJECT]


def test_what_is_not_said_is_empty() -> None:
    bare = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "trail"}, "object": {"key": "a"}}}
    assert announced(records(bare)) == [S3Object(bucket="trail", key="a")]


def test_the_last_of_keys_that_come_twice_counts() -> None:
    body = records(record()).replace('"size": 1024', '"size": 7, "size": 1024')
    assert announced(body) == [THE_OBJECT]


def test_a_message_of_another_kind_says_what_it_is() -> None:
    with pytest.raises(NotUnderstood, match="SubscriptionConfirmation of SNS"):
        announced(json.dumps({"Type": "SubscriptionConfirmation", "Token": "EXAMPLE", "Message": "You have"}))
    with pytest.raises(NotUnderstood, match="a record of aws:ses"):
        announced(records({"eventSource": "aws:ses", "ses": {}}))
    with pytest.raises(NotUnderstood, match="AWS API Call via CloudTrail"):
        announced(json.dumps(eventbridge("AWS API Call via CloudTrail")))
    with pytest.raises(NotUnderstood, match="its keys: hello"):
        announced('{"hello": 1}')


HOSTILE = {
    "nothing": "",
    "no JSON": "hello",
    "a number": "7",
    "null": "null",
    "a list": "[]",
    "too deep": "[" * 200_000,
    "too deep in a key": '{"Records":' * 50_000,
    "too deep in SNS": sns("[" * 200_000),
    "a number of many digits": "1" * 10_000,
    "an infinite size": records(record()).replace("1024", "1e999"),
    "a size that is none": records(record()).replace("1024", "NaN"),
    "a size beyond all bounds": records(record(size=10**300)),
    "a negative size": records(record(size=-1)),
    "a size in words": records(record(size="many")),
    "a key that is a number": records(record()).replace(f'"{KEY}"', "7"),
    "a key that is a list": records(record()).replace(f'"{KEY}"', "[" * 500 + "]" * 500),
    "half a character": records(record("a\ud800b")),
    "half a character by EventBridge": json.dumps(eventbridge(key="\udfff")),
    "half a character by CloudTrail": json.dumps({"s3Bucket": "trail", "s3ObjectKey": ["\ud800"]}),
    "a key that is too long": records(record("ü" * 600)),
    "records of numbers": '{"Records": [1]}',
    "records of texts": '{"Records": ["s3"]}',
    "records of lists": '{"Records": [["s3"]]}',
    "no bucket": records({"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "a"}}}),
    "an object that is a text": records({"eventName": "ObjectCreated:Put", "s3": {"object": "a"}}),
    "EventBridge without its kind": json.dumps({"source": "aws.s3", "detail": {}}),
    "keys without a bucket": json.dumps({"s3ObjectKey": ["a"]}),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_notification_is_refused_in_few_words(body: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        announced(body)
    assert 0 < len(str(refused.value)) <= 600


@pytest.mark.parametrize(
    "bucket", ["evil.example.com/", "a/../b", "a@b", "a?b", "a#b", "a:80", "..", "a b", "ü", ""]
)
def test_a_bucket_is_no_part_of_another_address(bucket: str) -> None:
    of_s3 = record()
    of_s3["s3"]["bucket"]["name"] = bucket
    of_eventbridge = eventbridge()
    of_eventbridge["detail"]["bucket"]["name"] = bucket
    for body in (
        records(of_s3),
        json.dumps(of_eventbridge),
        json.dumps({"s3Bucket": bucket, "s3ObjectKey": [KEY]}),
    ):
        with pytest.raises(NotUnderstood, match="no name of a bucket"):
            announced(body)


@pytest.mark.parametrize("value", ["a\nb", "\r\n", "\0", "ü", "a b", "a" * 2_000])
def test_an_etag_or_a_version_ends_no_request(value: str) -> None:
    for body in (
        records(record(eTag=value)),
        records(record(versionId=value)),
        json.dumps(eventbridge(etag=value)),
        json.dumps(eventbridge(**{"version-id": value})),
    ):
        with pytest.raises(NotUnderstood, match="neither an etag nor a version"):
            announced(body)


@pytest.mark.parametrize("region", ["evil.example.com/", "a.b", "a/", "EU", "ü"])
def test_a_region_is_no_part_of_another_address(region: str) -> None:
    for body in (records(record() | {"awsRegion": region}), json.dumps(eventbridge() | {"region": region})):
        with pytest.raises(NotUnderstood, match="no name of a region"):
            announced(body)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["ObjectCreated:Put", "aws.s3", "Object Created", "Notification", "trail", "a/b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "object", "bucket", "key", "name", "eTag", "etag", "size", "versionId", "source",
                 "detail", "detail-type", "Type", "Message", "s3ObjectKey", "s3Bucket", "eventName", "region"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)  # fmt: skip


def understood_or_not(body: str) -> None:
    try:
        found = announced(body)
    except NotUnderstood:
        return
    for it in found:
        it.name.encode()
        assert it.key
        assert it.bucket


@given(_JSON)
def test_no_json_makes_it_raise_anything_else(said: Any) -> None:
    understood_or_not(json.dumps(said))
    understood_or_not(sns(json.dumps(said)))


@given(st.text(st.characters()))
@example("\ud800")
def test_no_text_makes_it_raise_anything_else(body: str) -> None:
    understood_or_not(body)
    understood_or_not(sns(body))


@given(
    st.sampled_from(["bucket", "object"]),
    st.sampled_from(["name", "key", "size", "eTag", "versionId"]),
    _JSON,
)
def test_no_value_in_a_record_makes_it_raise_anything_else(part: str, key: str, value: Any) -> None:
    said = record()
    said["s3"][part][key] = value
    understood_or_not(records(said))
