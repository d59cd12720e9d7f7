"""Objects as they come from servers of S3, whole or not at all, whatever stands between."""

import os
import pickle
import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from tests.servers.clients import KEY, credentials

from trailcam.contracts.source import Blob, NotFetched
from trailcam.errors import WorldError, code
from trailcam.model.timestamps import to_rfc3339
from trailcam.sources import s3_objects
from trailcam.sources.aws import endpoint_of_queue, make_session, region_of_queue
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects

if TYPE_CHECKING:
    from tests.servers.faults import Fault, Faults
    from tests.servers.ministack import Ministack
    from tests.servers.seaweed import Seaweed

MIB = 1 << 20
PART_BYTES = 2 * MIB
"""Smaller than the real one, which is only slower."""


class Bucket:
    """A bucket, reached directly by the test and through a proxy by what is tested."""

    def __init__(self, server: Any, proxy: "Faults", spool: Path, **session: str) -> None:
        self.s3 = server.client("s3")
        self.proxy = proxy
        self.spool = spool
        self.name = f"bucket-{uuid4().hex[:12]}"
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.objects = Objects(
            make_session(region="eu-central-1", **session), name="trail", endpoint=proxy.endpoint
        )

    def put(self, key: str, data: bytes) -> S3Object:
        """An object as it is announced."""
        etag = self.s3.put_object(Bucket=self.name, Key=key, Body=data)["ETag"].strip('"')
        return S3Object(bucket=self.name, key=key, etag=etag, size_bytes=len(data))

    def fetch(self, it: S3Object) -> Blob:
        return self.objects.fetch(it, spool=self.spool)

    def not_fetched(self, it: S3Object) -> NotFetched:
        with pytest.raises(NotFetched) as refused:
            self.fetch(it)
        assert list(self.spool.iterdir()) == []
        return refused.value

    def world_error(self, it: S3Object) -> WorldError:
        with pytest.raises(WorldError) as failed:
            self.fetch(it)
        assert list(self.spool.iterdir()) == []
        return failed.value


@pytest.fixture(autouse=True)
def known_as_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "PART_BYTES", PART_BYTES)
    for name, value in credentials().items():
        monkeypatch.setenv(name, value)


def bucket_of(server: Any, tmp_path: Path, **session: str) -> Iterator[Bucket]:
    from tests.servers.proxy import proxy

    (tmp_path / "spool").mkdir()
    with proxy(server.endpoint) as faults:
        bucket = Bucket(server, faults, tmp_path / "spool", **session)
        yield bucket
        bucket.objects.close()


@pytest.fixture
def bucket(ministack: "Ministack", tmp_path: Path) -> Iterator[Bucket]:
    yield from bucket_of(ministack, tmp_path)


@pytest.fixture
def weedy(seaweed: "Seaweed", tmp_path: Path) -> Iterator[Bucket]:
    """A bucket of the server that checks signatures."""
    yield from bucket_of(seaweed, tmp_path)


def read(blob: Blob) -> bytes:
    """Its bytes as another process would read them."""
    with pickle.loads(pickle.dumps(blob)).open() as chunks:
        found = list(chunks)
    assert all(0 < len(chunk) <= MIB for chunk in found)
    return b"".join(found)


@pytest.mark.parametrize("server", ["ministack", "seaweed"])
@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 7])
def test_an_object_of_any_size_is_read_as_it_was_put(
    request: pytest.FixtureRequest, server: str, size: int
) -> None:
    bucket: Bucket = request.getfixturevalue("bucket" if server == "ministack" else "weedy")
    data = os.urandom(size)
    it = bucket.put("AWSLogs/a b+c%ü.json.gz", data)
    blob = bucket.fetch(it)
    assert read(blob) == read(blob) == data
    assert blob.origin.id == it.origin_id == f"s3://{bucket.name}/{it.key}#{md5(data).hexdigest()}"
    assert (blob.origin.name, blob.origin.size_bytes) == (it.name, size)
    assert (blob.origin.source_id, blob.origin.source_label) == ("trail", "trail")
    assert len(list(bucket.spool.iterdir())) == (size > MIB)
    blob.acknowledge()
    blob.acknowledge()
    assert list(bucket.spool.iterdir()) == []


def test_large_objects_are_read_in_parts(bucket: Bucket) -> None:
    bucket.fetch(bucket.put("large", bytes(2 * PART_BYTES + 1)))
    assert [it.status for it in bucket.proxy.requests(method="GET")] == [206, 206, 206]


def test_an_object_that_would_fill_the_disk_is_not_fetched(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bucket.put("large", bytes(3 * MIB))
    monkeypatch.setattr(s3_objects, "_LARGE_BYTES", 2 * MIB)
    usage = shutil.disk_usage(bucket.spool)
    for free, fits in ((12 * MIB, True), (12 * MIB - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        if fits:
            bucket.fetch(it).acknowledge()
        else:
            assert bucket.not_fetched(it).reason == code("object_too_large")


@pytest.mark.parametrize("announced", [0, 1])
def test_a_large_object_that_is_announced_as_small_is_read_in_parts_too(
    bucket: Bucket, announced: int
) -> None:
    data = os.urandom(PART_BYTES + 9)
    blob = bucket.fetch(replace(bucket.put("large", data), size_bytes=announced))
    assert read(blob) == data
    assert [it.status for it in bucket.proxy.requests(method="GET")] == [200, 206, 206]


@pytest.mark.parametrize("key", ["large", "odd//large"])
def test_an_object_that_is_replaced_between_two_parts_is_not_fetched(
    bucket: Bucket, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bucket.put(key, os.urandom(PART_BYTES + 9))
    reading = Objects._read

    def replaced_after_the_first(self: Objects, of: S3Object, start: int) -> Any:
        part = reading(self, of, start)
        if start == 0:
            bucket.put(key, os.urandom(PART_BYTES + 9))
        return part

    monkeypatch.setattr(Objects, "_read", replaced_after_the_first)
    assert bucket.not_fetched(it).reason == code("object_replaced")


def test_an_object_that_was_replaced_before_it_was_read_is_not_fetched(bucket: Bucket) -> None:
    first = bucket.put("a", b"first")
    second = bucket.put("a", b"second, and longer")
    assert bucket.not_fetched(first).reason == code("object_replaced")
    assert read(bucket.fetch(second)) == b"second, and longer"


@pytest.mark.parametrize("key", ["a", "odd//a"])
def test_an_object_that_is_shorter_than_was_announced_is_not_fetched_and_no_fault_of_the_world(
    bucket: Bucket, key: str
) -> None:
    it = replace(bucket.put(key, b""), size_bytes=PART_BYTES + 1)
    assert bucket.not_fetched(it).reason == code("object_replaced")


ODD_KEYS = [
    "a//b", "//a", "./x", "../x", "a/./b", "a/../../b", ".", "..", "/leading", "trailing/", "/", "a\x01b", "a\nb",
    "a b", "a+b", "a%2Fb", "a%20b", "100%", "%zz", "ü/€", "🌲", "a\\b", "a?b=c", "a#b", "a&b", "~a", "a*b", 'a"b',
    "<a>", "a:b;c", "a=b", " a ", "a'b", "e\u0301", "a" * 1024,
]  # fmt: skip


def test_keys_of_any_kind_are_read_and_never_taken_for_others(bucket: Bucket) -> None:
    put = [bucket.put(key, f"is {key}".encode()) for key in ODD_KEYS]
    put += [bucket.put(key, b"another") for key in ("leading", "trailing", "x", "b", "a/b")]
    for it in put[: len(ODD_KEYS)]:
        assert read(bucket.fetch(it)) == f"is {it.key}".encode(), it.key
        by_name_alone = bucket.fetch(replace(it, etag="", size_bytes=0))
        assert (by_name_alone.origin.id, read(by_name_alone)) == (it.origin_id, f"is {it.key}".encode())


def test_a_large_object_with_an_odd_key_is_read_in_parts(bucket: Bucket) -> None:
    data = os.urandom(2 * PART_BYTES + 7)
    it = bucket.put("odd//large", data)
    assert read(bucket.fetch(it)) == data
    assert read(bucket.fetch(replace(it, etag="", size_bytes=0))) == data


def test_an_object_that_is_announced_by_name_alone_has_the_identity_of_one_with_an_etag(
    bucket: Bucket,
) -> None:
    it = bucket.put("a", b"abc")
    blob = bucket.fetch(S3Object(bucket=it.bucket, key=it.key))
    assert (blob.origin.id, read(blob)) == (it.origin_id, b"abc")
    assert [it.method for it in bucket.proxy.requests(path="/a$")] == ["GET"]


def test_that_version_is_read_which_was_announced(bucket: Bucket) -> None:
    bucket.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "odd//a"):
        first = bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"first")
        bucket.put(key, b"second")
        it = S3Object(
            bucket=bucket.name,
            key=key,
            etag=first["ETag"].strip('"'),
            version=first["VersionId"],
            size_bytes=5,
        )
        assert read(bucket.fetch(it)) == b"first"
        assert bucket.not_fetched(replace(it, version="none")).reason == code("object_gone")
        assert bucket.not_fetched(replace(it, etag="0" * 32)).reason == code("object_replaced")


def test_the_time_in_a_name_stands_in_for_that_of_the_object(bucket: Bucket) -> None:
    named = bucket.put("AWSLogs/111122223333_CloudTrail_eu-central-1_20261128T1005Z_a.json.gz", b"a")
    assert to_rfc3339(bucket.fetch(named).origin.fallback_time).startswith("2026-11-28T10:05:00")
    other = bucket.put("a", b"a")
    modified = bucket.s3.head_object(Bucket=bucket.name, Key="a")["LastModified"].timestamp()
    assert bucket.fetch(other).origin.fallback_time == modified * 1_000_000


@pytest.mark.parametrize("key", ["none", "odd//none"])
def test_an_object_that_is_gone_is_not_fetched(bucket: Bucket, key: str) -> None:
    it = S3Object(bucket=bucket.name, key=key, etag="0" * 32)
    assert bucket.not_fetched(it).reason == code("object_gone")
    assert bucket.not_fetched(replace(it, etag="")).reason == code("object_gone")
    assert bucket.not_fetched(replace(it, bucket="there-is-none")).reason == code("object_gone")


def refused(status: int, said: str) -> "Fault":
    from tests.servers.faults import Refuse

    return Refuse(status, said, "In other words, & more.")


@pytest.mark.parametrize("key", ["ExpiredToken", "odd//ExpiredToken"])
def test_what_we_may_not_read_is_not_fetched(bucket: Bucket, key: str) -> None:
    it = bucket.put(key, b"a")
    bucket.proxy.add(refused(403, "AccessDenied"), path="ExpiredToken")
    denied = bucket.not_fetched(it)
    assert denied.reason == code("object_denied")
    assert denied.detail == f"{it.name}: AccessDenied: In other words, & more."
    assert len(bucket.proxy.requests(path="ExpiredToken")) == 1


@pytest.mark.parametrize("key", ["a", "odd//a"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "KMS.DisabledException"),
        (400, "KMS.NotFoundException"),
        (400, "InvalidRequest"),
        (405, "MethodNotAllowed"),
        (403, "InvalidObjectState"),
    ],
)
def test_what_is_refused_for_what_it_is_says_nothing_of_other_objects(
    bucket: Bucket, status: int, said: str, key: str
) -> None:
    it = bucket.put(key, b"a")
    bucket.proxy.add(refused(status, said), path="a$")
    denied = bucket.not_fetched(it)
    assert denied.reason == code("object_denied")
    assert said in denied.detail


@pytest.mark.parametrize("named", [True, False], ids=["etag", "name alone"])
@pytest.mark.parametrize("key", ["a", "odd//a"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "AuthorizationHeaderMalformed"),
        (409, "OperationAborted"),
        (400, "RequestTimeout"),
        (429, "SlowDown"),
        (403, "RequestTimeTooSkewed"),
        (403, "InvalidAccessKeyId"),
        (403, "SignatureDoesNotMatch"),
        (400, "ExpiredToken"),
        (403, "ExpiredToken"),
        (400, "InvalidToken"),
    ],
)
def test_a_fault_of_the_attempt_our_clock_or_credentials_is_none_of_the_object(
    bucket: Bucket, status: int, said: str, key: str, named: bool
) -> None:
    it = bucket.put(key, b"a")
    bucket.proxy.add(refused(status, said), path="a$")
    error = bucket.world_error(it if named else replace(it, etag=""))
    assert said in error.problems[0].message
    bucket.proxy.clear()
    assert read(bucket.fetch(it)) == b"a"


@pytest.mark.parametrize("key", ["a", "odd//a"])
@pytest.mark.parametrize("fault", ["INTERNAL_ERROR", "SLOW_DOWN", "UNAVAILABLE", "reset", "cut"])
def test_what_fails_once_is_tried_again_at_once_and_what_fails_on_is_the_world(
    bucket: Bucket, fault: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.servers import faults

    of_name: dict[str, Any] = {"reset": faults.Reset(), "cut": faults.Cut(100)}
    said = of_name.get(fault) or getattr(faults, fault)
    data = os.urandom(5_000)
    it = bucket.put(key, data)
    bucket.proxy.add(said, times=1)
    if (fault, key) == ("cut", "odd//a"):  # boto3 does not begin anew when it has begun to read
        bucket.world_error(it)
    assert read(bucket.fetch(it)) == data
    assert len(bucket.proxy.requests()) == 2
    monkeypatch.setattr(s3_objects, "_RETRIES", 1)
    again = Objects(make_session(region="eu-central-1"), name="trail", endpoint=bucket.proxy.endpoint)
    bucket.proxy.add(said)
    with pytest.raises(WorldError) as failed:
        again.fetch(it, spool=bucket.spool)
    again.close()
    assert failed.value.problems[0].code == code("source_unreachable")
    assert it.name in failed.value.problems[0].message


def test_an_object_that_is_cut_off_in_a_later_part_leaves_no_copy(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.servers.faults import Cut, Delay

    monkeypatch.setattr(s3_objects, "_RETRIES", 0)
    it = bucket.put("large", bytes(PART_BYTES + 9))
    bucket.proxy.add(Delay(0), times=1).add(Cut(3))
    bucket.world_error(it)
    assert len(bucket.proxy.requests(method="GET")) == 2


def test_a_server_that_does_not_answer_is_given_up(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.servers.faults import Delay

    monkeypatch.setattr(s3_objects, "_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(s3_objects, "_RETRIES", 0)
    it = bucket.put("a", b"a")
    bucket.proxy.add(Delay(5))
    assert bucket.world_error(it).problems[0].code == code("source_unreachable")


def test_a_server_that_is_not_there_is_the_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "_RETRIES", 0)
    nowhere = Objects(make_session(region="eu-central-1"), name="trail", endpoint="http://127.0.0.1:1")
    for key in ("a", "odd//a"):
        with pytest.raises(WorldError) as failed:
            nowhere.fetch(S3Object(bucket="trail", key=key), spool=tmp_path)
        assert failed.value.problems[0].code == code("source_unreachable")
    for listed in (lambda: list(nowhere.listed("trail", "")), lambda: nowhere.level("trail", "")):
        with pytest.raises(WorldError, match="cannot be listed"):
            listed()
    nowhere.close()
    nowhere.close()


def test_a_bucket_of_another_region_is_found(bucket: Bucket) -> None:
    it = bucket.put("a", b"abc")
    bucket.proxy.add(refused(301, "PermanentRedirect"), path="/a$", times=1)
    assert read(bucket.fetch(it)) == b"abc"


def test_a_spool_that_cannot_be_written_is_told_as_such(bucket: Bucket) -> None:
    it = bucket.put("a", bytes(MIB + 1))
    with pytest.raises(WorldError) as failed:
        bucket.objects.fetch(it, spool=bucket.spool / "none")
    assert "a copy of s3://" in failed.value.problems[0].message


# -- credentials -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["a", "odd//a"])
def test_a_wrong_key_is_refused_for_all_objects_and_no_secret_is_told(
    weedy: Bucket, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    it = weedy.put(key.replace("//", "/"), b"a")
    for access, secret in ((KEY, "another-secret"), ("another-key", "another-secret")):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token")
        stranger = Objects(make_session(region="eu-central-1"), name="trail", endpoint=weedy.proxy.endpoint)
        with pytest.raises(WorldError) as failed:
            stranger.fetch(replace(it, key=key), spool=weedy.spool)
        stranger.close()
        (problem,) = failed.value.problems
        assert problem.code == code("source_refused")
        assert "secret" not in str(failed.value)
        assert "token" not in str(failed.value)


def test_an_answer_that_repeats_the_request_is_not_told(bucket: Bucket) -> None:
    from tests.servers.faults import Refuse

    class Chatty(Refuse):
        def answer(self, request: Any) -> bytes:
            body = (
                "<Error><Code>SignatureDoesNotMatch</Code><Message>It does not match.</Message>"
                "<CanonicalRequest>x-amz-security-token:a-session-token</CanonicalRequest></Error>"
            )
            return f"HTTP/1.1 403 No\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    it = bucket.put("a", b"a")
    bucket.proxy.add(Chatty(403, "", ""))
    message = bucket.world_error(it).problems[0].message
    assert message == f"{it.name}: SignatureDoesNotMatch: It does not match."


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.parametrize("role", ["", "arn:aws:iam::444455556666:role/reader"])
@pytest.mark.parametrize("key", ["a", "odd//a"])
def test_who_has_no_credentials_is_told_so(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, role: str, key: str
) -> None:
    it = bucket.put(key, b"a")
    without_credentials(monkeypatch)
    session = make_session(region="eu-central-1", role_arn=role)
    nobody = Objects(session, name="trail", endpoint=bucket.proxy.endpoint)
    with pytest.raises(WorldError) as failed:
        nobody.fetch(it, spool=bucket.spool)
    nobody.close()
    assert failed.value.problems[0].code == code("source_refused")
    assert "credentials" in failed.value.problems[0].message


def test_a_role_is_assumed_with_its_external_id_and_its_credentials_are_used(
    ministack: "Ministack", bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.servers.proxy import proxy

    it = bucket.put("a", b"abc")
    with proxy(ministack.endpoint) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.endpoint)
        session = make_session(
            region="eu-central-1",
            role_arn="arn:aws:iam::444455556666:role/reader",
            external_id="an-external-id",
        )
        reader = Objects(session, name="trail", endpoint=bucket.proxy.endpoint)
        assert sts.requests() == []
        for _ in range(3):
            assert read(reader.fetch(it, spool=bucket.spool)) == b"abc"
        assert [page.key for page in reader.listed(bucket.name, "")] == ["a"]
        reader.close()
        assert len(sts.requests()) == 1
    frozen = session.get_credentials().get_frozen_credentials()
    assert frozen.token
    assert frozen.access_key != KEY


def test_a_role_that_is_refused_is_no_fault_of_the_object_and_the_external_id_is_not_told(
    ministack: "Ministack", bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.servers.proxy import proxy

    it = bucket.put("a", b"abc")
    odd = bucket.put("odd//a", b"abc")
    with proxy(ministack.endpoint) as sts:
        sts.add(refused(403, "AccessDenied"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.endpoint)
        session = make_session(
            region="eu-central-1",
            role_arn="arn:aws:iam::444455556666:role/reader",
            external_id="an-external-id",
        )
        reader = Objects(session, name="trail", endpoint=bucket.proxy.endpoint)
        for one in (it, odd):
            with pytest.raises(WorldError) as failed:
                reader.fetch(one, spool=bucket.spool)
            assert failed.value.problems[0].code == code("source_refused")
            assert "AssumeRole" in failed.value.problems[0].message
            assert "an-external-id" not in str(failed.value)
        sts.clear()
        assert read(reader.fetch(it, spool=bucket.spool)) == b"abc"
        reader.close()


def test_a_profile_gives_its_credentials_and_a_missing_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_credentials(monkeypatch)
    (tmp_path / "config").write_text(
        "[profile reader]\naws_access_key_id = of-a-file\naws_secret_access_key = b\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert make_session(profile="reader").get_credentials().access_key == "of-a-file"
    for role in ("", "arn:aws:iam::444455556666:role/reader"):
        with pytest.raises(WorldError, match="nobody") as failed:
            make_session(profile="nobody", role_arn=role)
        assert failed.value.problems[0].code == code("source_refused")


@pytest.mark.parametrize(
    ("url", "region", "endpoint"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/111122223333/trail", "eu-central-1", ""),
        ("https://eu-west-1.queue.amazonaws.com/111122223333/trail", "eu-west-1", ""),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/trail", "cn-north-1", ""),
        ("http://127.0.0.1:4566/111122223333/trail", "", "http://127.0.0.1:4566"),
        ("https://sqs.example.com/111122223333/trail", "", "https://sqs.example.com"),
        (
            "https://sqs.eu-west-1.amazonaws.com.example.com/1/t",
            "",
            "https://sqs.eu-west-1.amazonaws.com.example.com",
        ),
        (
            "https://sqs-fips.us-east-1.amazonaws.com/1/t",
            "us-east-1",
            "https://sqs-fips.us-east-1.amazonaws.com",
        ),
        ("https://sqs.eu-west-1.api.aws/1/t", "eu-west-1", "https://sqs.eu-west-1.api.aws"),
        (
            "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/t",
            "eu-west-1",
            "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com",
        ),
    ],
)
def test_the_url_of_a_queue_names_its_region_and_its_server(url: str, region: str, endpoint: str) -> None:
    assert (region_of_queue(url), endpoint_of_queue(url)) == (region, endpoint)


# -- listings ----------------------------------------------------------------------------------------------


KEYS_OF_A_LISTING = ["AWSLogs/0", "AWSLogs/1", "AWSLogs/a//b", "AWSLogs/b", "AWSLogs/ü"]


@pytest.mark.parametrize("page", [1, 2, 5, 1_000])
def test_a_listing_has_every_object_once(bucket: Bucket, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "_PAGE_KEYS", page)
    put = [bucket.put(key, b"a") for key in KEYS_OF_A_LISTING]
    bucket.put("other", b"a")
    assert list(bucket.objects.listed(bucket.name, "AWSLogs/")) == put
    assert list(bucket.objects.listed(bucket.name, "none/")) == []


@pytest.mark.slow
def test_a_listing_of_more_than_a_thousand_objects_is_whole(bucket: Bucket) -> None:
    keys = [f"{number:04}" for number in range(1_005)]
    for key in keys:
        bucket.put(key, b"")
    assert [it.key for it in bucket.objects.listed(bucket.name, "")] == keys


def test_a_level_has_the_next_parts_of_keys_and_the_objects_beside_them(bucket: Bucket) -> None:
    put = {key: bucket.put(key, b"1") for key in ("a/x/1", "a/x/2", "a/b/1", "a/file", "c/1", "a/", "top")}
    assert bucket.objects.level(bucket.name, "a/") == (["b", "x"], [put["a/"], put["a/file"]])
    assert bucket.objects.level(bucket.name, "") == (["a", "c"], [put["top"]])
    assert bucket.objects.level(bucket.name, "a/x/") == ([], [put["a/x/1"], put["a/x/2"]])
    assert bucket.objects.level(bucket.name, "a/", begins="f") == ([], [put["a/file"]])


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [(403, "AccessDenied", "source_refused"), (404, "NoSuchBucket", "source_refused"),
     (503, "SlowDown", "source_unreachable")],
)  # fmt: skip
def test_a_listing_that_is_refused_says_by_whom(
    bucket: Bucket, status: int, said: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "_RETRIES", 1)
    bucket.proxy.add(refused(status, said))
    for listed in (
        lambda: list(bucket.objects.listed(bucket.name, "")),
        lambda: bucket.objects.level(bucket.name, ""),
    ):
        with pytest.raises(WorldError) as failed:
            listed()
        assert failed.value.problems[0].code == code(expected)
