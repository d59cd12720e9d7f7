"""Whoever follows CONTRIBUTING, and nothing else, gets components that are found without editing a list."""

import json
from pathlib import Path

import pytest
from tests.docs.checkout import Ran, run, steps_of, with_environment
from tests.docs.markdown import ROOT, section, shows, text_of
from tests.support import record, write_log

PAGE = text_of(ROOT / "CONTRIBUTING.md")
LOG_TYPE = section(PAGE, "A log type")
NATIVE = section(PAGE, "A rule in Trailcam's own form")
PANTHER = section(PAGE, "A rule in Panther's form")

PAYROLL = {
    "Custom.DoorAccess": "Custom.Payroll",
    "custom_door_access": "custom_payroll",
    "Door.Refused": "Payroll.Refused",
    "door_refused": "payroll_refused",
}
"""The page's names, and those of somebody who adds another log type and another rule."""


def renamed(text: str) -> str:
    for name, other in PAYROLL.items():
        assert name in LOG_TYPE + NATIVE
        text = text.replace(name, other)
    return text


def follow(folder: Path, text: str) -> list[Ran]:
    return run(folder, [step.line for step in steps_of(text, folder=folder)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user's, empty before the page was followed in it: two log types, three rules."""
    made = with_environment(tmp_path_factory.mktemp("user"))
    for text in (LOG_TYPE, NATIVE, renamed(LOG_TYPE), renamed(NATIVE), PANTHER):
        follow(made, text)
    return made


def test_the_components_are_the_only_files_there_are(folder: Path) -> None:
    written = {path.relative_to(folder).parts[:2] for path in folder.glob("[!.]*/**/*") if path.is_file()}
    assert written == {
        ("log_types", "custom_door_access"),
        ("log_types", "custom_payroll"),
        ("detections", "door_refused.py"),
        ("detections", "payroll_refused.py"),
        ("detections", "trail_deleted.py"),
        ("detections", "trail_deleted.yml"),
    }


def test_the_tests_of_all_three_rules_pass(folder: Path) -> None:
    (tested,) = run(folder, ["trailcam test detections --log-types log_types"])
    assert tested.status == 0, tested.output
    assert "6 tests of 3 rules: 6 passed, 0 failed" in tested.output


def test_a_run_over_logs_of_all_types_shows_matches_of_all_three_rules(folder: Path, tmp_path: Path) -> None:
    deleted = record(1, eventSource="cloudtrail.amazonaws.com", eventName="DeleteTrail")
    write_log(tmp_path / "trail.json.gz", [deleted, record(2)])
    command = f"trailcam run {tmp_path} log_types --packs detections --log-types log_types --format jsonl"
    (ran,) = run(folder, [f"{command} 2>/dev/null"])
    assert ran.status == 0, ran.output
    found = [json.loads(line) for line in ran.output.splitlines()]
    assert {(row["rule_id"], row["log_type"], row["error"]) for row in found} == {
        ("Door.Refused", "Custom.DoorAccess", None),
        ("Payroll.Refused", "Custom.Payroll", None),
        ("Trail.Deleted", "AWS.CloudTrail", None),
    }


def test_every_record_of_the_new_log_types_is_an_event(folder: Path) -> None:
    (ran,) = run(folder, ["trailcam run log_types --log-types log_types"])
    assert shows("...\n4 files, 4 records = 4 events + 0 duplicates + 0 dead letters\n...", ran.output), (
        ran.output
    )


def test_a_rule_that_was_not_filled_in_yet_fails_its_test(folder: Path, tmp_path: Path) -> None:
    commands = [f"trailcam new rule My.Unfinished.Rule --folder {tmp_path}", f"trailcam test {tmp_path}"]
    new, tested = run(folder, commands)
    assert new.status == 0
    assert tested.status == 1
    assert "FAIL  it fires on what it is for" in tested.output
