"""Killed at any moment, and run again: nothing is lost, nothing is there twice."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.kept import everything, read, verified, write_rules, write_tree
from tests.support import trailcam
from tests.world import KILL, Step, acting

STEPS: list[Step] = [
    ("trailcam.app.keeper", "decide", "before", 1),
    ("trailcam.commit.decide", "_ledger", "after", 1),
    ("trailcam.commit.decide", "_insert_errors", "after", 1),
    ("trailcam.commit.decide", "alert", "after", 1),
    ("trailcam.app.keeper", "decide", "after", 1),
    ("trailcam.app.keeper", "decide", "after", 2),
    ("trailcam.sources.files", "LocalBlob.acknowledge", "after", 1),
    ("trailcam.commit.publish", "stage_revisions", "before", 1),
    ("trailcam.commit.revisions", "write", "after", 1),
    ("trailcam.commit.revisions", "_stage_alerts", "after", 1),
    ("trailcam.commit.publish", "_numbered", "after", 1),
    ("trailcam.commit.publish", "_commit", "after", 1),
    ("trailcam.commit.publish", "_mark", "after", 1),
    ("trailcam.commit.publish", "_commit", "after", 2),
    ("trailcam.app.run", "report", "before", 1),
    ("trailcam.app.line", "Line.finish", "after", 1),
]


@pytest.mark.parametrize("step", STEPS, ids=[" ".join(map(str, step[1:])) for step in STEPS])
def test_killed_between_two_steps(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any], step: Step
) -> None:
    home = tmp_path / "home"
    arguments = ["run", str(tree / "logs"), "--packs", str(tree / "rules"), "--home", str(home)]
    killed = subprocess.run(
        acting(KILL, step, arguments),
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "TRAILCAM_LIMITS_GROUP_BYTES": "4 KiB"},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert read(tree / "logs", tree / "rules", home).exit_code == 1  # a rule fails on some events
    assert everything(home) == undisturbed
    assert verified(home).holds, verified(home)


def run_killed(
    home: Path, folder: Path, rng: random.Random, *, origins: int, kills: int, longest_seconds: float
) -> Counter[str]:
    """Runs over a tree, killed at random moments, until it comes through; how far it was at each kill.

    Half of the time its workers are killed with it, half of the time they find out by themselves.
    """
    command = [
        sys.executable,
        "-m",
        "trailcam",
        "run",
        str(folder / "logs"),
        "--packs",
        str(folder / "rules"),
    ]
    killed: Counter[str] = Counter()
    told = home.with_suffix(".stderr")
    while True:
        with told.open("wb") as stderr:  # a pipe would be held open by workers that are still at it
            process = subprocess.Popen(
                [*command, "--home", str(home)],
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
                env={**os.environ, "TRAILCAM_LIMITS_GROUP_BYTES": rng.choice(["4 MiB", "64 KiB"])},
            )
        try:
            longest = longest_seconds * rng.choice([0.25, 1])  # many early ones, or few runs are killed twice
            process.wait(rng.uniform(0, longest) if killed.total() < kills else 300)
        except subprocess.TimeoutExpired:
            assert killed.total() < kills, "it does not end"
        finally:
            if process.poll() is None:
                rng.choice([os.kill, os.killpg])(process.pid, signal.SIGKILL)
        if process.wait(60) != -signal.SIGKILL:
            assert process.returncode == 1, told.read_text()
            return killed
        killed[reached(home, origins)] += 1


def reached(home: Path, origins: int) -> str:
    """How far a home had come, by a copy of its state: the next run shall be the one that mends the state."""
    with tempfile.TemporaryDirectory() as folder:
        for path in home.glob("state.db*"):
            shutil.copy(path, folder)
        with closing(sqlite3.connect(Path(folder) / "state.db")) as state:
            try:
                decided = state.execute("SELECT count(*) FROM origin").fetchone()[0]
            except sqlite3.OperationalError:
                return "making the home"
    return "publishing" if decided == origins else f"quarter {1 + decided * 4 // origins}"


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path, tree: Path, undisturbed: dict[str, Any]) -> None:
    rng = random.Random(time.time_ns())
    origins = len(undisturbed["ledger"])
    assert run_killed(tmp_path / "home", tree, rng, origins=origins, kills=4, longest_seconds=3.0)
    assert everything(tmp_path / "home") == undisturbed
    done = trailcam("verify", "--home", tmp_path / "home")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_killed_again_and_again_at_random_moments_of_a_long_run(tmp_path: Path, full_size: bool) -> None:
    objects, kills = (3_000, 100) if full_size else (500, 12)
    seed = time.time_ns()
    print(f"seed {seed}")
    rng = random.Random(seed)
    records = write_tree(tmp_path / "logs", objects=objects, seed=seed)
    write_rules(tmp_path / "rules")
    started = time.monotonic()
    done = trailcam(
        "run", tmp_path / "logs", "--packs", tmp_path / "rules", "--home", tmp_path / "undisturbed"
    )
    length = time.monotonic() - started
    assert done.returncode == 1, done.stderr
    undisturbed = everything(tmp_path / "undisturbed")
    origins = len(undisturbed["ledger"])
    killed: Counter[str] = Counter()
    homes = 0
    while killed.total() < kills:
        home = tmp_path / "home"
        killed += run_killed(
            home,
            tmp_path,
            rng,
            origins=origins,
            kills=kills - killed.total(),
            longest_seconds=length,
        )
        assert everything(home) == undisturbed
        assert verified(home).holds, verified(home)
        shutil.rmtree(home)
        homes += 1
        print(f"{homes} homes, {killed.total()} kills: {dict(sorted(killed.items()))}", flush=True)
    print(f"{objects} objects, {records} records, a run of {length:.1f} s")
    if full_size:  # the fewer there are, the less can be said of where they are
        assert {f"quarter {number}" for number in range(1, 5)} <= killed.keys()
