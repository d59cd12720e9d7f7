"""Rules that keep state come to the same however logs lie, who reads them, and when that is killed."""

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.kept import everything, verified, write_rules, write_tree
from tests.live import count, eventually, following, write_settings
from tests.support import record, summary, trailcam, write_log
from tests.world import KILL, Step, acting

from trailcam.app.home import open_home
from trailcam.commit import tables as t
from trailcam.commit.lane_tables import candidate, candidate_event, key_value

CACHING = "from panther_detection_helpers.caching import *\n"
RULES = {
    "Every.Third": """
METADATA = {"id": "Every.Third", "log_types": ["AWS.CloudTrail"], "severity": "Low"}
def rule(event):
    if event.get("eventName") != "RunInstances":
        return False
    return evaluate_threshold("third " + event.deep_get("userIdentity", "userName"), 3, 3600 * 12)
def title(event):
    seen = add_to_string_set("seen", event.get("sourceIPAddress"))
    return f"a third call, {len(seen)} addresses so far"
""",
    "New.Address": """
METADATA = {
    "id": "New.Address", "log_types": ["AWS.CloudTrail"], "severity": "High", "threshold": 2,
    "dedup_period_minutes": 600,
}
def rule(event):
    if event.get("eventName") != "ConsoleLogin":
        return False
    if event["requestParameters"]["count"] < 0:
        return False
    return event.get("sourceIPAddress") not in get_string_set("seen", force_ttl_check=True)
def dedup(event):
    return event.deep_get("userIdentity", "userName")
""",
}
"""One remembers what the other asks for; the other fails on some events before it asks."""

KEY_VALUE = (
    key_value.c.key,
    key_value.c.counter,
    key_value.c.strings,
    key_value.c.dictionary,
    key_value.c.expires_at,
)


def write_stateful(folder: Path, rules: Sequence[str] = tuple(RULES), *, more: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for rule_id in rules:
        (folder / f"{rule_id.lower().replace('.', '_')}.py").write_text(CACHING + more + RULES[rule_id])
    return folder


@pytest.fixture(scope="session")
def lane_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `logs` and `rules`, some of which keep state."""
    folder = tmp_path_factory.mktemp("lanes")
    write_tree(folder / "logs", objects=60)
    write_rules(folder / "rules")
    write_stateful(folder / "rules")
    return folder


@pytest.fixture(scope="session")
def lane_undisturbed(lane_tree: Path) -> dict[str, Any]:
    """What is kept after one run in which all came in order: one file, sorted."""
    events: dict[str, Any] = {}
    for path in sorted((lane_tree / "logs").rglob("*.gz")):
        for each in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            events.setdefault(each["eventID"], each)
    ordered = sorted(events.values(), key=lambda each: each["eventTime"])
    write_log(lane_tree / "ordered" / "all.json", ordered)
    run(lane_tree / "ordered", lane_tree / "rules", lane_tree / "undisturbed")
    found = remembered(lane_tree / "undisturbed")
    assert {row[0] for row in found["matches"]} > set(RULES)
    assert found["key values"]
    return found


def run(logs: Path, rules: Path, home: Path, *more: str) -> dict[str, Any]:
    done = trailcam("run", logs, "--packs", rules, "--home", home, "--summary", "json", *more)
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def remembered(home: Path) -> dict[str, Any]:
    """What is kept but for the ledger, whose origins are other ones, and the copies; and what rules remember."""
    found = everything(home)
    with open_home(home).database.read() as state:
        found["key values"] = {tuple(row) for row in state.execute(select(*KEY_VALUE))}
        c = candidate.c
        assert list(state.execute(select(c.row_id).where(c.consumed_by.is_(None)))) == []
        assert list(state.execute(select(candidate_event.c.row_id))) == []
        found["candidates"] = {tuple(row) for row in state.execute(select(c.rule_id, c.row_id, c.event_time))}
    return {name: value for name, value in found.items() if name not in ("ledger", "event rows")}


# -- run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "3"])
def test_files_in_any_order_and_copies_come_to_the_same_with_any_number_of_workers(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any], workers: str
) -> None:
    home = tmp_path / "home"
    told = run(lane_tree / "logs", lane_tree / "rules", home, "--workers", workers)
    assert (told["not_run"], told["waiting"]) == (0, 0)
    assert remembered(home) == lane_undisturbed
    assert verified(home).holds, verified(home)
    again = run(lane_tree / "logs", lane_tree / "rules", home)
    assert [again[name] for name in again if name.startswith("new_")] == [0] * 6
    assert again["matches"] == told["matches"] == len(lane_undisturbed["matches"])
    assert remembered(home) == lane_undisturbed


STEPS: list[Step] = [
    ("trailcam.app.keeper", "decide", "after", 2),
    ("trailcam.app.lane", "next_turn", "before", 1),
    ("trailcam.app.lane", "next_turn", "after", 1),
    ("trailcam.app.lane", "_run", "after", 1),
    ("trailcam.app.lane", "decide", "before", 2),
    ("trailcam.commit.decide", "refuse_taken", "after", 2),
    ("trailcam.commit.decide", "consume", "before", 2),
    ("trailcam.commit.decide", "consume", "after", 1),
    ("trailcam.commit.candidates", "save", "after", 2),
    ("trailcam.app.lane", "decide", "after", 1),
    ("trailcam.app.lane", "decide", "after", 2),
    ("trailcam.app.run", "report", "before", 1),
]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS, ids=[" ".join(map(str, step[1:])) for step in STEPS])
def test_a_run_that_is_killed_between_two_steps_is_made_good_by_the_next(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any], step: Step
) -> None:
    home = tmp_path / "home"
    arguments = ["run", *map(str, [lane_tree / "logs", "--packs", lane_tree / "rules", "--home", home])]
    few = "import trailcam.commit.lane as lane; lane.MOST_PAIRS = 20\n"  # a turn of its own for some
    command = acting(KILL, step, arguments)
    command[2] = few + command[2]
    killed = subprocess.run(
        command,
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "TRAILCAM_LIMITS_GROUP_BYTES": "4 KiB"},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    run(lane_tree / "logs", lane_tree / "rules", home)
    assert remembered(home) == lane_undisturbed
    assert verified(home).holds, verified(home)


def test_what_a_killed_run_has_left_is_run_by_one_over_other_files(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    step = ("trailcam.app.lane", "next_turn", "before", 1)
    arguments = ["run", *map(str, [lane_tree / "logs", "--packs", lane_tree / "rules", "--home", home])]
    subprocess.run(acting(KILL, step, arguments), capture_output=True, check=False, timeout=120)
    other = write_log(tmp_path / "other.json", [record(1, eventTime="2026-02-01T00:00:00Z")])
    told = run(other, lane_tree / "rules", home)
    assert (told["records"], told["matches"], told["waiting"]) == (1, 0, 0)
    assert told["new_matches"] > 0
    assert remembered(home)["matches"] == lane_undisturbed["matches"]
    assert verified(home).holds, verified(home)


def test_two_runs_at_once_come_to_the_same(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    halves = [tmp_path / "one", tmp_path / "two"]
    rng = random.Random(3)
    for path in (lane_tree / "logs").rglob("*.gz"):
        target = rng.choice(halves) / path.name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    settings = tmp_path / "trailcam.toml"
    settings.write_text("[live]\nlane_delay_seconds = 300\n")
    trailcam("run", halves[0], "--packs", lane_tree / "rules", "--home", home, "--config", settings)
    with open_home(home).database.read() as state:
        waits = len(list(state.execute(select(candidate.c.row_id).where(candidate.c.consumed_by.is_(None)))))
    assert waits
    done = trailcam("run", halves[1], "--packs", lane_tree / "rules", "--home", home, "--config", settings)
    assert "waiting: Every.Third keeps state, and sees" in done.stderr
    run(halves[1], lane_tree / "rules", home)  # without a delay: now all of it
    assert remembered(home) == lane_undisturbed


# -- rules that are new, changed, or misbehave -------------------------------------------------------------


def test_a_new_version_of_a_rule_runs_what_waits_and_not_what_was_run(tmp_path: Path) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules"
    logs = tmp_path / "logs"
    write_log(logs / "a.json", [record(n, eventName="RunInstances") for n in range(3)])
    write_stateful(rules, ["Every.Third"])
    told = run(logs, rules, home)
    assert told["new_matches"] == 1
    changed = RULES["Every.Third"].replace("a third call", "changed")
    (rules / "every_third.py").write_text(CACHING + changed)
    assert run(logs, rules, home)["new_matches"] == 0
    write_log(logs / "b.json", [record(n, eventName="RunInstances") for n in range(3, 6)])
    assert run(logs, rules, home)["new_matches"] == 1
    with open_home(home).database.read() as state:
        titles = sorted(state.execute(select(t.match.c.title)).scalars())
    assert titles == ["a third call, 1 addresses so far", "changed, 1 addresses so far"]
    assert verified(home).holds


def test_a_rule_that_kills_its_worker_in_its_turn_is_taken_off_and_what_it_did_not_see_is_not_run(
    tmp_path: Path,
) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules"
    write_log(tmp_path / "a.json", [record(n, eventName="RunInstances") for n in range(6)])
    write_stateful(rules, ["Every.Third"])
    kills = RULES["Every.Third"].replace(
        "    return eval", "    get_counter('k'); import os; os._exit(1)\n    return eval"
    )
    (rules / "every_third.py").write_text(CACHING + kills)
    code, told = summary(tmp_path / "a.json", "--packs", rules, "--home", home)
    assert (code, told["rule_errors"], told["not_run"], told["waiting"]) == (1, 3, 3, 0)
    assert verified(home).holds
    write_stateful(rules, ["Every.Third"])
    code, told = summary(tmp_path / "a.json", "--packs", rules, "--home", home)
    assert (code, told["rule_errors"], told["not_run"], told["new_matches"]) == (1, 3, 0, 1)
    assert verified(home).holds


def test_what_an_earlier_version_of_trailcam_did_not_run_is_run_by_the_next_run(tmp_path: Path) -> None:
    home, rules = tmp_path / "home", write_stateful(tmp_path / "rules", ["Every.Third"])
    log = write_log(tmp_path / "a.json", [record(n, eventName="RunInstances") for n in range(3)])
    run(log, rules, home)
    with open_home(home).database.write() as state:  # as it was then: listed, with nothing queued
        origin_id = state.execute(
            select(t.origin.c.origin_id).where(t.origin.c.purpose == "whole")
        ).scalar_one()
        for table in (candidate, candidate_event, key_value):
            state.execute(table.delete())
        state.execute(
            t.not_run.insert().values(rule_id="Every.Third", origin_id=origin_id, reason="TC0505", events=3)
        )
    told = run(log, rules, home)
    assert (told["not_run"], told["waiting"], told["matches"]) == (0, 0, 1)
    assert count(home, candidate) == 3


# -- other ways --------------------------------------------------------------------------------------------


def test_a_rule_that_comes_later_is_run_over_what_is_kept_in_order(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any]
) -> None:
    home, plain = tmp_path / "home", write_rules(tmp_path / "plain")
    run(lane_tree / "logs", plain, home)
    done = trailcam(
        "backfill", "--rule", "*", "--packs", lane_tree / "rules", "--home", home, "--summary", "json"
    )
    assert done.returncode in (0, 1), done.stderr
    assert remembered(home) == lane_undisturbed
    assert verified(home).holds


def test_what_waits_survives_a_backup(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any]
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    settings = tmp_path / "trailcam.toml"
    settings.write_text("[live]\nlane_delay_seconds = 3600\n")
    told = run(lane_tree / "logs", lane_tree / "rules", home, "--config", str(settings))
    assert told["waiting"] == len(lane_undisturbed["candidates"])
    assert verified(home).holds
    assert trailcam("backup", tmp_path / "b.tar", "--home", home).returncode == 0
    assert trailcam("restore", tmp_path / "b.tar", "--home", other).returncode == 0
    assert run(lane_tree / "logs", lane_tree / "rules", other)["waiting"] == 0
    assert remembered(other) == lane_undisturbed
    assert verified(other).holds


def test_a_proof_tells_of_candidates_that_have_lost_their_event(tmp_path: Path, lane_tree: Path) -> None:
    home, settings = tmp_path / "home", tmp_path / "trailcam.toml"
    settings.write_text("[live]\nlane_delay_seconds = 3600\n")
    run(lane_tree / "logs", lane_tree / "rules", home, "--config", str(settings))
    with open_home(home).database.write() as state:
        state.execute(candidate_event.delete())
    assert [words for words in verified(home).everything_missing if "without their event" in words]


@pytest.mark.slow
def test_two_servers_that_are_killed_again_and_again_come_to_the_same(
    tmp_path: Path, lane_tree: Path, lane_undisturbed: dict[str, Any]
) -> None:
    """First the logs come, while the lane waits; then it goes on, few candidates a turn."""
    home, drop = tmp_path / "home", tmp_path / "drop"
    drop.mkdir()
    source = f'[sources.drop]\ntype = "folder"\npath = "{drop}"\nquiet_seconds = 0.2\n'
    never = "[deploy]\ncheck_seconds = 0\n"
    rng = random.Random(5)
    paths = sorted((lane_tree / "logs").rglob("*.gz"))
    rng.shuffle(paths)
    for path in paths:
        shutil.copy(path, drop / path.name)
    waiting = write_settings(
        tmp_path, source, packs=[lane_tree / "rules"], more=f"lane_delay_seconds = 3600\n{never}"
    )
    with following(waiting, command="worker", log="worker"), following(waiting) as process:
        eventually(lambda: whole(home) == len(paths), seconds=90, process=process)
    assert consumed(home) == 0
    settings = write_settings(tmp_path, source, packs=[lane_tree / "rules"], more=never)
    few = "import trailcam.commit.lane as lane; lane.MOST_PAIRS = 3"
    wanted = len(lane_undisturbed["candidates"])
    kills = 0
    with following(settings, command="worker", log="worker", first=few):
        while consumed(home) < wanted - 30 and kills < 30:
            more = consumed(home) + 4
            with following(settings, first=few) as process:
                eventually(partial(reached, home, more), seconds=90, process=process)
                time.sleep(rng.uniform(0, 0.3))
            kills += 1
    print(f"{kills} kills")
    with following(settings) as process:
        eventually(lambda: consumed(home) == wanted, seconds=90, process=process)
        assert process.stop() == 0
    found = remembered(home)
    assert {row for row in found["matches"] if not row[0].startswith("Trailcam.")} == lane_undisturbed[
        "matches"
    ]
    assert found["key values"] == lane_undisturbed["key values"]
    assert verified(home).holds, verified(home)


def reached(home: Path, number: int) -> bool:
    return consumed(home) >= number


def whole(home: Path) -> int:
    if not (home / "state.db").is_file():
        return 0
    with open_home(home).database.read() as state:
        o = t.origin.c
        those = select(o.key).where(o.purpose == "whole", o.source_id == "drop")
        return len(list(state.execute(those)))


def consumed(home: Path) -> int:
    with open_home(home).database.read() as state:
        c = candidate.c
        return len(list(state.execute(select(c.row_id).where(c.consumed_by.is_not(None)))))
