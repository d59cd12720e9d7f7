"""Prints the table, and writes it with machine, commit and command when asked to."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.records import write
from bench.stages import measure
from trailcam.app.load import load

RESULTS = Path(__file__).parent / "results"
RULES = Path(__file__).parent / "rules"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="CPU us/event, stage by stage.")
    parser.add_argument("paths", nargs="*", type=Path, help="logs; made from a seed when absent")
    parser.add_argument("--packs", nargs="*", type=Path, default=[RULES], help="rules; bench/rules if absent")
    parser.add_argument("--events", type=int, default=20_000, help="how many events are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="the least of so many passes is given")
    parser.add_argument("--write", metavar="NAME", help="keep the figures as bench/results/NAME.json")
    arguments = parser.parse_args()
    loaded = load(packs=arguments.packs)
    with tempfile.TemporaryDirectory() as folder:
        paths = arguments.paths
        if not paths:
            write(Path(folder), events=arguments.events, seed=arguments.seed)
            paths = [Path(folder)]
        events, stages = measure(paths, loaded, runs=arguments.runs)
    print(f"{events:,} events, {len(loaded.rules)} rules, {platform.python_version()}, {machine()}")
    for stage in stages:
        print(f"{stage.name:18}{stage.micros:9.1f} us/event  {stage.note}")
    if arguments.write:
        micros = {stage.name: round(stage.micros, 1) for stage in stages}
        figures = {"events": events, "rules": len(loaded.rules), "us_per_event": micros}
        write_figures(arguments.write, figures)


def write_figures(name: str, figures: dict[str, Any]) -> None:
    """Writes the figures where they can be compared later."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    result = {
        "when": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "command": " ".join(["python", *map(_shown, sys.orig_argv[1:])]),
        "machine": machine(),
        "python": platform.python_version(),
        **figures,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def _shown(word: str) -> str:
    """A word of a command; a path of this machine alone tells nobody anything but its name."""
    return Path(word).name if Path(word).is_absolute() else word


def machine() -> str:
    """What it was measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
