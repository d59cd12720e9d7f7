"""The world fails a server that follows a trail: nothing is lost, nothing is there twice, the log says it once."""

import os
import shlex
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.announced import Announced, Known
from tests.live import Following, count, eventually, following, s3_source, write_settings
from tests.servers.detections import undisturbed
from tests.servers.faults import (
    INTERNAL_ERROR,
    SLOW_DOWN,
    THROTTLED,
    UNAVAILABLE,
    Cut,
    Delay,
    Faults,
    Reset,
)
from tests.servers.proxy import proxy
from tests.servers.trail import make_trail
from tests.world import boxed, powerless

from trailcam.commit import tables as t

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

IMPATIENT = """
from trailcam.app import intake, follow
from trailcam.lake import iceberg
from trailcam.state.database import Database
intake._POSTPONED_SECONDS = intake._STEADY_SECONDS = follow._PAUSE_SECONDS = 1.0
intake._PAUSES_SECONDS = (0.5,)
Database.__init__.__kwdefaults__["lock_seconds"] = iceberg._LOCK_SECONDS = 1
"""
"""A server that does not wait as long as one outside of tests does before it tries again."""

SMALL = "[limits]\ngroup_bytes = 8192\nrule_seconds = 2\n[deploy]\ncheck_seconds = 0\n"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("known")
    trail = make_trail(7, objects=100, events=700)
    comes_of_it = undisturbed(trail, folder)
    return Known(trail, folder / "rules", comes_of_it)


@pytest.fixture
def announced(ministack: "Ministack", known: Known) -> Announced:
    return Announced(ministack, known)


@pytest.fixture
def s3(ministack: "Ministack") -> Iterator[Faults]:
    with proxy(ministack.endpoint) as faults:
        yield faults


@pytest.fixture
def sqs(ministack: "Ministack") -> Iterator[Faults]:
    with proxy(ministack.endpoint) as faults:
        yield faults


def settings_of(
    folder: Path, announced: Announced, *, s3: Faults | None = None, sqs: Faults | None = None, more: str = ""
) -> Path:
    objects = s3.endpoint if s3 else announced.server.endpoint
    queue = announced.queue_at(sqs.endpoint) if sqs else announced.queue
    return write_settings(
        folder, s3_source(queue, objects, more=more), packs=[announced.known.rules], more=SMALL
    )


def said(process: Following, what: str) -> list[dict[str, Any]]:
    return [line for line in process.told() if line["event"] == what]


def is_told_once(process: Following, part: str) -> None:
    """Asserts that the log has one line of the fault and one of its end, and waits for that."""
    eventually(lambda: said(process, "source works again"), process=process)
    for what in ("source fails", "source works again"):
        assert [line["part"] for line in said(process, what)] == [part], process.log.read_text()


# -- S3 ----------------------------------------------------------------------------------------------------


def test_s3_that_fails_a_share_of_requests_costs_time_and_nothing_else(
    tmp_path: Path, announced: Announced, s3: Faults
) -> None:
    s3.add(INTERNAL_ERROR, method="GET", share=0.3, seed=1)
    s3.add(SLOW_DOWN, method="GET", share=0.3, seed=2)
    s3.add(Reset(), method="GET", share=0.2, seed=3)
    s3.add(Reset(done=True), method="GET", share=0.2, seed=4)
    s3.add(Cut(kept_bytes=60), method="GET", share=0.4, seed=5)
    announced.announce()
    with following(settings_of(tmp_path, announced, s3=s3), first=IMPATIENT) as process:
        eventually(lambda: len(s3.requests()) >= 150, process=process)
        s3.clear()
        announced.is_read(process)
        is_told_once(process, "objects")
        assert process.stop() == 0
    kinds = {type(one.fault) for one in s3.requests() if one.fault}
    assert len(kinds) == 3
    announced.holds(tmp_path / "home")


def test_s3_that_is_gone_for_a_while_burns_no_receives_and_is_told_once(
    tmp_path: Path, announced: Announced, s3: Faults
) -> None:
    s3.add(UNAVAILABLE)
    announced.announce()
    with following(settings_of(tmp_path, announced, s3=s3), first=IMPATIENT) as process:
        eventually(lambda: said(process, "source fails"), process=process)
        time.sleep(3)
        in_hand = announced.left() - announced.visible()
        assert in_hand <= 20
        s3.clear()
        announced.is_read(process)
        is_told_once(process, "objects")
        assert process.stop() == 0
    announced.holds(tmp_path / "home")


# -- SQS ---------------------------------------------------------------------------------------------------


def test_sqs_that_fails_for_a_while_is_told_once_and_all_is_read_when_it_is_back(
    tmp_path: Path, announced: Announced, sqs: Faults
) -> None:
    announced.announce(0, 0.5)
    with following(settings_of(tmp_path, announced, sqs=sqs), first=IMPATIENT) as process:
        eventually(lambda: count(tmp_path / "home", t.origin) > 10, process=process)
        sqs.add(Reset(), share=0.5, seed=1)
        sqs.add(UNAVAILABLE, share=0.5, seed=2)
        sqs.add(THROTTLED)
        eventually(lambda: said(process, "source fails"), process=process)
        announced.announce(0.5, 1)
        time.sleep(1)
        sqs.clear()
        announced.is_read(process, seconds=150)
        is_told_once(process, "announcements")
        assert process.stop() == 0
    announced.holds(tmp_path / "home")


@pytest.mark.slow
def test_what_becomes_visible_in_mid_object_is_read_once(
    tmp_path: Path, announced: Announced, s3: Faults, sqs: Faults
) -> None:
    s3.add(Delay(5), method="GET", share=0.1, seed=1)
    sqs.add(THROTTLED, operation="ChangeMessageVisibilityBatch")
    announced.announce()
    settings = settings_of(tmp_path, announced, s3=s3, sqs=sqs, more="hidden_seconds = 2\n")
    with following(settings, first=IMPATIENT) as process:
        announced.is_read(process, seconds=120)
        assert process.stop() == 0
    assert sqs.requests(operation="ChangeMessageVisibilityBatch")
    announced.holds(tmp_path / "home")
