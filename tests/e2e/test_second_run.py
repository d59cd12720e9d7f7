"""A second run: what docs/concepts.md says of files that are known and of rules that are new or have changed."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support import record, summary, trailcam, write_log

NEW = ["new_events", "new_dead_letters", "new_matches", "new_rule_errors", "new_windows", "new_alerts"]
PASSING = {"seconds", *NEW}

RULE = """
METADATA = {"id": "Test.Named", "log_types": ["AWS.CloudTrail"], "severity": "Low"}


def rule(event):
    return event["eventName"] in %s
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    names = ["RunInstances", "StopInstances", "StopInstances"]
    write_log(tmp_path / "logs/a.json", [record(n, eventName=name) for n, name in enumerate(names)])
    (tmp_path / "logs/b.json").write_text('{"Records":[{"no":"log"}]}')
    return tmp_path / "logs"


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    return name(tmp_path / "rules/named.py", "StopInstances")


def name(path: Path, *names: str) -> Path:
    path.write_text(RULE % (names,))
    return path


def steady(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in PASSING}


def new(told: dict[str, Any]) -> list[int]:
    return [told[key] for key in NEW]


def alerts(logs: Path, rule: Path) -> list[dict[str, Any]]:
    done = trailcam("run", logs, "--rules", rule, "--alerts", "--format", "jsonl")
    return [json.loads(line) for line in done.stdout.splitlines()]


def history(alert: dict[str, Any]) -> list[dict[str, Any]]:
    shown = trailcam("alerts", "show", alert["alert_id"], "--format", "json").stdout
    return list(json.loads(shown)["history"])


def test_a_second_run_tells_the_same_ends_the_same_and_adds_nothing(logs: Path, rule: Path) -> None:
    first_code, first = summary(logs, "--rules", rule)
    second_code, second = summary(logs, "--rules", rule)
    assert first_code == second_code == 1
    assert steady(first) == steady(second)
    assert new(first) == [3, 1, 2, 0, 1, 1]
    assert new(second) == [0] * 6


def test_a_known_file_under_another_name_is_not_read_again(logs: Path, rule: Path) -> None:
    summary(logs, "--rules", rule)
    (logs / "a.json").rename(logs / "z.json")
    assert new(summary(logs, "--rules", rule)[1]) == [0] * 6


def test_a_copy_of_an_event_without_a_time_is_not_new_though_its_file_is_of_another_day(
    tmp_path: Path,
) -> None:
    timeless = {key: value for key, value in record(1).items() if key != "eventTime"}
    for day, name in enumerate(("a.json", "b.json", "c.json")):
        write_log(tmp_path / name, [timeless, record(10 + day)])
        os.utime(tmp_path / name, (86_400 * 3 * day,) * 2)
    summary(tmp_path / "a.json")
    _, told = summary(tmp_path / "b.json", tmp_path / "c.json")
    assert (told["events"], told["new_events"]) == (3, 2)


def test_a_changed_rule_adds_matches_to_known_files_and_takes_none_away(logs: Path, rule: Path) -> None:
    summary(logs, "--rules", rule)
    (alert,) = alerts(logs, rule)
    name(rule, "RunInstances")
    _, told = summary(logs, "--rules", rule)
    assert told["matches"] == 3
    assert new(told) == [0, 0, 1, 0, 1, 0]  # the match is earlier than the others: its window begins anew
    (moved,) = alerts(logs, rule)
    assert moved["alert_id"] == alert["alert_id"]
    assert moved["window_start"] < alert["window_start"]
    assert (alert["matches"], moved["matches"]) == (2, 3)


def test_a_rule_that_came_later_goes_over_known_files_and_the_others_stay_as_they_are(
    logs: Path, rule: Path
) -> None:
    summary(logs)
    _, told = summary(logs, "--rules", rule)
    assert new(told) == [0, 0, 2, 0, 1, 1]
    assert steady(told) == steady(summary(logs, "--rules", rule)[1])


def test_a_rule_error_gives_way_to_a_match_when_the_rule_is_mended(logs: Path, rule: Path) -> None:
    mended = rule.read_text()
    rule.write_text(mended.replace("eventName", "evnetName"))
    _, told = summary(logs, "--rules", rule)
    assert (told["matches"], told["rule_errors"]) == (0, 3)
    rule.write_text(mended)
    _, told = summary(logs, "--rules", rule)
    assert (told["matches"], told["rule_errors"]) == (2, 0)


def test_errors_and_their_alert_go_when_the_mended_rule_says_no_and_come_back_with_the_old_one(
    logs: Path, rule: Path
) -> None:
    (logs / "b.json").unlink()
    failing = rule.read_text().replace("eventName", "evnetName")
    rule.write_text(failing)
    code, told = summary(logs, "--rules", rule)
    assert (code, told["rule_errors"], told["alerts"]) == (1, 3, 1)
    name(rule, "NoSuchCall")
    code, told = summary(logs, "--rules", rule)
    assert (code, told["matches"], told["rule_errors"], told["alerts"]) == (0, 0, 0, 0)
    rule.write_text(failing)
    code, told = summary(logs, "--rules", rule)
    assert (code, told["rule_errors"], told["alerts"]) == (1, 3, 1)


def test_the_alert_of_a_rule_that_still_fails_after_an_edit_stays_and_its_history_too(
    logs: Path, rule: Path
) -> None:
    rule.write_text(rule.read_text().replace("eventName", "evnetName"))
    summary(logs, "--rules", rule)
    before = alerts(logs, rule)
    rule.write_text("# edited\n" + rule.read_text())
    assert alerts(logs, rule) == before
    _, told = summary(logs, "--rules", rule)
    assert (told["rule_errors"], new(told)) == (3, [0, 0, 0, 0, 0, 0])
    (alert,) = before
    assert [note["what"] for note in history(alert)] == ["opened"]
    rule.write_text(rule.read_text().replace("evnetName", "nameOfEvent"))
    summary(logs, "--rules", rule)
    notes = history(alert)
    assert [note["what"] for note in notes] == ["opened", "retitled"]
    assert "evnetName" in notes[1]["why"]
    assert trailcam("verify").returncode == 0


def test_rules_that_a_run_does_not_name_have_no_part_in_what_it_prints(logs: Path, rule: Path) -> None:
    summary(logs, "--rules", rule)
    _, told = summary(logs)
    assert (told["matches"], told["windows"], told["alerts"]) == (0, 0, 0)
    assert len(alerts(logs, rule)) == 1


def test_the_key_of_the_settings_file_names_the_home_seen_from_the_file(
    logs: Path, rule: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRAILCAM_HOME")
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/mine.toml").write_text('home = "kept"\n')
    summary(logs, "--rules", rule, "--config", tmp_path / "settings/mine.toml")
    assert (tmp_path / "settings/kept/state.db").is_file()


def test_alerts_that_come_and_go_within_a_run_are_not_new(
    tmp_path: Path, rule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The windows of the first two files are two; the last file moves them together and opens a third."""
    files = {"a": (50, 100, 105), "b": (115, 116), "c": (0,)}
    for file, minutes in files.items():
        write_log(
            tmp_path / f"times/{file}.json",
            [
                record(n, eventName="StopInstances", eventTime=f"2026-03-01T{n // 60:02}:{n % 60:02}:00Z")
                for n in minutes
            ],
        )
    monkeypatch.setenv("TRAILCAM_LIMITS_GROUP_BYTES", "1")
    code, told = summary(tmp_path / "times", "--rules", rule, "--workers", "1")
    assert (code, told["alerts"], told["new_alerts"]) == (0, 2, 2)
    listed = trailcam("alerts", "list", "--status", "merged", "--format", "jsonl").stdout
    assert len(listed.splitlines()) == 1


def test_a_file_that_was_too_large_once_counts_once_beside_another_of_the_same_run(tmp_path: Path) -> None:
    large = "".join(json.dumps(record(number, text="x" * 300)) + "\n" for number in range(3_000))
    (tmp_path / "large.jsonl.gz").write_bytes(gzip.compress(large.encode()))
    write_log(tmp_path / "small.json", [record(9_000)])
    limited = {**os.environ, "TRAILCAM_LIMITS_ORIGIN_BYTES": "1 MiB"}
    stopped_code, stopped = summary(tmp_path, env=limited)
    assert (stopped_code, stopped["dead_letters"]) == (1, 1)
    assert 1 < stopped["events"] < 3_001
    exit_code, told = summary(tmp_path)
    assert (told["records"], told["events"], told["duplicates"], told["dead_letters"]) == (3_001, 3_001, 0, 0)
    assert exit_code == 0


@pytest.mark.parametrize("together", [True, False])
def test_matches_of_what_was_read_in_part_stay_in_the_scope_of_who_reads_all_of_it(
    tmp_path: Path, rule: Path, together: bool
) -> None:
    """First a part by one version of a rule, then all by another that says no: the matches stand, and count."""
    lines = [json.dumps(record(n, eventName="StopInstances", text="x" * 300)) for n in range(3_000)]
    (tmp_path / "times").mkdir()
    (tmp_path / "times/large.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    if together:
        write_log(tmp_path / "times/small.json", [record(9_000)])
    limited = {**os.environ, "TRAILCAM_LIMITS_ORIGIN_BYTES": "1 MiB"}
    _, part = summary(tmp_path / "times", "--rules", rule, env=limited)
    name(rule, "NoSuchCall")
    _, whole = summary(tmp_path / "times", "--rules", rule)
    assert 0 < part["matches"] < 3_000
    assert (whole["matches"], whole["alerts"]) == (part["matches"], part["alerts"])
    assert whole["events"] == 3_000 + together
