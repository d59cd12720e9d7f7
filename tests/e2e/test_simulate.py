"""`trailcam simulate` as a user meets it: logs in a folder, which a run reads to the last record."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support import summary, trailcam
from tests.world import powerless

from trailcam.cli.commands.demo import command as demo
from trailcam.cli.commands.simulate import command
from trailcam.model.timestamps import to_rfc3339
from trailcam.testing.simulator import EVENTS, HOURS, SEED, UNTIL

SMALL = ("--events", "600")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder, and what the command told of it."""
    folder = tmp_path_factory.mktemp("made") / "simulated"
    done = trailcam("simulate", folder, *SMALL, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return folder, told


def test_a_run_reads_as_many_events_and_duplicates_as_were_written(made: tuple[Path, dict[str, Any]]) -> None:
    folder, told = made
    exit_code, read = summary(*sorted(folder.glob("AWSLogs/*/CloudTrail")))
    assert exit_code == 0
    assert read["records"] == told["records"] == told["events"] + told["copies"]
    assert (read["events"], read["duplicates"]) == (told["events"], told["copies"])
    assert (read["dead_letters"], read["conflicting_ids"]) == (0, 0)


def test_every_event_of_a_story_can_be_asked_for(made: tuple[Path, dict[str, Any]]) -> None:
    folder, told = made
    summary(*sorted(folder.glob("AWSLogs/*/CloudTrail")))
    done = trailcam("query", "SELECT eventID FROM aws_cloudtrail", "--format", "jsonl")
    kept = {json.loads(line)["eventID"] for line in done.stdout.splitlines()}
    assert {event for story in told["stories"] for event in story["event_ids"]} < kept


def test_it_tells_what_it_wrote_and_what_to_do_next(tmp_path: Path) -> None:
    done = trailcam("simulate", "my logs", *SMALL, cwd=tmp_path)
    assert done.returncode == 0
    words = [line.split()[0] for line in done.stdout.splitlines()]
    assert words[:5] == ["period", "files", "records", "findings", "stories"]
    assert "  02:14  stolen_key: " in done.stdout
    assert done.stderr == "next: trailcam run 'my logs/AWSLogs'\n"


def test_the_same_options_write_the_same_world(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    done = trailcam("simulate", tmp_path / "again", *SMALL, "--format", "json")
    assert json.loads(done.stdout) == made[1]


def test_stories_can_be_picked_and_left_out(tmp_path: Path) -> None:
    picked = trailcam(
        "simulate", tmp_path, *SMALL, "--stories", "stolen_key, payroll_read", "--format", "json"
    )
    assert [story["id"] for story in json.loads(picked.stdout)["stories"]] == ["stolen_key", "payroll_read"]
    none = trailcam("simulate", tmp_path, *SMALL, "--stories", "none", "--force", "--format", "json")
    assert json.loads(none.stdout)["stories"] == []


def test_stories_outside_of_the_hours_are_named(tmp_path: Path) -> None:
    done = trailcam("simulate", tmp_path, *SMALL, "--hours", "10")
    assert done.returncode == 0
    assert "not in these hours, so not told: stolen_key, " in done.stderr


def test_an_earlier_simulation_is_replaced_only_by_force(tmp_path: Path) -> None:
    assert trailcam("simulate", tmp_path, *SMALL).returncode == 0
    refused = trailcam("simulate", tmp_path, *SMALL)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "error[TC0902]" in refused.stderr
    assert "--force" in refused.stderr
    assert trailcam("simulate", tmp_path, *SMALL, "--force").returncode == 0


def test_a_folder_of_other_things_is_refused_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    for more in ((), ("--force",)):
        refused = trailcam("simulate", tmp_path, *more)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert (
            f"error[TC0901]: the folder holds other things than a simulation\n  --> {tmp_path}"
            in refused.stderr
        )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--until", "yesterday"), "TC0104"),
        (("--until", "9999-12-31T23:59:59Z"), "TC0104"),
        (("--stories", ""), "TC0105"),
        (("--stories", ","), "TC0105"),
        (("--events", "-1"), "TC0104"),
        (("--hours", "0"), "TC0104"),
        (("--stories", "stolen_kay"), "TC0105"),
        (("--stories", "none,stolen_key"), "TC0105"),
    ],
)
def test_options_that_say_nothing_are_refused(tmp_path: Path, options: tuple[str, str], code: str) -> None:
    refused = trailcam("simulate", tmp_path / "x", *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"error[{code}]" in refused.stderr
    assert not (tmp_path / "x").exists()


def test_a_folder_that_cannot_be_written_is_told_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    command = [sys.executable, "-m", "trailcam", "simulate", str(tmp_path / "closed" / "x")]
    done = subprocess.run(powerless(command), capture_output=True, check=False, timeout=60, text=True)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error[TC0106]: cannot write the simulated logs: Permission denied\n")


def test_what_is_absent_on_the_command_line_is_what_the_simulator_takes() -> None:
    absent = {name: option.default for name, option in inspect.signature(command).parameters.items()}
    assert (absent["seed"], absent["events"], absent["hours"]) == (SEED, EVENTS, HOURS)
    assert to_rfc3339(UNTIL) in trailcam("simulate", "--help").stdout
    assert inspect.signature(demo).parameters["seed"].default == SEED
