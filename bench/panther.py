"""Panther's rules under `trailcam test` and under the public tool, in one run: time, memory and answers.

`python -m bench.panther REPOSITORY [--peer PAT] [--runs 3] [--write NAME]`. REPOSITORY is a checkout of
panther-analysis, PAT the command `pat` of panther-analysis-tool in an environment of its own. Both are run
from within the repository; the least of several runs is given, and Python keeps what it has compiled, as for
whoever has installed them. What both say of each inline test is compared function by function: 0 differences
is the bar, but for rules whose answers vary from run to run, which are found by running ours under several
seeds of Python's hashes.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.footprint import tree

from bench.__main__ import write_figures

_LOOK_SECONDS = 0.1
SEEDS = tuple("12345678")
_PEERS_NAMES = {"alertContext": "alert_context"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SAID = re.compile(r"\t\t\[(?:PASS|FAIL)\] \[(\w+)\] (.*)")
_TEST = re.compile(r"\t\[(?:PASS|FAIL)\] (.*)")

Answers = dict[tuple[str, str], dict[str, str]]
"""By (rule, test), what each function gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One run of a command with all its processes."""

    seconds: float
    peak_bytes: int
    """The most that they held together; a page that several share counts once (proportional set size)."""
    output: str
    words: str
    status: int


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.panther")
    parser.add_argument("repository", type=Path)
    parser.add_argument("--peer", type=Path, help="the command `pat`, in an environment of its own")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", metavar="NAME", help="keep the figures as bench/results/NAME.json")
    arguments = parser.parse_args()
    figures = measured(arguments.repository, arguments.peer, runs=arguments.runs)
    for key, value in figures.items():
        print(f"{key:28}{value:>12,}" if isinstance(value, int | float) else f"{key:28}{value}")
    if arguments.write:
        write_figures(arguments.write, figures)


def measured(repository: Path, peer: Path | None, *, runs: int) -> dict[str, Any]:
    """All figures; those of the peer only where it is given."""
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = {"TRAILCAM_CACHE": ""}, {"TRAILCAM_CACHE": cache}
        part = "rules/aws_cloudtrail_rules"
        first = ours(repository, ".", environment=cold)
        figures: dict[str, Any] = {
            "summary": first.words.splitlines()[-2 if "template" in first.words else -1],
            "exit_code": first.status,
            "seconds": least(ours(repository, ".", environment=cold) for _ in range(runs)),
            "seconds_again": least(ours(repository, ".", environment=warm) for _ in range(runs + 1)),
            "cloudtrail_seconds": least(ours(repository, part, environment=cold) for _ in range(runs)),
            "cloudtrail_seconds_again": least(
                ours(repository, part, environment=warm) for _ in range(runs + 1)
            ),
            "peak_mb": round(first.peak_bytes / 1e6),
            "loading_seconds": loading(repository, cold, runs),
            "loading_seconds_again": loading(repository, warm, runs + 1),
        }
    if peer is not None:
        command = [str(peer), "--skip-version-check", "test", "--path", "."]
        whole = taken(command, repository, {})
        figures |= {
            "peer_seconds": round(whole.seconds, 1),
            "peer_seconds_without_table_check": least(
                taken([*command, "--ignore-table-names"], repository, {}) for _ in range(runs)
            ),
            "peer_peak_mb": round(whole.peak_bytes / 1e6),
        }
        figures |= compared(answers(repository), peers_answers(whole.output), varying(repository))
    return figures


def ours(repository: Path, path: str, *, environment: Mapping[str, str]) -> Taken:
    """`trailcam test` with two workers."""
    command = [sys.executable, "-m", "trailcam", "test", path, "--workers", "2"]
    return taken(command, repository, environment)


def loading(repository: Path, environment: Mapping[str, str], runs: int) -> float:
    """Seconds that loading everything takes in a fresh process, without the start of Python."""
    program = (
        "import sys, time; from pathlib import Path; from trailcam.app.load import load;"
        "from trailcam.model.rule import Kind; begun = time.perf_counter();"
        "load(packs=[Path()], disabled=True, kinds=tuple(Kind)); print(time.perf_counter() - begun)"
    )
    run = [taken([sys.executable, "-c", program], repository, environment) for _ in range(runs)]
    return round(min(float(it.output) for it in run), 2)


def least(runs: Iterator[Taken]) -> float:
    """The seconds of the quickest."""
    return round(min(run.seconds for run in runs), 2)


def taken(command: list[str], folder: Path, environment: Mapping[str, str]) -> Taken:
    """Runs a command and watches what its processes hold."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as words:
        begun = time.monotonic()
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen(
            command, cwd=folder, env={**kept, **environment}, stdout=output, stderr=words, text=True
        )
        peak = 0
        while process.poll() is None:
            time.sleep(_LOOK_SECONDS)
            peak = max(peak, sum(map(held_bytes, tree(process.pid))))
        seconds = time.monotonic() - begun
        output.seek(0)
        words.seek(0)
        return Taken(
            seconds=seconds,
            peak_bytes=peak,
            output=output.read(),
            words=words.read(),
            status=process.returncode,
        )


def held_bytes(pid: int) -> int:
    """The proportional set size of a process, 0 once it has ended.

    Source: https://docs.kernel.org/filesystems/proc.html, smaps_rollup (read 2026-11-28).
    """
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def answers(repository: Path, seed: str = "0") -> Answers:
    """What ours says."""
    command = [sys.executable, "-m", "trailcam", "test", ".", "--workers", "2", "--format", "jsonl"]
    found: Answers = {}
    for line in taken(command, repository, {"PYTHONHASHSEED": seed}).output.splitlines():
        row = json.loads(line)
        said = {name: it["output"] for name, it in row["functions"].items() if it["error"] is None}
        found[row["rule_id"], row["test"]] = said
    return found


def peers_answers(output: str) -> Answers:
    """What the peer prints, which is less: of tests that expect no match only the deciding function."""
    found: Answers = {}
    rule = test = name = before = ""
    for line in _COLOUR.sub("", output).splitlines():
        first, before = not before, line
        if line.startswith("--------"):
            break
        if said := _SAID.fullmatch(line):
            name = _PEERS_NAMES.get(said[1], said[1])
            found[rule, test][name] = said[2]
        elif named := _TEST.fullmatch(line):
            test, name = named[1], ""
            found[rule, test] = {}
        elif name and line and not first:
            found[rule, test][name] += f"\n{line}"
        elif first:  # what rules print themselves comes after it
            rule, name = line, ""
    return found


def compared(here: Answers, there: Answers, unsteady: set[str]) -> dict[str, Any]:
    """How many answers were compared, and which rules differ; `unsteady` ones differ from themselves."""
    count, differing = 0, set[str]()
    for key, said in there.items():
        mine = here.get(key, {})
        for name, value in said.items():
            decides = name == "rule" and "policy" in mine
            count += 1
            if not same(name, value, mine.get("policy" if decides else name)):
                differing.add(key[0])
    return {
        "tests_of_the_peer": len(there),
        "tests_of_ours": len(here),
        "missing_here": len(there.keys() - here.keys()),
        "answers_compared": count,
        "rules_that_differ": ", ".join(sorted(differing - unsteady)) or "none",
        "rules_that_vary": ", ".join(sorted(differing & unsteady)) or "none",
    }


def same(name: str, theirs: str, mine: str | None) -> bool:
    """Whether two printed values are one."""
    if mine is None:
        return False
    if name == "alert_context":
        return bool(json.loads(theirs) == json.loads(mine))
    if name in ("rule", "policy"):
        return theirs == mine.lower()
    return theirs == mine.rstrip("\n")


def varying(repository: Path) -> set[str]:
    """Rules that do not always give the same: those differ for a reason of their own."""
    first, *others = (answers(repository, seed) for seed in SEEDS)
    return {rule for other in others for (rule, test), said in other.items() if said != first[rule, test]}


if __name__ == "__main__":
    main()
