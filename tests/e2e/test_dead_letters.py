"""Dead letters: what could not be treated is listed, shown, and read again when that can be done."""

import base64
import gc
import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert
from tests.e2e.test_backfill import upload
from tests.kept import everything, verified
from tests.servers.clients import credentials
from tests.support import record, trailcam, write_log
from tests.world import powerless

from trailcam.app.dead_letters.retry import Asked, Progress
from trailcam.app.dead_letters.retry import retry as retry_letters
from trailcam.app.home import make_home
from trailcam.app.keeper import Keeper
from trailcam.app.load import load
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.ledger import Ledger
from trailcam.commit.stage import Stager
from trailcam.contracts.source import NotFetched
from trailcam.errors import code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings
from trailcam.sources.fetched import Fetched
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects

if TYPE_CHECKING:
    from tests.servers.seaweed import Seaweed

DOOR = """
schema: Custom.Door
version: 1
description: A door.
referenceURL: https://example.com/
signature:
  requires: [door, actor, at]
fields:
  - {name: door, type: string, required: true, column: true, description: The door.}
  - {name: actor, type: string, column: true, description: Who., indicators: [username]}
  - {name: at, type: timestamp, required: true, column: true, isEventTime: true, description: When.}
"""

RULE = """
METADATA = {
    "id": "Every.Event", "log_types": ["AWS.CloudTrail", "Custom.Door"], "severity": "Low", "threshold": 2,
}
def rule(event):
    return True
def dedup(event):
    return event.get("actor", "")
"""

TWICE = """
AnalysisType: correlation_rule
RuleID: At.The.Door
DisplayName: Somebody came twice
Enabled: true
Severity: Low
Detection:
  - Group:
      - {ID: came, RuleID: Every.Event, MinMatchCount: 2}
    MatchCriteria:
      who: [{GroupID: came, Match: actor}]
    LookbackWindowMinutes: 60
    Schedule: {RateMinutes: 60, TimeoutMinutes: 5}
"""

SAME = ("matches", "errors", "windows", "alerts")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with logs of which half are doors, a log type for doors, and a rule for both."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "types/door/samples").mkdir(parents=True)
    (tmp_path / "types/door/schema.yml").write_text(DOOR)
    (tmp_path / "types/door/samples/one.json").write_text(json.dumps(door(0)))
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/every_event.py").write_text(RULE)
    (tmp_path / "logs").mkdir()
    for file in range(3):
        lines = [json.dumps(record(10 * file + 1)), json.dumps(door(file)), '{"door": "bro\x1b[2Jken', "[1]"]
        (tmp_path / f"logs/{file}.jsonl").write_text("\n".join([*lines, json.dumps(door(10 + file))]))
    return tmp_path


def door(number: int, actor: str = "bob") -> dict[str, str]:
    return {"door": "front", "actor": actor, "at": f"2026-03-01T10:00:{number % 60:02}Z"}


def letters(*arguments: str | Path) -> list[dict[str, Any]]:
    done = trailcam("dead-letters", "list", "--format", "jsonl", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def retry(*arguments: str | Path, **options: Any) -> tuple[int, dict[str, Any], str]:
    """(exit code, summary, what was told)."""
    done = trailcam("dead-letters", "retry", *arguments, "--summary", "json", **options)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def events(home: str) -> list[str]:
    columns = "p_log_type, p_row_id, p_position, p_event_time, p_origin_id, p_source_id, raw"
    told = trailcam(
        "query", f"SELECT {columns} FROM events ORDER BY ALL", "--home", home, "--log-types", "types",
        "--format", "jsonl",
    )  # fmt: skip
    return told.stdout.splitlines()


def counted(*arguments: str) -> dict[str, Any]:
    done = trailcam("run", "logs", "--packs", "packs", "--summary", "json", *arguments)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {key: value for key, value in told.items() if key != "seconds" and not key.startswith("new_")}


@pytest.mark.slow
def test_a_log_type_that_comes_later_mends_what_it_fits_as_if_it_had_been_there(world: Path) -> None:
    trailcam("run", "logs", "--packs", "packs", "--home", "home")
    types = ("--packs", "packs", "--log-types", "types", "--home", "home")
    unknown = letters("--home", "home", "--reason", "log_type_unknown")
    assert len(unknown) == 3
    code_, one, words = retry(unknown[0]["id"], *types)
    assert (code_, one["tried"], one["mended"], one["new_events"]) == (0, 1, 1, 1), words
    standing = letters("--home", "home")
    assert {it["id"] for it in unknown} - {it["id"] for it in standing} == {unknown[0]["id"]}
    code_, rest, _ = retry("--all", *types)
    assert (code_, rest["new_events"]) == (1, 5), "two more, and three that damage had hidden"
    dead = letters("--home", "home")
    assert rest["dead"] == len(dead)
    decided = everything(Path("home"))
    assert retry("--all", *types)[1]["new_events"] == 0
    assert everything(Path("home")) == decided
    fresh = counted("--home", "fresh", "--log-types", "types")
    assert events("home") == events("fresh") != []
    for part in SAME:
        assert everything(Path("home"))[part] == everything(Path("fresh"))[part], part
    assert counted("--home", "home", "--log-types", "types") == fresh
    assert fresh["records"] == fresh["events"] + fresh["duplicates"] + fresh["dead_letters"]
    assert fresh["dead_letters"] == len(dead)
    assert verified(Path("home")).holds
    read = trailcam("verify", "--read", "--home", "home", "--log-types", "types")
    assert (read.returncode, "9 events looked for" in read.stdout) == (0, True), read.stdout + read.stderr
    asked = trailcam("query", "SELECT count(*) AS n FROM dead_letters", "--home", "home", "--format", "jsonl")
    assert json.loads(asked.stdout) == {"n": len(dead)}


def test_a_rule_that_was_not_there_sees_what_was_mended_by_the_next_run(world: Path) -> None:
    trailcam("run", "logs", "--packs", "packs", "--home", "home")
    _, told, _ = retry("--all", "--log-types", "types", "--home", "home")
    assert (told["new_events"], told["new_matches"]) == (6, 0)
    after = counted("--home", "home", "--log-types", "types")
    assert after == counted("--home", "fresh", "--log-types", "types")
    assert verified(world / "home").holds


def test_what_a_new_correlation_rule_does_not_see_is_told_by_the_retry_that_has_its_turn(world: Path) -> None:
    trailcam("run", "logs", "--packs", "packs", "--home", "home")
    (world / "packs/twice.yml").write_text(TWICE)
    types = ("--packs", "packs", "--log-types", "types", "--home", "home")
    _, _, words = retry("--all", *types)
    assert "not seen: 3 earlier matches by At.The.Door, kept without actor:\n" in words
    assert "backfill --rule At.The.Door" in words
    assert "not seen" not in retry("--all", *types)[2]
    assert verified(world / "home").holds


def test_a_dead_letter_is_shown_with_its_bytes_and_obeys_nothing_in_them(world: Path) -> None:
    trailcam("run", "logs", "--home", "home")
    broken = next(it for it in letters("--home", "home") if it["reason"] not in ("TC0411", "TC0412"))
    listed = trailcam("dead-letters", "list", "--home", "home", env=os.environ | {"COLUMNS": "80"})
    assert max(map(len, listed.stdout.splitlines())) <= 80
    shown = trailcam("dead-letters", "show", broken["id"][:8], "--home", "home")
    assert "\x1b" not in shown.stdout
    assert r"bro\x1b[2Jken" in shown.stdout
    raw = trailcam("dead-letters", "show", broken["id"], "--raw", "--home", "home")
    told = json.loads(
        trailcam("dead-letters", "show", broken["id"], "--format", "json", "--home", "home").stdout
    )
    assert raw.stdout.encode() == base64.b64decode(told["raw_base64"])
    counts = trailcam("dead-letters", "list", "--count", "--format", "jsonl", "--home", "home")
    assert sum(json.loads(line)["dead_letters"] for line in counts.stdout.splitlines()) == 6
    (world / "logs/bytes.jsonl").write_bytes(b'{"a": "\xff\xfe\x00"}')
    trailcam("run", "logs", "--home", "home")
    (binary,) = [it for it in letters("--home", "home") if it["origin"] == "logs/bytes.jsonl"]
    assert (
        "7b 22 61 22 3a 20 22 ff fe 00"
        in trailcam("dead-letters", "show", binary["id"], "--home", "home").stdout
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", ["run", "retry"])
def test_a_file_that_can_be_opened_again_answers_its_dead_letter_each_time(world: Path, way: str) -> None:
    def run() -> None:
        command = powerless([sys.executable, "-m", "trailcam", "run", "logs", "--home", "home"])
        subprocess.run(command, capture_output=True, check=False, timeout=120)

    for _ in range(2):
        (world / "logs/1.jsonl").chmod(0)
        run()
        assert [it["reason"] for it in letters("--home", "home", "--reason", "TC0401")] == ["TC0401"]
        (world / "logs/1.jsonl").chmod(0o600)
        if way == "run":
            run()
        else:
            _, told, words = retry("--reason", "TC0401", "--home", "home")
            assert told["mended"] == 1, words
        assert letters("--home", "home", "--reason", "TC0401") == []
    assert counted("--home", "home") == counted("--home", "fresh")
    assert verified(world / "home").holds


def test_limits_that_were_raised_mend_records_and_whole_files(world: Path) -> None:
    large = record(1, requestParameters={"text": "a word " * 1_000})
    write_log(world / "logs/large.json", [record(2), large, record(3)])
    write_log(world / "logs/packed.json.gz", [record(100 + number) for number in range(400)])
    low = {"TRAILCAM_LIMITS_RECORD_BYTES": "2000", "TRAILCAM_LIMITS_ORIGIN_BYTES": "100000"}
    trailcam("run", "logs", "--packs", "packs", "--home", "home", env=os.environ | low)
    reasons = {it["reason"] for it in letters("--home", "home")}
    assert {"TC0404", "TC0410"} <= reasons
    code_, told, words = retry("--all", "--packs", "packs", "--home", "home")
    assert code_ == 1, words
    assert told["new_events"] > 1
    assert counted("--home", "home") == counted("--home", "fresh")
    assert events("home") == events("fresh")
    assert verified(world / "home").holds


def refuse(home: Path, *refused: DeadLetter, source: str) -> None:
    """Keeps what a source could not have, as following it does."""
    opened = make_home(home)
    with opened.database.write() as connection:
        connection.execute(
            insert(t.run).values(
                id="01LIVE",
                kind="live",
                started_at=0,
                version="0",
                pack="",
                rules=0,
                paths="[]",
                published=False,
            )
        )
    Keeper(
        home=opened,
        run_id="01LIVE",
        pack="",
        rules={},
        ledger=Ledger(opened.database, {}),
        stager=Stager(opened.iceberg.warehouse, (), pack=""),
        now=lambda: 1.8e9,
    ).refuse(refused, source=source)


def letter(origin_id: str, name: str, reason: str, raw: bytes = b"") -> DeadLetter:
    return DeadLetter(
        origin_id=origin_id,
        origin_name=name,
        position=0 if raw else -1,
        size_bytes=len(raw),
        reason=code(reason),
        detail="as it was",
        raw=raw,
    )


def test_objects_that_are_there_again_are_read_and_announcements_that_are_understood(
    tmp_path: Path, seaweed: "Seaweed"
) -> None:
    objects = {
        f"logs/{number}.json.gz": gzip.compress(json.dumps({"Records": [record(number)]}).encode())
        for number in range(5)
    }
    upload(seaweed, "again", objects)
    etag = seaweed.client().head_object(Bucket="again", Key="logs/0.json.gz")["ETag"].strip('"')
    announced = {"Records": [{"s3": {"bucket": {"name": "again"}, "object": {"key": f"logs/{number}.json.gz"}}, "eventName": "ObjectCreated:Put"} for number in (2, 3)]}  # fmt: skip
    refuse(
        tmp_path / "home",
        letter(f"s3://again/logs/0.json.gz#{etag}", "s3://again/logs/0.json.gz", "object_gone"),
        letter("s3://again/logs/1.json.gz", "s3://again/logs/1.json.gz", "object_denied"),
        letter("queue#1", "message 1 of queue", "notice_unreadable", json.dumps(announced).encode()),
        letter("queue#2", "message 2 of queue", "notice_unreadable", b"what?"),
        letter("s3://again/logs/9.json.gz#0", "s3://again/logs/9.json.gz", "object_gone"),
        source="s3",
    )
    home = ("--home", tmp_path / "home")
    assert len(letters(*home)) == 5
    env = os.environ | credentials()
    away = retry("--all", *home, env=env | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert (away[0], away[1]["mended"]) == (3, 0)
    env |= {"AWS_ENDPOINT_URL": seaweed.endpoint}
    code_, told, words = retry("--all", *home, env=env)
    assert (code_, told["mended"], told["dead"], told["new_events"]) == (1, 3, 2, 4), words
    assert {it["origin_id"] for it in letters(*home)} == {"queue#2", "s3://again/logs/9.json.gz#0"}
    again = retry("--all", *home, env=env)
    assert (again[0], again[1]["dead"], again[1]["new_events"]) == (1, 2, 0)
    assert verified(tmp_path / "home").holds


def object_of(name: str, etag: str = "") -> Origin:
    return Origin(
        id=f"{name}{etag}", name=name, source_id="s3", source_label="s3", size_bytes=1_000,
        fallback_time=Micros(0),
    )  # fmt: skip


def test_objects_that_are_read_again_are_let_go_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"s3://again/{number:03}.json" for number in range(200)]
    refuse(tmp_path, source="s3")
    home = make_home(tmp_path)
    letters_of_all = [letter(name, name, "object_denied") for name in names]
    staged = Stager(home.iceberg.warehouse, (), pack="").letters(letters_of_all, "a", parse_time=Micros(0))
    entries = [
        Treated(origin=object_of(name), purpose=Purpose.PART, events=0, dead_letters=1) for name in names
    ]
    group = Group(
        run_id="01LIVE", pack="", rules={}, treated=entries, files=list(staged), matches=(), errors=()
    )
    decide(home.database, group, warehouse=home.iceberg.warehouse, now=Micros(0))

    def fetch(_: Objects, it: S3Object, *, spool: Path) -> Fetched:
        number = int(it.key[:3])
        if number % 10 == 0:
            raise NotFetched(code("object_gone"), f"it is not there, nor in {spool}")
        return Fetched(origin=object_of(it.name, "#1"), data=json.dumps(record(number)).encode())

    monkeypatch.setattr(Objects, "fetch", fetch)
    settings = Settings(limits=replace(Settings().limits, group_bytes=20_000))
    seen: list[tuple[int, int, int]] = []

    def progress(at: Progress) -> None:
        held = sum(isinstance(it, Fetched) for it in gc.get_objects())
        seen.append((at.origins_done, at.origins_all, held))

    made = retry_letters(Asked(), load(), settings, home, workers=1, progress=progress)
    assert (made.mended, len(made.dead)) == (180, 20)
    done = [at[0] for at in seen]
    assert (done, done[-1], {at[1] for at in seen}) == (sorted(done), 200, {200})
    assert done[0] < 100, "it is told while it goes on"
    assert max(at[2] for at in seen) < 90, "of 180"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry",), "retry needs ids"),
        (("retry", "--all", "--reason", "TC0412"), "--all goes with no id"),
        (("list", "abc"), "list takes no id"),
        (("show",), "show needs the id"),
        (("show", "zz"), "TC0614"),
        (("list", "--reason", "TC0201"), "is no reason"),
        (("list", "--packs", "x"), "--packs is not for list"),
    ],
)
def test_what_is_asked_wrongly_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    make_home(tmp_path)
    done = trailcam("dead-letters", *arguments, "--home", tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
