"""What whole runs hold in memory: the most that the parent and the largest of its processes ever held.

`python -m bench.memory [CASE ...] [--share 1.0] [--write NAME]`. The cases stand in `CASES`; with a smaller
share they are made so much smaller. A peak is the kernel's own (`VmHWM`), shared libraries included.
"""

import argparse
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from bench.__main__ import write_figures
from bench.records import records

_SAMPLE_SECONDS = 0.05
_ID = b'"eventID": "'
_EVERY = """
METADATA = {"id": "Every.Record", "log_types": ["AWS.CloudTrail"], "severity": "Low"}


def rule(event):
    return True
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The most that one run held, in bytes, and what it read."""

    parent_bytes: int
    child_bytes: int
    """Of its largest process, each for itself."""
    read_bytes: int
    records: int
    matches: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a run is given beside its home."""

    arguments: list[str]
    stdin: Iterable[bytes] = ()


def many_records(folder: Path, share: float) -> Given:
    """One packed object of a million records."""
    with gzip.open(folder / "log.json.gz", "wb", compresslevel=1) as file:
        file.write(b'{"Records":[')
        for number, raw in enumerate(lines(int(1_000_000 * share))):
            file.write(b"," + raw if number else raw)
        file.write(b"]}")
    return Given(arguments=[str(folder / "log.json.gz")])


def stream(_folder: Path, share: float) -> Given:
    """5 GB of records of 20 kB through standard input."""
    made = lines(int(250_000 * share), size_bytes=20_000)
    return Given(arguments=["-"], stdin=(raw + b"\n" for raw in made))


def large_records(folder: Path, share: float) -> Given:
    """One object of 2,000 records of 200 kB."""
    with (folder / "log.jsonl").open("wb") as file:
        file.writelines(raw + b"\n" for raw in lines(int(2_000 * share), size_bytes=200_000))
    return Given(arguments=[str(folder / "log.jsonl")])


def many_matches(folder: Path, share: float) -> Given:
    """One packed object of 200,000 records, each of which matches."""
    (folder / "every.py").write_text(_EVERY)
    with gzip.open(folder / "log.jsonl.gz", "wb", compresslevel=1) as file:
        file.writelines(raw + b"\n" for raw in lines(int(200_000 * share)))
    return Given(arguments=[str(folder / "log.jsonl.gz"), "--rules", str(folder / "every.py")])


CASES: dict[str, Callable[[Path, float], Given]] = {
    made.__name__: made for made in (many_records, stream, large_records, many_matches)
}


def lines(count: int, *, size_bytes: int = 0) -> Iterator[bytes]:
    """So many different records, filled up to a size; quicker than making each of them anew."""
    made = [json.dumps(record).encode() for record in records(1_000, seed=1)]
    for number, raw in enumerate(itertools.islice(itertools.cycle(made), count)):
        before, _, after = raw.partition(_ID)
        filling = b"x" * max(0, size_bytes - len(raw))
        yield b'%s"filling": "%s", %s%032x%s' % (before, filling, _ID, number, after[32:])


def measure(given: Given, home: Path) -> Peak:
    """Runs the command line over what is given and looks at all its processes until it ends."""
    command = [sys.executable, "-m", "trailcam", "run", *given.arguments]
    command += ["--summary", "json", "--home", str(home)]
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    feeding = Thread(target=_feed, args=(process.stdin, given.stdin))
    feeding.start()
    peaks: dict[int, int] = {}
    while process.poll() is None:
        for pid in (process.pid, *_below(process.pid)):
            peaks[pid] = max(_peak_bytes(pid), peaks.get(pid, 0))
        time.sleep(_SAMPLE_SECONDS)
    feeding.join()
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    told = json.loads(said.splitlines()[-1])
    return Peak(
        parent_bytes=peaks.pop(process.pid),
        child_bytes=max(peaks.values()),
        read_bytes=told["bytes"],
        records=told["records"],
        matches=told["matches"],
        seconds=time.monotonic() - started,
    )


def run_case(name: str, *, share: float) -> Peak:
    """Makes what a case needs, measures it, and leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(CASES[name](Path(folder), share), Path(folder) / "home")


def _feed(stdin: IO[bytes], pieces: Iterable[bytes]) -> None:
    with suppress(BrokenPipeError), stdin:
        stdin.writelines(pieces)


def _below(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that these have."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return
    for child in map(int, children):
        yield child
        yield from _below(child)


def _peak_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="Peak memory of whole runs.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all when absent")
    parser.add_argument("--share", type=float, default=1.0, help="how much of each case is made")
    parser.add_argument("--write", metavar="NAME", help="keep the figures as bench/results/NAME.json")
    arguments = parser.parse_args()
    found = {}
    for name in arguments.cases or CASES:
        found[name] = peak = run_case(name, share=arguments.share)
        print(
            f"{name:14} parent {peak.parent_bytes >> 20:,} MiB, largest child "
            f"{peak.child_bytes >> 20:,} MiB: {peak.read_bytes / 1e6:,.0f} MB, {peak.records:,} records, "
            f"{peak.matches:,} matches, {peak.seconds:.0f} s",
            flush=True,
        )
    if arguments.write:
        write_figures(arguments.write, {"peaks": {name: figures(peak) for name, peak in found.items()}})


def figures(peak: Peak) -> dict[str, int]:
    """A peak in the units in which it is kept."""
    return {
        "parent_mib": peak.parent_bytes >> 20,
        "child_mib": peak.child_bytes >> 20,
        "read_mb": round(peak.read_bytes / 1e6),
        "records": peak.records,
        "matches": peak.matches,
        "seconds": round(peak.seconds),
    }


if __name__ == "__main__":
    main()
