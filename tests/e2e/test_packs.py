"""`trailcam packs`, and what a match says of the rules it was made by."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploying import STOPPED, commit, git, write_rule
from tests.support import record, trailcam, write_log
from tests.world import powerless

from trailcam.app.deploy.deployment import Deployment, Refused
from trailcam.app.deploy.deployments import Deployments
from trailcam.app.deploy.record import active
from trailcam.app.home import make_home
from trailcam.app.live.health import PACK
from trailcam.app.load import load
from trailcam.app.run import run
from trailcam.errors import code
from trailcam.settings.read import read_settings
from trailcam.settings.schema import Settings

KEYS = [
    "deployment_id", "status", "by", "pack", "rules", "packs", "taken_at", "decided_at", "in_force_at", "reasons",
    "reasons_all",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder one is in, with a pack that its settings name."""
    monkeypatch.chdir(tmp_path)
    write_rule(tmp_path / "detections")
    (tmp_path / "trailcam.toml").write_text('packs = ["detections"]\n')
    return tmp_path


def listed(*options: str) -> list[dict[str, Any]]:
    done = trailcam("packs", "list", "--format", "jsonl", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ok(*arguments: str | Path) -> str:
    done = trailcam("packs", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*arguments: str | Path, status: int = 1) -> str:
    done = trailcam("packs", *arguments)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_packs_are_checked_reloaded_listed_and_gone_back_from(folder: Path) -> None:
    own = len(load(packs=[PACK]).rules)  # over what Trailcam says of itself: they come with every server
    assert ok("check").startswith(f"{own + 1} rules, ")
    assert ok("reload").startswith("in force: ")
    write_rule(folder / "detections", "Second.Rule")
    assert f", {own + 2} rules, version " in ok("reload")
    assert ok("reload").startswith("in force already: ")
    write_rule(folder / "detections", "Third.Rule", condition="False")
    said = refused("reload")
    assert 'Third.Rule: the test "it fires" fails' in said
    assert f"--> {folder}/detections/third_rule.py:10" in said
    assert ok("rollback").startswith("in force: ")
    rows = listed()
    assert [list(row) for row in rows] == [KEYS] * 3
    assert [(row["status"], row["rules"]) for row in rows] == [
        ("refused", 0),
        ("rolled back", own + 2),
        ("active", own + 1),
    ]
    assert rows[0]["reasons"][0]["code"] == code("inline_test_failed")
    assert [row["packs"] for row in rows] == [[str(folder / "detections"), str(PACK)]] * 3
    ids = [row["deployment_id"] for row in rows]
    assert ok("rollback", ids[1]).startswith(f"in force: {ids[1]}")
    shown = json.loads(ok("list", ids[1], "--format", "json"))
    assert {"My.Rule", "Second.Rule"} <= set(shown["rule_versions"])
    assert code("inline_test_failed") in ok("list", ids[0])


def test_a_list_of_versions_fits_a_terminal(folder: Path) -> None:
    ok("reload")
    write_rule(folder / "detections", condition="False")
    refused("reload")
    done = trailcam("packs", "list", env={**os.environ, "COLUMNS": "80"})
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "refused" in done.stdout and "active" in done.stdout


def test_checking_needs_no_home_and_leaves_none(folder: Path, home: Path) -> None:
    write_rule(folder / "others", "Other.Rule")
    assert ok("check", "others", "detections").startswith("2 rules, 2 tests passed")
    assert not home.exists()
    assert code("nothing_kept") in refused("list", status=3)


def test_a_remark_on_a_rule_names_its_file_and_refuses_nothing(folder: Path) -> None:
    (folder / "others").mkdir()
    (folder / "others" / "accounts.yml").write_text(
        "AnalysisType: rule\nRuleID: A.Accounts\nEnabled: true\nLogTypes: [AWS.CloudTrail]\nSeverity: Low\n"
        "Detection: [{Key: recipientAccountId, Condition: Equals, Value: 123456789012}]\n"
    )
    done = trailcam("packs", "check", "others")
    assert done.returncode == 0
    assert done.stderr.startswith("remark[TC0223]: others/accounts.yml:6: 123456789012 ")


def test_settings_of_rules_that_are_not_checked_are_no_mistake(folder: Path) -> None:
    (folder / "trailcam.toml").write_text('packs = ["detections"]\n[rules."Gone.Rule"]\nlevel = 1\n')
    assert "no rule of the packs has this id" in refused("check", status=2)
    ok("check", "detections")


def test_what_is_wrong_with_rules_is_one_and_with_their_names_two_and_with_the_world_three(
    folder: Path,
) -> None:
    write_rule(folder / "bad").write_text("def\n")
    assert code("rule_syntax") in refused("check", "bad")
    assert code("path_not_found") in refused("check", "gone", status=2)
    assert code("bad_git_pack") in refused("check", "git+https://git.example.com/r@--upload-pack=x", status=2)
    assert code("git_refused") in refused("check", f"git+file://{folder}/gone", status=3)
    assert code("no_such_deployment") in refused("rollback", "01KAV7", status=2)
    assert code("no_such_deployment") in refused("rollback")
    assert code("bad_option") in refused("reload", "detections", status=2)
    assert code("bad_option") in refused("rollback", "01KAV7", "01KAV8", status=2)


def test_what_cannot_be_read_is_told_by_its_own_name(folder: Path) -> None:
    (folder / "detections" / "my_rule.py").chmod(0)
    (folder / "detections" / "closed").mkdir(mode=0)
    command = powerless([sys.executable, "-m", "trailcam", "packs", "check"])
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    (folder / "detections" / "closed").chmod(0o700)
    for name in ("my_rule.py", "closed"):
        assert f"--> {folder}/detections/{name}" in done.stderr
    assert done.stderr.count(f"error[{code('unreadable_rule')}]") == 2


def test_packs_from_git_are_deployed_by_branch_and_the_old_one_goes_on_without_the_repository(
    folder: Path,
) -> None:
    repository = folder / "repository"
    write_rule(repository / "aws", top="import shared_words")
    (repository / "helpers").mkdir()
    (repository / "helpers" / "shared_words.py").write_text("WORDS = 1\n")
    first = commit(repository)
    pack = f"git+file://{repository}@main#subdirectory=aws"
    (folder / "trailcam.toml").write_text(f'packs = ["{pack}"]\n')
    ok("reload")
    write_rule(repository / "aws").write_text("def\n")
    last = commit(repository)
    assert f"--> file://{repository}@{last[:12]}/aws/my_rule.py" in refused("reload")
    git(repository, "reset", "--hard", first)
    assert ok("reload").startswith("in force already")
    repository.rename(folder / "away")
    assert code("git_refused") in refused("reload")
    assert [row["status"] for row in listed()] == ["refused", "refused", "active"]
    assert listed()[-1]["packs"] == [f"{pack} ({first[:12]})", str(PACK)]


def test_a_run_does_not_fetch_packs_and_says_so(folder: Path) -> None:
    (folder / "trailcam.toml").write_text('packs = ["git+https://git.example.com/r.git"]\n')
    write_log(folder / "logs" / "a.json", [record(1)])
    done = trailcam("run", "logs")
    assert done.returncode == 2
    assert code("git_pack_here") in done.stderr
    assert trailcam("run", "logs", "--packs", "detections").returncode == 0


def test_a_check_that_is_interrupted_leaves_nothing(folder: Path, home: Path) -> None:
    ok("reload")
    kept = sorted(path.name for path in (home / "packs").iterdir())
    write_rule(
        folder / "detections", top=f"import time\nopen({str(folder / 'began')!r}, 'w')\ntime.sleep(60)"
    )
    checking = subprocess.Popen(
        [sys.executable, "-m", "trailcam", "packs", "reload"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not (folder / "began").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    checking.send_signal(signal.SIGINT)
    checking.communicate(timeout=10)
    assert checking.returncode == 130
    assert [row["status"] for row in listed()] == ["active"]
    ok("rollback", listed()[0]["deployment_id"])
    assert sorted(path.name for path in (home / "packs").iterdir()) == kept


def test_commands_that_deploy_at_once_end_with_one_version_in_force(folder: Path, home: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda _: trailcam("packs", "reload"), range(3)))
    assert [each.returncode for each in done] == [0, 0, 0], [each.stderr for each in done]
    statuses = [row["status"] for row in listed()]
    assert statuses.count("active") == 1
    assert set(statuses) <= {"active", "superseded"}
    found = active(make_home(home).database)
    assert found is not None
    assert (home / "packs" / found.id / "snapshot.json").is_file()


def test_every_match_names_the_version_of_the_rules_that_made_it(folder: Path, home: Path) -> None:
    """Rules are switched between two groups; real workers run what lies in the copies."""

    def read() -> Settings:
        settings = read_settings(folder=folder, environment={})
        return replace(settings, deploy=replace(settings.deploy, check_seconds=0.01))

    opened = make_home(home)
    made: list[Deployment] = []

    def treat(deployment: Deployment, name: str) -> None:
        write_log(folder / "logs" / name, [record(len(made), eventName="StopLogging")])
        settings = replace(read(), packs=(), rules={})
        run([folder / "logs" / name], deployment.loaded, settings, opened, workers=1)
        made.append(deployment)

    with Deployments(read, opened) as deployments:
        first = deployments.start().deployment
        deployments.switched(first)
        treat(first, "a.json")
        write_rule(folder / "detections", condition=f"{STOPPED} and True")
        second = deployments.look()
        assert isinstance(second, Deployment)
        treat(first, "b.json")  # ready, and not yet in force
        deployments.switched(second)
        treat(second, "c.json")
    done = trailcam("query", "SELECT pack FROM matches ORDER BY p_event_time", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert [row["pack"] for row in json.loads(done.stdout)] == [first.pack, first.pack, second.pack]
    assert first.pack != second.pack


def test_logs_are_read_while_the_check_of_new_rules_takes_long(folder: Path, home: Path) -> None:
    """A server's thread checks; its parent and workers go on with the old rules, and nothing is switched."""

    def read() -> Settings:
        settings = read_settings(folder=folder, environment={})
        return replace(settings, deploy=replace(settings.deploy, check_seconds=0.01))

    opened = make_home(home)
    go = folder / "go"
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.05)"
    with Deployments(read, opened) as deployments, ThreadPoolExecutor(1) as threads:
        first = deployments.start().deployment
        deployments.switched(first)
        write_rule(folder / "detections", "Waits.Rule", top=waits)
        write_rule(folder / "detections", "Dies.Rule", condition="__import__('os')._exit(1)")
        write_rule(folder / "detections", "Fails.Rule", condition="False")
        looking = threads.submit(deployments.look)
        try:
            for number in range(2):
                write_log(folder / "logs" / f"{number}.json", [record(number, eventName="StopLogging")])
                settings = replace(read(), packs=())
                report = run([folder / "logs" / f"{number}.json"], first.loaded, settings, opened, workers=1)
                assert len(report.matches) == 1
            assert not looking.done()
        finally:
            go.touch()
        refused = looking.result(timeout=60)
        assert isinstance(refused, Refused)
        assert [problem.code for problem in refused.problems] == [code("inline_test_failed")] * 2
        assert "exit status 1" in refused.problems[0].message
        found = active(opened.database)
        assert found is not None and found.id == first.id
