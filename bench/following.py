"""What following costs: a backfill of a local S3 against a run over the same files, and the way to an alert.

`python -m bench.following [--objects N] [--events N] [--alerts N] [--write NAME]`. Processor time is that of
Trailcam and all its processes, without the servers; it is compared within one run. It needs `make servers`.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.__main__ import RULES, write_figures

_SUBREAPER = 36
"""prctl(2), PR_SET_CHILD_SUBREAPER: what outlives its parent becomes our child, and counts when it ends."""


_END_SECONDS = 2.0
"""What has outlived its parent ends meanwhile."""

_RULE = """
METADATA = {"id": "Bench.Each", "log_types": ["AWS.CloudTrail"], "severity": "Low"}


def rule(event):
    return True


def dedup(event):
    return event.deep_get("userIdentity", "userName", default="")
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.following")
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--alerts", type=int, default=20, help="how many objects are put one after another")
    parser.add_argument("--write", metavar="NAME", help="keep the figures as bench/results/NAME.json")
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as name:
        figures = {
            **past(Path(name), objects=arguments.objects, events=arguments.events),
            **latency(Path(name), alerts=arguments.alerts),
        }
    for key, value in figures.items():
        print(f"{key:32}{value:>12,}")
    if arguments.write:
        write_figures(arguments.write, figures)


def past(folder: Path, *, objects: int, events: int) -> dict[str, Any]:
    """CPU microseconds per record: files from the disk, the same objects from a local S3, and their ratio."""
    from obstore.store import S3Store  # noqa: PLC0415  # only here
    from tests.servers.clients import KEY, REGION, credentials  # noqa: PLC0415  # the same
    from tests.servers.seaweed import seaweed  # noqa: PLC0415  # the same
    from tests.servers.trail import make_trail  # noqa: PLC0415  # the same

    trail = make_trail(1, objects=objects, events=events)
    logs = trail.write(folder / "logs")
    (folder / "server").mkdir()
    with seaweed(folder / "server") as server:
        server.client().create_bucket(Bucket="past")
        store = S3Store(
            "past",
            endpoint=server.endpoint,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=KEY,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )
        trail.put(store)
        env = {**os.environ, **credentials(), "AWS_ENDPOINT_URL": server.endpoint}
        rules = ["--packs", str(RULES)]
        disk = _cpu(["run", str(logs), *rules, "--summary", "json", "--home", str(folder / "a")], env)
        s3 = _cpu(["backfill", "s3://past", *rules, "--summary", "json", "--home", str(folder / "b")], env)
    return {
        "objects": objects,
        "records": trail.records,
        "disk_us_per_record": round(disk * 1e6 / trail.records, 1),
        "s3_us_per_record": round(s3 * 1e6 / trail.records, 1),
        "s3_to_disk": round(s3 / disk, 3),
    }


def _cpu(arguments: list[str], env: dict[str, str]) -> float:
    """Processor seconds of a command with all that it started."""
    before = _children()
    subprocess.run(
        [sys.executable, "-m", "trailcam", *arguments],
        check=False,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    time.sleep(_END_SECONDS)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def latency(folder: Path, *, alerts: int) -> dict[str, Any]:
    """Seconds from an object in a bucket to its alert in the state, at rest, with the default pace."""
    from sqlalchemy import select  # noqa: PLC0415  # only here
    from tests.e2e.test_serve import Trail  # noqa: PLC0415  # the same
    from tests.live import eventually, following, s3_source, write_settings  # noqa: PLC0415  # the same
    from tests.servers.ministack import ministack  # noqa: PLC0415  # the same
    from tests.support import record  # noqa: PLC0415  # the same

    from trailcam.alerts.tables import alert  # noqa: PLC0415  # the same

    home = folder / "live" / "home"
    home.parent.mkdir()
    rule = home.parent / "rule.py"
    rule.write_text(_RULE)
    opened = select(alert).where(alert.c.rule_id == "Bench.Each").subquery()
    taken = []
    with ministack(home.parent) as server:
        trail = Trail(server)
        source = s3_source(trail.queue, server.endpoint)
        settings = write_settings(home.parent, source, packs=[rule], quick=False)
        with following(settings, workers=0) as process:
            eventually(process.told, process=process)
            for number in range(alerts):
                begun = time.monotonic()
                trail.put([record(number, userIdentity={"userName": str(number)})], str(number))
                eventually(partial(_has_more, home, opened, number), process=process)
                taken.append(time.monotonic() - begun)
            process.stop()
        trail.close()
    cut = quantiles(taken, n=20, method="inclusive")
    return {"alert_p50_seconds": round(cut[9], 2), "alert_p95_seconds": round(cut[18], 2)}


def _has_more(home: Path, opened: Any, number: int) -> bool:
    from tests.live import count  # noqa: PLC0415  # only here

    return count(home, opened) > number


if __name__ == "__main__":
    main()
