"""The world fails a server that follows a trail: nothing is lost, nothing is there twice, the log says it once."""

import gzip
import json
import os
import shlex
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.announced import Announced, Known
from tests.kept import everything, verified
from tests.live import Following, count, eventually, following, s3_source, write_settings
from tests.servers.announcements import announcement, send
from tests.servers.detections import undisturbed, write_detections
from tests.servers.faults import (
    ACCESS_DENIED,
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
from tests.servers.trail import TrailObject, make_trail
from tests.support import record, trailcam
from tests.world import boxed, powerless

from trailcam.commit import tables as t
from trailcam.errors import code

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

pytestmark = pytest.mark.slow

IMPATIENT = """
from trailcam.app.live import intake, follow
from trailcam.lake import iceberg
from trailcam.state.database import Database
intake._POSTPONED_SECONDS = follow._PAUSE_SECONDS = 1.0
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


# -- the home ----------------------------------------------------------------------------------------------


@contextmanager
def held(database: Path, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Another process has locked a database."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as holder:
        holder.execute(begin)
        yield


@contextmanager
def shut(folder: Path) -> Iterator[None]:
    """A folder and those below let nobody write."""
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in folders:
            path.chmod(0o755)


def test_a_home_that_refuses_for_a_while_costs_time_and_nothing_else(
    tmp_path: Path, announced: Announced
) -> None:
    home = tmp_path / "home"
    with following(settings_of(tmp_path, announced), first=IMPATIENT, wrap=powerless) as process:
        announced.announce(0, 0.2)
        eventually((home / "lake/catalog.db").exists, process=process)
        announced.is_read(process)

        with held(home / "state.db"):
            announced.announce(0.2, 0.5)
            eventually(lambda: said(process, "state fails") or said(process, "home fails"), process=process)
            time.sleep(3)
        announced.is_read(process)

        with held(home / "lake/catalog.db", "BEGIN EXCLUSIVE"):
            announced.announce(0.5, 0.7)
            announced.is_read(process)  # what is decided is safe: nobody waits for the lake
            eventually(lambda: said(process, "lake refuses"), process=process)
        eventually(lambda: said(process, "lake works again"), process=process)

        with shut(home / "lake/warehouse"):
            announced.announce(0.7, 1)
            eventually(lambda: said(process, "home fails"), process=process)
            time.sleep(2)
        announced.is_read(process)
        eventually(
            lambda: len(said(process, "home works again")) == len(said(process, "home fails")),
            process=process,
        )
        assert process.stop() == 0
    told = [line["event"] for line in process.told()]
    assert len(told) < 40, told
    announced.holds(home)
    with sqlite3.connect(home / "state.db") as state:
        assert state.execute("SELECT count(*) FROM staged_file WHERE seq IS NULL").fetchall() == [(0,)]


def kept_after(disk: Path, kept: Path) -> str:
    """Shell that runs a command, passes on SIGTERM, and copies a disk when the command has ended."""
    return (
        f'"$@" & pid=$!; trap "kill -TERM $pid" TERM; wait $pid; wait $pid; code=$?; '
        f"cp -a {shlex.quote(str(disk))} {shlex.quote(str(kept))}; exit $code"
    )


def test_a_disk_that_is_full_for_a_while_costs_time_and_nothing_else(
    tmp_path: Path, announced: Announced
) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    settings = settings_of(tmp_path, announced)
    settings.write_text(settings.read_text().replace('home = "home"', 'home = "disk/home"'))

    def wrap(command: list[str]) -> list[str]:
        return boxed(["sh", "-c", kept_after(disk, kept), "sh", *command], disk, size="30m")

    with following(
        settings, first=IMPATIENT, wrap=wrap, env={"TRAILCAM_HOME": str(disk / "home")}
    ) as process:
        inside = Path(f"/proc/{process.process.pid}/root{disk}")
        announced.announce(0, 0.3)
        announced.is_read(process)
        ballast = inside / "ballast"
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        announced.announce(0.3, 1)
        eventually(
            lambda: any(line.get("code") == code("disk_full") for line in process.told()), process=process
        )
        time.sleep(3)
        assert announced.left() > 0
        ballast.unlink()
        announced.is_read(process)
        assert process.stop() == 0
    faults = [line["event"] for line in process.told() if line["event"].endswith("fails")]
    assert len(faults) == len(set(faults))
    disk.rmdir()
    kept.rename(disk)
    announced.holds(disk / "home")


# -- time --------------------------------------------------------------------------------------------------

JUMPING = """
import time
real = time.time
def jumping():
    try:
        with open({file!r}) as moved:
            return real() + float(moved.read() or 0)
    except (OSError, ValueError):
        return real()
time.time = jumping
"""


def tree_of(pid: int) -> list[int]:
    """A process and all that came of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in tree_of(int(child)))]


def signalled(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def test_a_clock_that_jumps_by_a_day_and_back_changes_nothing_and_alarms_nobody(
    tmp_path: Path, announced: Announced
) -> None:
    home, moved = tmp_path / "home", tmp_path / "moved"
    first = JUMPING.format(file=str(moved)) + IMPATIENT
    with following(settings_of(tmp_path, announced), first=first) as process:
        for part, days in enumerate((0, 1, 0, -1)):
            moved.write_text(str(days * 86_400))
            announced.announce(part / 4, (part + 1) / 4)
            announced.is_read(process)
            if part == 0:  # an old habit: it has been heard for two days, and never was silent for long
                with closing(sqlite3.connect(home / "state.db", timeout=30)) as state:
                    state.execute("UPDATE place SET first_arrival = first_arrival - 2 * 86400000000")
                    state.commit()
            time.sleep(6)  # somebody looks for silence
        assert process.stop() == 0
    announced.holds(home)
    with closing(sqlite3.connect(home / "state.db")) as state:
        silences = state.execute("SELECT silences FROM place").fetchall()
    assert all(int(value) < 3_600 for (it,) in silences for value in json.loads(it).values())


def stop_between_writes(home: Path, pids: list[int]) -> None:
    """Stops processes when none of them has the state locked, for nobody can write while that is stopped."""
    while True:
        signalled(pids, signal.SIGSTOP)
        with closing(sqlite3.connect(home / "state.db", isolation_level=None, timeout=0.5)) as state:
            try:
                state.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                signalled(pids, signal.SIGCONT)
                time.sleep(0.01)
            else:
                return


@pytest.mark.parametrize(("whom", "seconds"), [("all", 30), ("parent", 5), ("worker", 5)])
def test_processes_that_are_stopped_for_a_while_lose_nothing_and_accuse_no_rule(
    tmp_path: Path, announced: Announced, whom: str, seconds: float
) -> None:
    settings = settings_of(tmp_path, announced, more="hidden_seconds = 3\n")
    with following(settings, first=IMPATIENT, workers=2) as process:
        announced.announce(0, 0.5)
        eventually(lambda: count(tmp_path / "home", t.origin) > 0, process=process)
        pids = tree_of(process.process.pid)
        stopped = {"all": pids, "parent": pids[:1], "worker": pids[-1:]}[whom]
        stop_between_writes(tmp_path / "home", stopped)
        announced.announce(0.5, 1)
        if whom == "parent":
            with following(settings, command="worker", first=IMPATIENT, log="worker") as other:
                time.sleep(seconds)
                announced.is_read(other, seconds=90)
                assert other.stop() == 0
        else:
            time.sleep(seconds)
        signalled(stopped, signal.SIGCONT)
        announced.is_read(process, seconds=90)
        assert process.stop() == 0
    announced.holds(tmp_path / "home")


# -- what cannot be read -----------------------------------------------------------------------------------


def bad_objects() -> dict[str, bytes]:
    """Objects of which something cannot be read, and how many events can."""
    event = record(1, eventName="StopLogging", recipientAccountId="111122223333")
    whole = gzip.compress(json.dumps({"Records": [event]}).encode(), mtime=0)
    large = record(2, requestParameters={"text": "ü" * 128_000, "key": "日本/ключ"})
    return {
        "AWSLogs/whole.json.gz": whole,
        "AWSLogs/a b+c%2B/ü—日本.json.gz": gzip.compress(
            json.dumps({"Records": [large]}, ensure_ascii=False).encode(), mtime=0
        ),
        "AWSLogs/truncated.json.gz": gzip.compress(
            json.dumps({"Records": [record(3), record(4)]}).encode(), 0, mtime=0
        )[:-200],
        "AWSLogs/bomb.json.gz": gzip.compress(b'{"Records":[' + bytes(8 << 20), mtime=0),
        "AWSLogs/no-log.json.gz": b"\x00\xff not packed at all",
    }


def test_what_cannot_be_read_is_one_dead_letter_and_holds_nobody_up(
    tmp_path: Path, ministack: "Ministack", s3: Faults
) -> None:
    objects, queue = bad_objects(), ministack.client("sqs").create_queue(QueueName="bad")["QueueUrl"]
    ministack.client("s3").create_bucket(
        Bucket="bad", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for key, data in objects.items():
        ministack.client("s3").put_object(Bucket="bad", Key=key, Body=data)
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    gone, denied = "AWSLogs/gone.json.gz", "AWSLogs/denied.json.gz"
    objects |= {gone: b"gone", denied: b"denied"}
    s3.add(ACCESS_DENIED, path="denied")
    told = [announcement("bad", [TrailObject(key, data, 1, moment)]) for key, data in objects.items()]
    send(ministack.client("sqs"), queue, [*told, "no notification", *told])
    settings = write_settings(
        tmp_path,
        s3_source(queue, s3.endpoint, more="tries = 2\n"),
        packs=[write_detections(tmp_path / "rules")],
        more='[limits]\norigin_bytes = "4 MiB"\n[deploy]\ncheck_seconds = 0\n',
    )
    with following(settings, first=IMPATIENT) as process:
        eventually(lambda: messages(ministack, queue) == 0, process=process)
        assert process.stop() == 0
    asked = "SELECT origin_name, reason FROM dead_letters ORDER BY 1"
    done = trailcam("query", "--home", tmp_path / "home", "--format", "jsonl", asked)
    letters = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(it["origin_name"].rpartition("/")[2], it["reason"]) for it in letters] == [
        ("bad", code("notice_unreadable")),
        ("bomb.json.gz", code("json_broken")),
        ("bomb.json.gz", code("too_large_unpacked")),
        ("denied.json.gz", code("object_denied")),
        ("gone.json.gz", code("object_gone")),
        ("no-log.json.gz", code("json_broken")),
        ("truncated.json.gz", code("gzip_truncated")),
    ]
    assert sum(line["event"] == "dead letter" for line in process.told()) == 3
    assert count(tmp_path / "home", t.match) == 1
    held = everything(tmp_path / "home")
    assert {json.loads(raw)["eventID"][-2:] for _, raw, _ in held["events"]} == {"01", "02", "03"}
    assert verified(tmp_path / "home").holds


def test_an_object_that_exhausts_the_memory_of_workers_costs_itself_alone(
    tmp_path: Path, ministack: "Ministack"
) -> None:
    hungry = [record(5), record(6, requestParameters=[[]] * 1_300_000)]
    objects = {
        "hungry.json.gz": gzip.compress(
            json.dumps({"Records": hungry}, separators=(",", ":")).encode(), mtime=0
        ),
        "whole.json.gz": gzip.compress(json.dumps({"Records": [record(7)]}).encode(), mtime=0),
    }
    queue = ministack.client("sqs").create_queue(QueueName="bad")["QueueUrl"]
    ministack.client("s3").create_bucket(
        Bucket="bad", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for key, data in objects.items():
        ministack.client("s3").put_object(Bucket="bad", Key=key, Body=data)
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    send(
        ministack.client("sqs"),
        queue,
        [announcement("bad", [TrailObject(key, data, 1, moment)]) for key, data in objects.items()],
    )
    settings = write_settings(
        tmp_path,
        s3_source(queue, ministack.endpoint),
        packs=[write_detections(tmp_path / "rules")],
        more='[limits]\nworker_bytes = "110 MiB"\n[deploy]\ncheck_seconds = 0\n',
    )
    with following(settings, first=IMPATIENT) as process:
        eventually(lambda: messages(ministack, queue) == 0, seconds=200, process=process)
        assert process.stop() == 0
    held = everything(tmp_path / "home")
    assert {json.loads(raw)["eventID"][-2:] for _, raw, _ in held["events"]} == {"05", "07"}
    done = trailcam(
        "query", "--home", tmp_path / "home", "--format", "jsonl", "SELECT reason FROM dead_letters"
    )
    assert [json.loads(line)["reason"] for line in done.stdout.splitlines()] == [
        code("record_exhausts_memory")
    ]


def messages(server: "Ministack", queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = server.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in found.values())
