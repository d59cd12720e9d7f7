"""The proxy that tests put before servers: what it passes on, and what it does instead."""

import gc
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import obstore
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError
from obstore.exceptions import GenericError, PermissionDeniedError
from obstore.store import S3Store
from tests.servers.clients import KEY, REGION, client
from tests.servers.faults import (
    ACCESS_DENIED,
    INTERNAL_ERROR,
    NO_SUCH_KEY,
    SLOW_DOWN,
    THROTTLED,
    Cut,
    Delay,
    Fault,
    Faults,
    Request,
    Reset,
)
from tests.servers.ministack import Ministack
from tests.servers.proxy import proxy
from tests.servers.seaweed import Seaweed

BUCKET = "faults"
BODY = bytes(range(256)) * 4_096
"""A megabyte, so that it comes in several pieces."""


@dataclass(frozen=True)
class Place:
    """A server of S3 behind the proxy, that holds an object `a/b c+d`."""

    faults: Faults
    s3: Any

    def store(self, *, retries: int = 0, seconds: float = 5) -> S3Store:
        """A client that is not boto3's."""
        return S3Store(
            BUCKET,
            endpoint=self.faults.endpoint,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=KEY,
            client_options={"allow_http": True, "timeout": timedelta(seconds=seconds)},
            retry_config={"max_retries": retries},
        )

    def get(self) -> bytes:
        """The object, by boto3."""
        return bytes(self.s3.get_object(Bucket=BUCKET, Key="a/b c+d")["Body"].read())

    def get_other(self) -> bytes:
        """The object, by the other client."""
        return bytes(obstore.get(self.store(), "a/b c+d").bytes())


@pytest.fixture(params=["seaweed", "ministack"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    server: Seaweed | Ministack = request.getfixturevalue(request.param)
    if isinstance(server, Seaweed):
        server.empty(BUCKET)
    else:
        server.client("s3").create_bucket(Bucket=BUCKET)
    with proxy(server.endpoint) as faults:
        s3 = client("s3", faults.endpoint, read_seconds=1)
        try:
            s3.put_object(Bucket=BUCKET, Key="a/b c+d", Body=BODY)
            faults.forget()
            yield Place(faults, s3)
        finally:
            s3.close()


def test_what_is_signed_is_passed_on_and_counted(place: Place) -> None:
    assert place.get() == place.get_other() == BODY
    obstore.put(place.store(), "other", BODY)
    assert place.s3.head_object(Bucket=BUCKET, Key="other")["ContentLength"] == len(BODY)
    assert [one["Key"] for one in place.s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["a/b c+d", "other"]
    assert [(one.method, one.path, one.status) for one in place.faults.requests()] == [
        ("GET", "/faults/a/b c+d", 200),
        ("GET", "/faults/a/b c+d", 200),
        ("PUT", "/faults/other", 200),
        ("HEAD", "/faults/other", 200),
        ("GET", "/faults", 200),
    ]
    assert len(place.faults.requests(method="PUT", path="other$")) == 1


@pytest.mark.parametrize("fault", [INTERNAL_ERROR, SLOW_DOWN, ACCESS_DENIED, NO_SUCH_KEY])
def test_a_refusal_is_read_as_one_of_s3(place: Place, fault: Fault) -> None:
    place.faults.add(fault, path="/a/", times=1)
    with pytest.raises(ClientError) as raised:
        place.get()
    error = raised.value.response
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (fault.status, fault.code)  # type: ignore[union-attr]  # all four are refusals
    assert place.get() == BODY


def test_a_refusal_of_a_question_for_the_head_has_no_body(place: Place) -> None:
    place.faults.add(NO_SUCH_KEY, method="HEAD")
    with pytest.raises(ClientError, match="404"):
        place.s3.head_object(Bucket=BUCKET, Key="a/b c+d")
    assert NO_SUCH_KEY.answer(Request(method="HEAD", path="/", query="", operation="")).endswith(b"\r\n\r\n")


def test_other_clients_tell_refusals_apart(place: Place) -> None:
    place.faults.add(ACCESS_DENIED)
    with pytest.raises(PermissionDeniedError, match="AccessDenied"):
        place.get_other()
    place.faults.clear()
    place.faults.add(SLOW_DOWN, times=2)
    assert bytes(obstore.get(place.store(retries=2), "a/b c+d").bytes()) == BODY


def test_a_connection_is_reset_before_or_after_the_server_has_done_it(place: Place) -> None:
    for done in (False, True):
        place.faults.add(Reset(done=done), method="PUT", times=1)
        with pytest.raises(ConnectionClosedError):
            place.s3.put_object(Bucket=BUCKET, Key=f"done {done}", Body=b"1")
    keys = [one["Key"] for one in place.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == ["a/b c+d", "done True"]
    assert [one.status for one in place.faults.requests(method="PUT")] == [0, 0]


@pytest.mark.parametrize("kept", [0, 10, len(BODY) - 1])
def test_an_object_is_cut_off(place: Place, kept: int) -> None:
    place.faults.add(Cut(kept), method="GET", times=2)
    with pytest.raises(ResponseStreamingError, match=f"{kept} bytes read, {len(BODY) - kept} more expected"):
        place.get()
    with pytest.raises(GenericError, match="body error"):
        place.get_other()
    assert place.get() == BODY


@pytest.mark.parametrize("fault", [Delay(60), Cut(10, stall_seconds=60)])
def test_an_answer_that_comes_late_or_not_to_its_end_is_not_waited_for(place: Place, fault: Fault) -> None:
    place.faults.add(fault, times=1)
    with pytest.raises((ReadTimeoutError, ResponseStreamingError), match=r"[Tt]imed? ?out"):
        place.get()
    assert place.get() == BODY


def test_a_share_of_the_requests_is_struck_by_a_seed(place: Place) -> None:
    def struck(seed: int) -> list[int]:
        place.faults.clear()
        place.faults.forget()
        place.faults.add(SLOW_DOWN, share=0.5, seed=seed)
        for _ in range(20):
            with suppress(ClientError):
                place.s3.head_object(Bucket=BUCKET, Key="a/b c+d")
        return [one.status for one in place.faults.requests()]

    first = struck(1)
    assert set(first) == {200, 503}
    assert struck(1) == first
    assert struck(2) != first


def test_messages_are_throttled_or_lost_on_their_way(ministack: Ministack) -> None:
    with proxy(ministack.endpoint) as faults:
        sqs = client("sqs", faults.endpoint)
        try:
            url = sqs.create_queue(QueueName="queue")["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="1")
            faults.add(THROTTLED, operation="ReceiveMessage", times=1)
            with pytest.raises(sqs.exceptions.RequestThrottled, match="due to request throttling"):
                sqs.receive_message(QueueUrl=url)
            faults.add(Reset(done=True), operation="ReceiveMessage", times=1)
            with pytest.raises(ConnectionClosedError):
                sqs.receive_message(QueueUrl=url)
            assert "Messages" not in sqs.receive_message(
                QueueUrl=url
            )  # it was given, and is not seen for a while
            assert [one.status for one in faults.requests(operation="ReceiveMessage")] == [403, 0, 200]
        finally:
            sqs.close()


def test_the_proxy_ends_while_requests_are_on_their_way(ministack: Ministack) -> None:
    s3 = ministack.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="large", Body=bytes(30 << 20))
    with proxy(ministack.endpoint) as faults, ExitStack() as asking:
        faults.add(Delay(60), path="late")
        address = ("127.0.0.1", int(faults.endpoint.rpartition(":")[2]))
        for path in (b"/late", b"/faults/large"):  # one waits, of one the answer is not read
            client_ = asking.enter_context(socket.create_connection(address))
            client_.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        asking.enter_context(socket.create_connection(address))
        deadline = time.monotonic() + 10
        while not faults.requests(path="large"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)
        started = time.monotonic()
        held = asking.pop_all()
    with held:
        assert time.monotonic() - started < 5
        assert "faults" not in {thread.name for thread in threading.enumerate()}


def test_the_proxy_leaves_nothing_open_that_it_was_about_to_take() -> None:
    for _ in range(20):
        with proxy("http://127.0.0.1:9") as faults:  # no one is asked
            address = ("127.0.0.1", int(faults.endpoint.rpartition(":")[2]))
            connections = [socket.create_connection(address) for _ in range(3)]
        for one in connections:
            one.close()
        gc.collect()  # what is left open is told of as a warning, which is an error
