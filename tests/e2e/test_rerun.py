"""Rules that come later run over what is kept, though the files are gone."""

import json
import shutil
from pathlib import Path

import pytest
from tests.e2e.test_dead_letters import DOOR, RULE
from tests.kept import everything, verified, write_rules, write_tree
from tests.support import record, trailcam, write_log

SAME = ("events", "matches", "errors", "windows", "alerts")


@pytest.mark.slow
def test_a_rule_that_comes_later_runs_over_what_is_kept_though_the_files_are_gone(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree", objects=40)
    rules = write_rules(tmp_path / "rules")
    some = tmp_path / "some"
    some.mkdir()
    (some / "every_hour.py").write_text((rules / "every_hour.py").read_text())
    trailcam("run", tmp_path / "tree", "--packs", rules, "--home", tmp_path / "plain")
    trailcam("run", tmp_path / "tree", "--packs", some, "--home", tmp_path / "home")
    shutil.rmtree(tmp_path / "tree")
    for rule_id in ("Many.Addresses", "Now.And.Then.Fails", "Many.*"):
        done = trailcam(
            "backfill", "--rule", rule_id, "--packs", rules, "--home", tmp_path / "home", "--summary", "json"
        )
        assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["new_matches"] == 0
    plain, later = everything(tmp_path / "plain"), everything(tmp_path / "home")
    for part in SAME:
        assert later[part] == plain[part], part
    assert later["event rows"] == plain["event rows"]
    assert verified(tmp_path / "home").holds
    assert list((tmp_path / "home" / "spool").iterdir()) == []


@pytest.fixture
def doors(tmp_path: Path) -> None:
    """A log of two log types, one of which is not Trailcam's own, and a rule for both."""
    folder = tmp_path / "log_types" / "door"
    folder.mkdir(parents=True)
    (folder / "schema.yml").write_text(DOOR)
    door = {"door": "A", "actor": "bob", "at": "2026-03-01T10:00:00Z"}
    write_log(tmp_path / "logs" / "a.json", [record(1), door])
    (tmp_path / "every.py").write_text(RULE)


@pytest.mark.usefixtures("doors")
def test_a_rule_has_not_seen_events_of_a_log_type_that_was_not_known_then(tmp_path: Path) -> None:
    home = ("--home", tmp_path / "home")
    types = ("--log-types", tmp_path / "log_types")
    assert trailcam("run", tmp_path / "logs", *types, *home).returncode == 0
    again = (
        "backfill",
        "--rule",
        "Every.Event",
        "--packs",
        tmp_path / "every.py",
        *home,
        "--summary",
        "json",
    )
    assert json.loads(trailcam(*again).stdout)["new_matches"] == 1
    assert json.loads(trailcam(*again, *types).stdout)["new_matches"] == 1
    assert json.loads(trailcam(*again, *types).stdout)["new_matches"] == 0
    assert verified(tmp_path / "home").holds


@pytest.mark.usefixtures("doors")
def test_what_was_a_dead_letter_first_is_seen_by_rules_that_come_later(tmp_path: Path) -> None:
    home = ("--home", tmp_path / "home")
    types = ("--log-types", tmp_path / "log_types")
    assert trailcam("run", tmp_path / "logs", *home).returncode == 1
    assert trailcam("dead-letters", "retry", "--all", *types, *home).returncode == 0
    done = trailcam(
        "backfill",
        "--rule",
        "Every.Event",
        "--packs",
        tmp_path / "every.py",
        *types,
        *home,
        "--summary",
        "json",
    )
    assert json.loads(done.stdout)["new_matches"] == 2, done.stderr
    assert verified(tmp_path / "home").holds
