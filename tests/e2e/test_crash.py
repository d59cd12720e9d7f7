"""Killed at any moment, and run again: nothing is lost, nothing is there twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.kept import everything, write_rules, write_tree
from tests.support import trailcam

STEPS = [
    # where the process is killed: (module, name, before or after, at which call)
    ("trailcam.app.run", "decide", "before", 1),
    ("trailcam.commit.decide", "_ledger", "after", 1),
    ("trailcam.commit.decide", "_insert_errors", "after", 1),
    ("trailcam.commit.decide", "alert", "after", 1),
    ("trailcam.app.run", "decide", "after", 1),
    ("trailcam.app.run", "decide", "after", 2),
    ("trailcam.sources.files", "LocalBlob.acknowledge", "after", 1),
    ("trailcam.commit.publish", "stage_revisions", "before", 1),
    ("trailcam.commit.revisions", "write", "after", 1),
    ("trailcam.commit.revisions", "_stage_alerts", "after", 1),
    ("trailcam.commit.publish", "_numbered", "after", 1),
    ("trailcam.commit.publish", "_commit", "after", 1),
    ("trailcam.commit.publish", "_mark", "after", 1),
    ("trailcam.commit.publish", "_commit", "after", 2),
    ("trailcam.app.run", "report", "before", 1),
    ("trailcam.app.run", "_end", "after", 1),
]

KILLED = """
import os, sys
from importlib import import_module

module, name, when, call = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
holder = import_module(module)
*path, last = name.split(".")
for part in path:
    holder = getattr(holder, part)
real = getattr(holder, last)
calls = 0

def dying(*args, **kwargs):
    global calls
    calls += 1
    if calls == call and when == "before":
        os.kill(os.getpid(), 9)
    result = real(*args, **kwargs)
    if calls == call:
        if hasattr(result, "__next__"):
            result = list(result)
        os.kill(os.getpid(), 9)
    return result

setattr(holder, last, dying)
from trailcam.cli.application import run_command_line
sys.exit(run_command_line(sys.argv[5:]))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    write_tree(folder / "logs", objects=60)
    write_rules(folder / "rules")
    return folder


@pytest.fixture(scope="module")
def undisturbed(tree: Path) -> dict[str, Any]:
    done = trailcam("run", tree / "logs", "--packs", tree / "rules", "--home", tree / "undisturbed")
    assert done.returncode == 1, done.stderr  # a rule fails on some events
    return everything(tree / "undisturbed")


@pytest.mark.parametrize("step", STEPS, ids=[" ".join(map(str, step[1:])) for step in STEPS])
def test_killed_between_two_steps(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any], step: tuple[str, str, str, int]
) -> None:
    home = tmp_path / "home"
    arguments = ["run", str(tree / "logs"), "--packs", str(tree / "rules"), "--home", str(home)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, step), *arguments],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "TRAILCAM_LIMITS_GROUP_BYTES": "4 KiB"},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    again = trailcam(*arguments)
    assert again.returncode == 1, again.stderr
    assert everything(home) == undisturbed
    assert_verified(home)


def assert_verified(home: Path) -> None:
    done = trailcam("verify", "--home", home)
    assert done.returncode == 0, done.stdout + done.stderr


def run_killed(home: Path, folder: Path, rng: random.Random, *, kills: int, longest: float) -> int:
    """Runs over a tree, killed at random moments, until it comes through; how often it was killed."""
    command = [
        sys.executable,
        "-m",
        "trailcam",
        "run",
        str(folder / "logs"),
        "--packs",
        str(folder / "rules"),
    ]
    killed = 0
    while True:
        process = subprocess.Popen(
            [*command, "--home", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        if killed < kills:
            time.sleep(rng.uniform(0, longest))
            process.kill()
        _, told = process.communicate(timeout=300)
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 1, told.decode()
            return killed
        killed += 1


def test_killed_at_random_moments(tmp_path: Path, tree: Path, undisturbed: dict[str, Any]) -> None:
    rng = random.Random(time.time_ns())
    assert run_killed(tmp_path / "home", tree, rng, kills=4, longest=3.0) >= 1
    assert everything(tmp_path / "home") == undisturbed
    assert_verified(tmp_path / "home")
