"""The past of a bucket comes to its end: all of it, as often as S3 fails, or as far as S3 lets us."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from trailcam.contracts.source import Exhausted, Notice
from trailcam.errors import Problem, WorldError, code
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_past import S3Past


class Nothing:
    """Stands in for `Objects`."""

    def __init__(self, fault: WorldError | None = None) -> None:
        self.fault = fault

    def fetch(self, it: S3Object, *, spool: Path) -> Any:
        if self.fault is not None:
            raise self.fault
        return it


def fault(name: str) -> WorldError:
    return WorldError(Problem(code=code(name), message="s3://trail/ cannot be listed: so it is"))


def object_of(number: int) -> S3Object:
    return S3Object(bucket="trail", key=f"{number}", etag="e", size_bytes=1)


def past(
    find: Callable[[], Iterator[S3Object]],
    *,
    objects: Nothing | None = None,
    stop: threading.Event | None = None,
    per_second: float = 0,
) -> S3Past:
    given: Any = objects or Nothing()
    return S3Past(find, given, stop=stop or threading.Event(), per_second=per_second)


def broken_off(*faults: WorldError) -> Callable[[], Iterator[S3Object]]:
    """Listings of three objects; the first ones break off after the second object."""
    left = list(faults)

    def find() -> Iterator[S3Object]:
        yield object_of(1)
        yield object_of(2)
        if left:
            raise left.pop(0)
        yield object_of(3)

    return find


def received(source: S3Past) -> Iterator[Notice]:
    """All that is announced to its end, each settled at once; faults that pass are waited for."""
    while True:
        try:
            notices = source.receive(wait_seconds=0)
        except WorldError:
            continue
        except Exhausted:
            return
        source.settle(notices)
        yield from notices


def test_a_listing_that_fails_begins_anew_and_loses_nothing() -> None:
    source = past(broken_off(fault("source_unreachable"), fault("source_unreachable")))
    assert {notice.name for notice in received(source)} == {f"s3://trail/{number}" for number in (1, 2, 3)}
    assert source.refused is None
    assert (source.announced, source.settled) == (3, 3)


def test_a_listing_that_is_refused_is_at_its_end_and_what_it_found_is_kept() -> None:
    refused = fault("source_refused")
    source = past(broken_off(refused))
    assert [notice.name for notice in received(source)] == ["s3://trail/1", "s3://trail/2"]
    assert source.refused is refused
    assert source.is_listed
    assert not source.is_shut_out


def test_what_is_in_hand_is_waited_for_after_a_refusal() -> None:
    source = past(broken_off(fault("source_refused")))
    in_hand = source.receive(wait_seconds=0)
    assert source.receive(wait_seconds=0) == ()
    source.postpone(in_hand, seconds=0)
    again = source.receive(wait_seconds=0)
    assert [notice.tries for notice in again] == [2, 2]
    source.settle(again)
    with pytest.raises(Exhausted):
        source.receive(wait_seconds=0)


@pytest.mark.parametrize(("name", "shut_out"), [("source_refused", True), ("source_unreachable", False)])
def test_credentials_that_do_not_hold_for_a_while_shut_us_out(
    name: str, shut_out: bool, tmp_path: Path
) -> None:
    objects, now = Nothing(), [0.0]
    given: Any = objects
    source = S3Past(broken_off(), given, stop=threading.Event(), clock=lambda: now[0])
    (notice, *_) = source.receive(wait_seconds=0)

    def fetched(at: float, failing: WorldError | None) -> bool:
        objects.fault, now[0] = failing, at
        with suppress(WorldError):
            source.fetch(notice, spool=tmp_path)
        return source.is_shut_out

    failing = fault(name)
    assert not fetched(0, failing)
    assert not fetched(59, failing)
    assert not fetched(60, None)
    assert not fetched(100, failing)
    assert fetched(160, failing) is shut_out
    assert source.refused is (failing if shut_out else None)


def test_nobody_waits_for_a_turn_or_for_news_after_a_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    source = past(broken_off(), stop=stop, per_second=0.001)
    notices = source.receive(wait_seconds=0)
    begun = time.monotonic()
    source.fetch(notices[0], spool=tmp_path)
    threading.Timer(0.1, stop.set).start()
    source.fetch(notices[1], spool=tmp_path)
    assert source.receive(wait_seconds=100) == ()
    assert time.monotonic() - begun < 5


def test_a_rate_is_kept(tmp_path: Path) -> None:
    source = past(broken_off(), per_second=20)
    begun = time.monotonic()
    for notice in source.receive(wait_seconds=0):
        source.fetch(notice, spool=tmp_path)
    assert time.monotonic() - begun >= 0.1
