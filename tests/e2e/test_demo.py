"""The demonstration: a simulated breach, the alerts that tell of it, and commands that go on from there."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support import trailcam

from trailcam.errors import code

WIDTH = 80


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    done = trailcam("demo", cwd=folder, env=environment() | {"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    (folder / "printed").write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def found(demo: Path) -> list[dict[str, object]]:
    """The alerts, as a second run over the same logs tells them."""
    return alerts(demo)


def environment() -> dict[str, str]:
    """No home of its own: the demonstration has one."""
    kept = {name: value for name, value in os.environ.items() if name != "TRAILCAM_HOME"}
    return kept | {"COLUMNS": str(WIDTH)}


def alerts(folder: Path) -> list[dict[str, object]]:
    done = trailcam("demo", "--format", "json", cwd=folder, env=environment())
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["alerts"])


def test_alerts_of_all_five_detections_come_and_a_second_run_tells_the_same(
    demo: Path, found: list[dict[str, object]]
) -> None:
    assert {alert["rule_id"] for alert in found} >= {
        "Top5.SensitiveBucket",
        "Top5.InstancesTerminated",
        "Top5.RootLevelGrant",
        "Top5.StackChanged",
        "Top5.GuardDutyFinding",
    }
    assert {alert["severity"] for alert in found} >= {"INFO", "HIGH", "CRITICAL"}
    assert len(found) < 20
    first = " ".join((demo / "printed").read_text().split())
    assert f"that became {len(found)} alerts." in first
    assert first.partition("trailcam alerts show ")[2].split()[0] in {alert["alert_id"] for alert in found}
    assert all(str(alert["title"]) in first for alert in found)


def test_findings_are_as_grave_as_what_is_known_of_their_address(found: list[dict[str, object]]) -> None:
    told = {
        str(alert["title"]).rpartition(" ")[2]: alert["severity"]
        for alert in found
        if alert["rule_id"] == "Top5.GuardDutyFinding"
    }
    assert told == {"203.0.113.66": "CRITICAL", "203.0.113.200": "INFO"}


def test_what_is_printed_fits_the_terminal_and_tells_the_breach_in_its_order(demo: Path) -> None:
    printed = (demo / "printed").read_text()
    assert max(len(line) for line in printed.splitlines() if not line.startswith("  PATH=")) <= WIDTH
    parts = [
        "What happened",
        "  02:14  The key",
        "  06:45  Machines",
        "What only looks like it",
        "Where it lies",
        "Next",
    ]
    places = [printed.index(part) for part in parts]
    assert places == sorted(places)
    assert "\x1b" not in printed


def test_the_next_commands_work_where_trailcam_is_not_on_the_path(demo: Path) -> None:
    lines = (demo / "printed").read_text().partition("\nNext\n\n")[2].splitlines()
    assert [line.split()[0].partition("=")[0] for line in lines] == ["PATH", "cd", *["trailcam"] * 3]
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(lines)],
        cwd=demo,
        env=environment() | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("history", "Top5.RootLevelGrant", "origins"):
        assert part in done.stdout


def test_settings_that_were_changed_are_kept_and_tell_the_rules(demo: Path) -> None:
    other = shutil.copytree(demo, demo.with_name("other"))
    settings = other / "trailcam-demo/trailcam.toml"
    settings.write_text(settings.read_text().replace('"us-west-2"]', '"us-west-2", "ap-southeast-2"]'))
    shutil.rmtree(other / "trailcam-demo/home")
    stacks = [alert for alert in alerts(other) if alert["rule_id"] == "Top5.StackChanged"]
    assert {alert["severity"] for alert in stacks} == {"INFO"}


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for named in (tmp_path, tmp_path / "mine.txt"):
        refused = trailcam("demo", named)
        assert refused.returncode == 2
        assert code("folder_in_use") in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_project_that_looks_like_a_demonstration_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "simulated").mkdir()
    (tmp_path / "trailcam.toml").write_text('home = "production"\n')
    refused = trailcam("demo", ".", cwd=tmp_path, env=environment())
    assert (refused.returncode, code("folder_in_use") in refused.stderr) == (2, True)
    assert not list((tmp_path / "simulated").iterdir())
    assert not (tmp_path / "production").exists()


def test_a_demonstration_of_another_seed_is_left_alone(demo: Path) -> None:
    refused = trailcam("demo", "--seed", "2", cwd=demo, env=environment())
    assert refused.returncode == 2
    assert code("folder_in_use") in refused.stderr
    assert "seed 1" in refused.stderr


def test_a_demonstration_that_was_cut_short_is_made_whole(demo: Path, found: list[dict[str, object]]) -> None:
    other = shutil.copytree(demo, demo.with_name("cut"))
    shutil.rmtree(other / "trailcam-demo/home")
    (other / "trailcam-demo/trailcam.toml").unlink()
    logs = sorted((other / "trailcam-demo/simulated/AWSLogs").rglob("*.gz"))
    for path in logs[::2]:
        path.unlink()
    assert [alert["title"] for alert in alerts(other)] == [alert["title"] for alert in found]
