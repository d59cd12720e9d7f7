"""Correlation rules in the line: said when enough has come, waited for, unsaid by what comes late."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from sqlalchemy import select
from tests.kept import everything, verified
from tests.live import count, eventually, following, write_settings
from tests.support import record, summary, trailcam, write_log

from trailcam.alerts.tables import alert
from trailcam.app.home import open_home
from trailcam.commit import tables as t
from trailcam.model.correlation import MOST_VALUES
from trailcam.state import processes

SOURCES = {
    "Sign.In.Failed": "event.get('eventName') == 'ConsoleLogin' and 'errorMessage' in event",
    "Signed.In": "event.get('eventName') == 'ConsoleLogin' and 'errorMessage' not in event",
    "Mfa.Checked": "event.get('eventName') == 'CheckMfa'",
}
GUESSED = """
    AnalysisType: correlation_rule
    RuleID: Guessed.Password
    DisplayName: A password was guessed
    Enabled: true
    Severity: High
    Detection:
      - Sequence:
          - {ID: fails, RuleID: Sign.In.Failed, MinMatchCount: 3}
          - {ID: login, RuleID: Signed.In}
        Transitions:
          - ID: then
            From: fails
            To: login
            WithinTimeFrameMinutes: 10
            Match: [{On: p_alert_context.user}]
        LookbackWindowMinutes: 60
        Schedule: {RateMinutes: 60, TimeoutMinutes: 5}
"""
WITHOUT_MFA = """
    AnalysisType: correlation_rule
    RuleID: Without.Mfa
    DisplayName: Somebody signed in without a second factor
    Enabled: true
    Severity: Medium
    Detection:
      - Sequence:
          - {ID: login, RuleID: Signed.In}
          - {ID: mfa, RuleID: Mfa.Checked, Absence: true}
        Transitions:
          - ID: then
            From: login
            To: mfa
            WithinTimeFrameMinutes: 10
            Match: [{On: userIdentity.userName}]
        LookbackWindowMinutes: 30
        Schedule: {RateMinutes: 60, TimeoutMinutes: 5}
"""


def write_pack(folder: Path, *together: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for rule_id, condition in SOURCES.items():
        stem = rule_id.lower().replace(".", "_")
        (folder / f"{stem}.py").write_text(
            f"def rule(event):\n    return {condition}\n"
            "def alert_context(event):\n    return {'user': event.deep_get('userIdentity', 'userName')}\n"
        )
        (folder / f"{stem}.yml").write_text(
            f"AnalysisType: rule\nRuleID: {rule_id}\nFilename: {stem}.py\nEnabled: true\n"
            "LogTypes: [AWS.CloudTrail]\nSeverity: Info\nCreateAlert: false\n"
        )
    for number, text in enumerate(together):
        (folder / f"together_{number}.yml").write_text(dedent(text))
    return folder


def sign_in(number: int, at: str, **fields: Any) -> dict[str, Any]:
    return record(
        number, eventTime=at, eventName="ConsoleLogin", eventSource="signin.amazonaws.com", **fields
    )


def attack(day: str = "2026-03-01") -> list[dict[str, Any]]:
    """Three failures and a sign-in of one user, across midnight; and a sign-in of another."""
    fails = [sign_in(n, f"{day}T23:5{n}:00Z", errorMessage="Failed authentication") for n in range(6, 9)]
    other = {"type": "IAMUser", "accountId": "111122223333", "userName": "bob"}
    return [
        *fails,
        sign_in(20, "2026-03-02T00:01:00Z"),
        sign_in(21, "2026-03-02T00:01:00Z", userIdentity=other),
    ]


def mfa(number: int, at: str) -> dict[str, Any]:
    return record(number, eventTime=at, eventName="CheckMfa")


def alerts(home: Path) -> set[tuple[str, str, str]]:
    with open_home(home).database.read() as state:
        rows = state.execute(select(alert.c.rule_id, alert.c.dedup, alert.c.status))
        return {(row.rule_id, row.dedup, row.status) for row in rows}


def went_over_the_past(home: Path) -> list[bool]:
    """Of each run that was heard as one that comes to its end, whether it did."""
    p = processes.process.c
    with open_home(home).database.read() as state:
        heard = select(p.stopped_at).join(t.run, t.run.c.process_id == p.id)
        found = state.execute(heard.where(p.role == processes.Role.past.value)).scalars()
        return [stopped is not None for stopped in found]


def proved(home: Path) -> None:
    checked = verified(home)
    assert checked.everything_missing == []


def test_what_several_rules_say_together_is_an_alert_across_midnight(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", GUESSED)
    logs = tmp_path / "logs"
    for number, each in enumerate(attack()):
        write_log(logs / f"{number}.json.gz", [each])
    home = tmp_path / "home"
    code, counted = summary(logs, "--packs", pack, "--home", home)
    assert code == 0
    assert (counted["matches"], counted["windows"], counted["alerts"]) == (6, 1, 1)
    assert alerts(home) == {("Guessed.Password", "alice", "open")}
    assert went_over_the_past(home) == [True], "a server beside it would have waited for its end"
    proved(home)
    code, counted = summary(logs, "--packs", pack, "--home", home)
    assert (counted["matches"], counted["new_matches"], counted["new_alerts"]) == (6, 0, 0)
    query = "SELECT title, alert_context FROM matches WHERE log_type = 'Trailcam.Correlation'"
    done = trailcam("query", query, "--home", home, "--format", "jsonl")
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert said["title"] == "A password was guessed"
    context = json.loads(said["alert_context"])
    assert context["values"] == {"p_alert_context.user": "alice"}
    assert [(step["id"], step["matches"]) for step in context["steps"]] == [("fails", 3), ("login", 1)]


@pytest.mark.slow
def test_files_one_by_one_come_to_the_same_as_all_at_once(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", GUESSED, WITHOUT_MFA)
    records = [*attack(), mfa(30, "2026-03-02T00:05:00Z")]
    files = [write_log(tmp_path / "logs" / f"{n}.json", [each]) for n, each in enumerate(records)]
    assert summary(*files, "--packs", pack, "--home", tmp_path / "one")[0] == 0
    for file in reversed(files):
        assert summary(file, "--packs", pack, "--home", tmp_path / "other")[0] == 0
    one, other = everything(tmp_path / "one"), everything(tmp_path / "other")
    assert one["matches"] == other["matches"]
    assert one["windows"] == other["windows"]
    assert one["alerts"] == other["alerts"]
    proved(tmp_path / "other")


def test_an_absence_is_said_after_the_run_and_unsaid_by_what_comes_late(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", WITHOUT_MFA)
    home = tmp_path / "home"
    logs = write_log(tmp_path / "logs.json", attack())
    assert summary(logs, "--packs", pack, "--home", home)[0] == 0
    assert alerts(home) == {("Without.Mfa", "alice", "open"), ("Without.Mfa", "bob", "open")}
    late = write_log(tmp_path / "late.json", [mfa(30, "2026-03-02T00:05:00Z")])
    assert summary(late, "--packs", pack, "--home", home)[0] == 0
    assert alerts(home) == {("Without.Mfa", "alice", "retracted"), ("Without.Mfa", "bob", "open")}
    done = trailcam(
        "query",
        "SELECT dedup FROM matches WHERE rule_id = 'Without.Mfa'",
        "--home",
        home,
        "--format",
        "jsonl",
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"dedup": "bob"}]
    proved(home)


def test_a_run_without_the_rule_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", GUESSED)
    home = tmp_path / "home"
    fails, rest = attack()[:3], attack()[3:]
    first = write_log(tmp_path / "first.json", fails)
    assert summary(first, "--packs", pack, "--rules", "Sign.In.Failed", "--home", home)[0] == 0
    assert summary(write_log(tmp_path / "rest.json", rest), "--packs", pack, "--home", home)[0] == 0
    assert alerts(home) == {("Guessed.Password", "alice", "open")}
    proved(home)


def test_a_rule_that_comes_later_has_its_rules_go_over_the_logs_again(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack")
    home = tmp_path / "home"
    logs = write_log(tmp_path / "logs.json", attack())
    assert summary(logs, "--packs", pack, "--home", home)[0] == 0
    write_pack(pack, GUESSED)
    assert summary(logs, "--packs", pack, "--home", home)[0] == 0
    assert alerts(home) == {("Guessed.Password", "alice", "open")}
    proved(home)


def test_a_backfill_of_what_is_kept_does_the_same(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack")
    home = tmp_path / "home"
    logs = write_log(tmp_path / "logs.json", attack())
    assert summary(logs, "--packs", pack, "--home", home)[0] == 0
    logs.unlink()
    write_pack(pack, GUESSED)
    sources = ("--rule", "Sign.In.Failed", "--rule", "Signed.In", "--rule", "Guessed.Password")
    done = trailcam("backfill", "--packs", pack, *sources, "--home", home)
    assert done.returncode == 0, done.stderr
    assert alerts(home) == {("Guessed.Password", "alice", "open")}
    proved(home)


def test_a_rule_whose_sources_do_not_run_is_told(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", GUESSED)
    path = pack / "signed_in.yml"
    path.write_text(path.read_text().replace("Enabled: true", "Enabled: false"))
    logs = write_log(tmp_path / "logs.json", attack())
    done = trailcam("run", logs, "--packs", pack, "--home", tmp_path / "home")
    assert done.returncode == 0
    assert "never run: Guessed.Password looks at matches of Signed.In" in done.stderr


def test_a_record_of_thousands_of_values_is_looked_at_in_part_and_told(tmp_path: Path) -> None:
    many = WITHOUT_MFA.replace("userIdentity.userName", "requestParameters.items")
    pack = write_pack(tmp_path / "pack", many)
    items = [f"{number:06}" for number in range(25_000)]
    logs = write_log(
        tmp_path / "log.json", [sign_in(1, "2026-03-01T10:00:00Z", requestParameters={"items": items})]
    )
    done = trailcam("run", logs, "--packs", pack, "--home", tmp_path / "home")
    assert "cut: of 1 match of Signed.In, Without.Mfa looks at the first values alone" in done.stderr
    assert len(alerts(tmp_path / "home")) == MOST_VALUES
    proved(tmp_path / "home")


def test_rules_that_look_at_each_other_are_refused(tmp_path: Path) -> None:
    circle = GUESSED.replace("RuleID: Sign.In.Failed", "RuleID: Without.Mfa")
    other = WITHOUT_MFA.replace("RuleID: Signed.In", "RuleID: Guessed.Password")
    pack = write_pack(tmp_path / "pack", circle, other)
    logs = write_log(tmp_path / "logs.json", attack())
    done = trailcam("run", logs, "--packs", pack, "--home", tmp_path / "home")
    assert done.returncode == 2
    assert "TC0222" in done.stderr
    assert "by way of Without.Mfa" in done.stderr


@pytest.mark.parametrize("is_late", [False, True], ids=["absent", "late"])
def test_a_server_says_what_is_absent_and_takes_it_back(tmp_path: Path, *, is_late: bool) -> None:
    pack = write_pack(tmp_path / "pack", WITHOUT_MFA)
    folder = tmp_path / "delivered"
    folder.mkdir()
    settings = write_settings(
        tmp_path,
        f'[sources.trail]\ntype = "folder"\npath = "{folder}"\nquiet_seconds = 0.2\n',
        packs=[pack],
        more="lateness_seconds = 5\n",
    )
    home = tmp_path / "home"
    now = datetime.now(UTC)

    def deliver(name: str, *records: dict[str, Any]) -> None:
        shutil.move(write_log(tmp_path / f"{name}.json", records), folder / f"{name}.json")

    def at(minutes: float) -> str:
        return (now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    with following(settings) as process:
        deliver("sign-in", sign_in(1, at(-8)))
        eventually(lambda: count(home), process=process)
        assert alerts(home) == set(), "for ten minutes, a second factor may still come"
        deliver("later", record(2, eventTime=at(-30)), sign_in(3, at(-30)), record(4, eventTime=at(0)))
        eventually(lambda: alerts(home) == {("Without.Mfa", "alice", "open")}, process=process)
        if is_late:
            deliver("late", mfa(5, at(-25)))
            eventually(lambda: alerts(home) == {("Without.Mfa", "alice", "retracted")}, process=process)
        assert process.stop() == 0
    proved(home)
