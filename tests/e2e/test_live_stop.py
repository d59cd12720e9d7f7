"""A server that is stopped in the midst of much work, and what the next one finds; how soon an alert is there."""

import gzip
import json
import os
import signal
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from tests.announced import BUCKET, Announced, Known
from tests.kept import write_rules
from tests.live import count, eventually, following, s3_source, write_settings
from tests.servers.announcements import announcement, send
from tests.servers.detections import undisturbed
from tests.servers.trail import TrailObject, make_trail
from tests.support import record

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

SLOW = """
METADATA = {"id": "Takes.Long", "log_types": ["AWS.CloudTrail"], "severity": "Info"}
import time
def rule(event):
    time.sleep(0.02)
    return False
"""
MOST_SECONDS = 10
"""In which an object is an alert, in 19 of 20 cases, when there is nothing else to do."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("known")
    trail = make_trail(9, objects=80, events=500)
    comes_of_it = undisturbed(trail, folder)
    (folder / "rules/takes_long.py").write_text(SLOW)
    return Known(trail, folder / "rules", comes_of_it)


@pytest.fixture
def announced(ministack: "Ministack", known: Known) -> Announced:
    return Announced(ministack, known)


def settings_of(folder: Path, announced: Announced) -> Path:
    source = s3_source(announced.queue, announced.server.endpoint, more="hidden_seconds = 600\n")
    more = "[limits]\ngroup_bytes = 4096\n[deploy]\ncheck_seconds = 0\n"
    return write_settings(folder, source, packs=[announced.known.rules], more=more)


@pytest.mark.slow
def test_a_stop_in_the_midst_of_work_finishes_what_is_begun_and_gives_back_the_rest_at_once(
    tmp_path: Path, announced: Announced
) -> None:
    home = tmp_path / "home"
    settings = settings_of(tmp_path, announced)
    announced.announce()
    with following(settings) as process:
        eventually(lambda: count(home, t.origin) > 0, process=process)
        begun = time.monotonic()
        assert process.stop() == 0
        took = time.monotonic() - begun
    left = announced.visible()
    assert left == announced.left() > 0
    assert count(home, t.origin) < len(announced.known.trail.objects)
    assert took < 30
    with following(settings, log="second") as process:
        announced.is_read(process)
        assert process.stop() == 0
    announced.holds(home)


@pytest.mark.slow
def test_two_interrupts_end_a_server_at_once_and_lose_nothing(tmp_path: Path, announced: Announced) -> None:
    home = tmp_path / "home"
    settings = settings_of(tmp_path, announced)
    text = settings.read_text().replace("hidden_seconds = 600", "hidden_seconds = 8")
    settings.write_text(text.replace("wait_seconds = 1", "wait_seconds = 20"))
    announced.announce()
    with following(settings) as process:
        eventually(lambda: count(home, t.origin) > 0, process=process)
        os.kill(process.process.pid, signal.SIGINT)
        eventually(lambda: any(it["event"] == "stopping" for it in process.told()), process=process)
        os.kill(process.process.pid, signal.SIGINT)
        assert process.process.wait(timeout=3) == 128 + signal.SIGINT
    settings.write_text(text)
    with following(settings, log="second") as process, following(settings, log="third") as beside:
        announced.is_read(process)
        assert [it.stop() for it in (beside, process)] == [0, 0]
    announced.holds(home)


@pytest.mark.slow
def test_an_object_is_an_alert_within_seconds(tmp_path: Path, ministack: "Ministack", known: Known) -> None:
    announced = Announced(ministack, known)
    settings = settings_of(tmp_path, announced)
    text = settings.read_text().replace(str(known.rules), str(write_rules(tmp_path / "quick")))
    live = "[live]\ngroup_seconds = 0.2\npublish_seconds = 1\nwait_seconds = 1\n"
    settings.write_text(text.replace(live, ""))  # as they are where nothing is set
    took = []
    with following(settings) as process:
        eventually(lambda: any(it["event"] == "started" for it in process.told()), process=process)
        for number in range(20):
            begun = time.monotonic()
            announce(announced, number)
            eventually(partial(opens, tmp_path / "home", number + 1), process=process)
            took.append(time.monotonic() - begun)
        assert process.stop() == 0
    took.sort()
    print(f"from put_object to alert: median {took[9]:.1f} s, p95 {took[18]:.1f} s, longest {took[19]:.1f} s")
    assert took[18] < MOST_SECONDS


def announce(announced: Announced, number: int) -> None:
    event = record(number, eventName="RunInstances", userIdentity={"userName": f"user-{number}"})
    body = gzip.compress(json.dumps({"Records": [event]}).encode(), mtime=0)
    key = f"AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/28/{number}.json.gz"
    announced.server.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    told = announcement(BUCKET, [TrailObject(key, body, 1, datetime(2026, 11, 28, tzinfo=UTC))])
    send(announced.server.client("sqs"), announced.queue, [told])


def opens(home: Path, alerts: int) -> bool:
    return alerts == count(home, select(alert).where(alert.c.rule_id == "Every.Hour").subquery())
