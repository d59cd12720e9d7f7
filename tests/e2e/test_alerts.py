"""`trailcam alerts`: what is listed, in which order, and what an alert shows of itself."""

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.support import record, trailcam, write_log

from trailcam.errors import code

KEYS = [
    "alert_id", "rule_id", "title", "severity", "dedup", "status", "window_start", "window_end", "matches",
]  # fmt: skip

RULE = """
METADATA = {"id": "%s", "log_types": ["AWS.CloudTrail"], "severity": "%s", "dedup_period_minutes": 60}
def rule(event):
    return event.get("eventName") == "%s"
def dedup(event):
    return event["awsRegion"]
def title(event):
    return event["userAgent"]
"""

HOSTILE = "seen\x1b[2J\x1b]0;owned\x07\r\nalert     FORGED \u202e" + "x" * 100


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "login.py").write_text(RULE % ("Test.Login", "HIGH", "ConsoleLogin"))
    (folder / "start.py").write_text(RULE % ("Test.Start", "LOW", "RunInstances"))
    (folder / "stop.py").write_text(RULE % ("Test.[S]top", "MEDIUM", "StopInstances"))
    return folder


def event(number: int, name: str, time: str, **fields: Any) -> dict[str, Any]:
    fields = {"userAgent": f"agent {number}", **fields}
    return record(number, eventName=name, eventTime=f"2026-03-{time}:00Z", **fields)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Path:
    """A home with five alerts: three logins on two days, one start, one stop."""
    folder = tmp_path_factory.mktemp("five")
    events = [
        event(1, "ConsoleLogin", "01T10:00", userAgent=HOSTILE),
        event(2, "ConsoleLogin", "01T10:30"),
        event(3, "ConsoleLogin", "01T12:00"),
        event(4, "ConsoleLogin", "02T09:00", awsRegion="us-east-1"),
        event(5, "RunInstances", "02T08:00"),
        event(6, "StopInstances", "02T07:00"),
    ]
    run(write_log(folder / "log.json", events), rules, "--home", folder / "home")
    return folder / "home"


@pytest.fixture
def kept(home: Path, five: Path) -> None:
    """The home of this test holds the five alerts; what it does to them, it does to its own."""
    shutil.copytree(five, home)


def run(log: Path, rules: Path, *options: str | Path, exit_code: int = 0) -> None:
    done = trailcam("run", log, "--packs", rules, *options)
    assert done.returncode == exit_code, done.stderr


def listed(*options: str) -> list[dict[str, Any]]:
    done = trailcam("alerts", "list", "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def starts(*options: str) -> list[str]:
    return [row["window_start"][8:16] for row in listed(*options)]


def shown(alert_id: str, *options: str) -> dict[str, Any]:
    done = trailcam("alerts", "show", alert_id, "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    row: dict[str, Any] = json.loads(done.stdout)
    return row


@pytest.mark.usefixtures("kept")
def test_the_newest_windows_come_first_with_fixed_keys() -> None:
    rows = listed()
    assert [row["window_start"][8:16] for row in rows] == [
        "02T09:00", "02T08:00", "02T07:00", "01T12:00", "01T10:00",
    ]  # fmt: skip
    assert all(list(row) == KEYS for row in rows)
    lines = trailcam("alerts", "list", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--rule", "Test.Start"], ["02T08:00"]),
        (["--rule", "test.start"], []),
        (["--rule", "Test.*"], ["02T09:00", "02T08:00", "02T07:00", "01T12:00", "01T10:00"]),
        (["--rule", "*.S*", "--rule", "Test.[S]top"], ["02T08:00", "02T07:00"]),
        (["--rule", "Test.[S]t*"], ["02T07:00"]),
        (["--rule", "Test.?tart"], []),
        (["--severity", "medium"], ["02T09:00", "02T07:00", "01T12:00", "01T10:00"]),
        (["--severity", "CRITICAL"], []),
        (["--since", "2026-03-02"], ["02T09:00", "02T08:00", "02T07:00"]),
        (["--since", "2026-03-01T12:59:59Z"], ["02T09:00", "02T08:00", "02T07:00", "01T12:00"]),
        (["--since", "2026-03-01T14:00:00+01:00"], ["02T09:00", "02T08:00", "02T07:00"]),
        (["--status", "open", "--severity", "low", "--limit", "2"], ["02T09:00", "02T08:00"]),
        (["--status", "closed", "--status", "merged"], []),
    ],
)
def test_only_what_fits_is_listed(options: list[str], expected: list[str]) -> None:
    assert starts(*options) == expected


@pytest.mark.usefixtures("kept")
def test_statuses_add_up(home: Path) -> None:
    state = sqlite3.connect(home / "state.db")
    state.execute("UPDATE alert SET status = 'closed' WHERE rule_id = 'Test.Start'")
    state.execute("UPDATE alert SET status = 'triaged' WHERE rule_id = 'Test.[S]top'")
    state.commit()
    state.close()
    assert starts("--status", "closed") == ["02T08:00"]
    assert starts("--status", "closed", "--status", "triaged") == ["02T08:00", "02T07:00"]
    table = trailcam("alerts", "list", env={**os.environ, "COLUMNS": "200"}).stdout
    assert "Test.Start (closed): " in table
    assert "(open)" not in table


def test_a_table_fits_80_columns_and_tells_how_many_more_there_are(tmp_path: Path, rules: Path) -> None:
    events = [event(n, "RunInstances", f"01T10:{n:02}", awsRegion=f"r{n}") for n in range(57)]
    run(write_log(tmp_path / "log.json", events), rules)
    done = trailcam("alerts", "list")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.count("2026-03-01T") == 50
    assert "7 more alerts" in done.stderr
    assert len(listed()) == 57
    done = trailcam("alerts", "list", "--limit", "57")
    assert (done.stdout.count("2026-03-01T"), done.stderr) == (57, "")


@pytest.mark.usefixtures("kept")
def test_nothing_that_fits_is_no_error() -> None:
    done = trailcam("alerts", "list", "--since", "2030-01-01")
    assert (done.returncode, done.stdout) == (0, "no alerts\n")
    assert listed("--since", "2030-01-01") == []


@pytest.mark.usefixtures("kept")
def test_an_alert_shows_its_history_and_its_matches_by_the_first_letters_of_its_id() -> None:
    row = listed("--rule", "Test.Login")[-1]
    whole = shown(row["alert_id"])
    assert {**{key: whole[key] for key in KEYS}, "matches": len(whole["matches"])} == row
    assert [each["what"] for each in whole["history"]] == ["opened"]
    assert [match["event_time"][11:16] for match in whole["matches"]] == ["10:00", "10:30"]
    assert [match["title"] for match in whole["matches"]] == [HOSTILE, "agent 2"]
    assert whole["merged_into"] is None
    assert shown(row["alert_id"][:-1].lower()) == whole
    words = trailcam("alerts", "show", row["alert_id"]).stdout
    assert "opened" in words
    assert all(match["row_id"] in words for match in whole["matches"])


@pytest.mark.usefixtures("kept")
def test_log_text_cannot_speak_to_the_terminal_of_who_reads_alerts() -> None:
    (row,) = (row for row in listed() if row["title"] == HOSTILE)
    for arguments in (["list"], ["show", row["alert_id"]]):
        for form in ("table", "json"):
            done = trailcam("alerts", *arguments, "--format", form)
            assert "seen" in done.stdout
            assert not any(char in done.stdout + done.stderr for char in "\x1b\x07\r\u202e")
            assert not any(line.startswith("alert     FORGED") for line in done.stdout.splitlines())
    assert max(map(len, trailcam("alerts", "show", row["alert_id"]).stdout.splitlines())) <= 80


@pytest.mark.usefixtures("kept")
def test_an_id_that_is_nobodys_or_several_alerts_is_told_with_what_there_is() -> None:
    done = trailcam("alerts", "show", "ZZZ")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error[{code('no_such_alert')}]" in done.stderr
    assert "alerts list" in done.stderr
    ids = sorted(row["alert_id"] for row in listed())
    done = trailcam("alerts", "show", ids[0][:4])
    assert (done.returncode, done.stdout) == (2, "")
    assert all(alert_id in done.stderr for alert_id in ids)
    assert (
        f"error[{code('no_such_alert')}]"
        in trailcam("alerts", "show", b"\xff%_".decode(errors="surrogateescape")).stderr
    )


def test_first_matches_are_shown_and_all_on_request(tmp_path: Path, rules: Path) -> None:
    events = [event(n, "RunInstances", f"01T10:{n:02}") for n in range(23)]
    run(write_log(tmp_path / "log.json", events), rules)
    (row,) = listed()
    done = trailcam("alerts", "show", row["alert_id"])
    assert (done.stdout.count("agent "), "3 more matches" in done.stderr) == (21, True)  # 20 and the title
    done = trailcam("alerts", "show", row["alert_id"], "--all")
    assert (done.stdout.count("agent "), done.stderr) == (24, "")
    assert len(shown(row["alert_id"])["matches"]) == 23


def test_alerts_that_moved_or_were_merged_tell_so_and_every_match_is_one_live_alerts(
    tmp_path: Path, rules: Path
) -> None:
    def read(number: int, *times: str) -> None:
        events = [event(number + at, "RunInstances", f"01T{time}") for at, time in enumerate(times)]
        run(write_log(tmp_path / f"{number}.json", events), rules)

    read(10, "10:00", "10:56", "10:57", "11:05")  # from 10:00 and from 11:05
    second, first = (row["alert_id"] for row in listed())
    read(20, "09:56")  # from 09:56, and from 10:56, which holds most of the first and all of the second
    merged = shown(second)
    assert (merged["status"], merged["merged_into"], merged["matches"]) == ("merged", first, [])
    assert [each["what"] for each in merged["history"]] == ["opened", "merged"]
    assert [each["what"] for each in shown(first)["history"]] == ["opened", "moved", "retitled"]
    words = trailcam("alerts", "show", second).stdout
    assert f"merged into {first}" in words
    assert "another alert's" in words

    read(30, "09:00")  # from 09:00, from 10:00, and from 11:05 again, which is a new alert's now
    assert [row["window_start"][11:16] for row in listed("--status", "open")] == ["11:05", "10:00", "09:00"]
    assert shown(second)["window_start"][11:16] == "11:05"
    times = []
    for row in listed():
        matches = [match["event_time"][11:16] for match in shown(row["alert_id"])["matches"]]
        assert len(matches) == (row["matches"] if row["status"] == "open" else 0)
        times += matches
    assert times == ["11:05", "10:00", "10:56", "10:57", "09:00", "09:56"]


def test_the_alert_of_a_rules_errors_shows_the_errors(tmp_path: Path) -> None:
    rules = tmp_path / "failing"
    rules.mkdir()
    (rules / "bad.py").write_text(
        'METADATA = {"id": "T.Bad", "log_types": ["AWS.CloudTrail"], "severity": "LOW"}\n\n\n'
        "def rule(event):\n    raise ValueError(event['userAgent'])\n"
    )
    run(
        write_log(tmp_path / "log.json", [event(1, "X", "01T10:00", userAgent="why\x1b[2J")]),
        rules,
        exit_code=1,
    )
    (row,) = listed()
    (error,) = shown(row["alert_id"])["matches"]
    assert "why" in error["error"]
    words = trailcam("alerts", "show", row["alert_id"]).stdout
    assert "ValueError" in words
    assert "\x1b" not in words


def test_the_alert_of_a_storm_shows_what_it_stands_for(tmp_path: Path, rules: Path) -> None:
    events = [event(n, "RunInstances", "01T10:00", awsRegion=f"r{n}") for n in range(1_003)]
    run(write_log(tmp_path / "log.json", events), rules)
    rows = listed()
    storms = [row for row in rows if row["matches"] > 1]
    assert len(storms) == 1
    whole = shown(storms[0]["alert_id"])
    assert whole["kind"] == "storm"
    assert len(whole["matches"]) == storms[0]["matches"]
    alone = {
        match["row_id"]
        for row in rows[:3]
        if row not in storms
        for match in shown(row["alert_id"])["matches"]
    }
    assert not alone & {match["row_id"] for match in whole["matches"]}


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "01ABC"],
        ["list", "--all"],
        ["list", "--severity", "grave"],
        ["list", "--since", "yesterday"],
        ["list", "--since", "2026-02-30"],
        ["list", "--limit", "0"],
        ["list", "--status", "opened"],
        ["show"],
        ["show", ""],
        ["show", "01ABC", "--limit", "3"],
        ["show", "01ABC", "--status", "open"],
    ],
)
def test_options_that_are_not_understood_are_told(arguments: list[str]) -> None:
    done = trailcam("alerts", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error[{code('bad_option')}]" in done.stderr


def test_a_folder_in_which_nothing_is_kept_is_told_and_stays_so(home: Path) -> None:
    done = trailcam("alerts", "list")
    assert (done.returncode, f"error[{code('nothing_kept')}]" in done.stderr) == (3, True)
    assert not home.exists()
