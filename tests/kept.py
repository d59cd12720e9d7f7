"""What a home holds, in a form that two homes can be compared by, and trees of logs to fill them."""

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select
from tests.support import record

from trailcam.alerts.tables import alert
from trailcam.app.home import make_home, open_home
from trailcam.app.load import load
from trailcam.app.report import Report
from trailcam.app.run import run
from trailcam.app.verify import Checked, verify
from trailcam.commit import tables as t
from trailcam.commit.windows import window_row
from trailcam.lake.tables import event_table
from trailcam.logtypes.loader import builtin
from trailcam.query.lake import kept_files
from trailcam.settings.schema import Settings


def read(logs: Path, rules: Path, home: Path) -> Report:
    """A run in this process: what the command does, for tests that ask what is kept and not what is printed."""
    return run([logs], load(packs=[rules]), Settings(), make_home(home))


def verified(home: Path) -> Checked:
    """What `trailcam verify` finds, of everything that is kept."""
    return verify((), load(), Settings(), open_home(home))


def everything(home: Path) -> dict[str, Any]:
    """Events, matches, errors and windows of a home, and the windows that live alerts stand for.

    Read by other means than the product's own reports: all files that are decided, all rows of the state.
    """
    opened = open_home(home)
    events: set[tuple[str, str, int]] = set()
    rows = 0
    for log_type in builtin():
        name = event_table(log_type).name
        files = kept_files(opened.database, opened.iceberg.warehouse, name)
        if files:
            columns = "SELECT p_row_id, raw, epoch_us(p_event_time) FROM read_parquet(?, union_by_name=true)"
            found = duckdb.execute(columns, [files]).fetchall()
            rows += len(found)
            events |= set(found)
    with opened.database.read() as state:
        matches = {
            (row.rule_id, row.row_id, row.event_time, row.title, row.dedup, row.severity, row.window_start)
            for row in state.execute(select(t.match))
        }
        errors = {
            (row.rule_id, row.row_id, row.function, row.error, row.window_start)
            for row in state.execute(select(t.rule_error))
        }
        windows = [window_row(row) for row in state.execute(select(t.window))]
        alerts = {row.id: row for row in state.execute(select(alert))}
        ledger = {
            (row.origin_id, row.purpose, row.records, row.events, row.dead_letters)
            for row in state.execute(select(t.origin))
        }
    live = {id_: row for id_, row in alerts.items() if row.status not in ("retracted", "merged")}
    assert {row.alert_id for row in windows if row.alert_id} == set(live)
    assert all((row.alert_id is not None) == row.alerts for row in windows)
    assert len(events) == len({row_id for row_id, _, _ in events})
    return {
        "event rows": rows,
        "events": events,
        "matches": matches,
        "errors": errors,
        "ledger": ledger,
        "windows": {
            (row.key, row.start, row.end, row.title, row.severity, row.highest, row.matches, row.qualifies)
            for row in windows
        },
        "alerts": {
            (row.rule_id, row.dedup, row.window_start, row.window_end, row.matches, row.title, row.severity)
            for row in live.values()
        },
    }


def differences(
    expected: dict[str, Any], found: dict[str, Any], *, besides: Sequence[str] = ("ledger",)
) -> dict[str, str]:
    """What is not the same in two homes, in few words: nothing if they came to the same.

    Not of the ledger, whose origins are files here and objects there. With many events, better than `==`, whose
    difference pytest takes minutes to write.
    """
    assert expected.keys() == found.keys()
    return {
        name: _difference(expected[name], found[name])
        for name in expected
        if name not in besides and expected[name] != found[name]
    }


def _difference(expected: Any, found: Any) -> str:
    if not isinstance(expected, set):
        return f"{found}, not {expected}"
    missing, more = expected - found, found - expected
    shown = [
        f"{len(one)} {word}, as {min(one, key=repr)}"
        for one, word in ((missing, "missing"), (more, "more"))
        if one
    ]
    return "; ".join(shown)


RULES = {
    "Every.Hour": """
METADATA = {"id": "Every.Hour", "log_types": ["AWS.CloudTrail"], "severity": "Low"}
def rule(event):
    return event.get("eventName") == "RunInstances"
def dedup(event):
    return event.deep_get("userIdentity", "userName", default="")
""",
    "Many.Addresses": """
METADATA = {
    "id": "Many.Addresses", "log_types": ["AWS.CloudTrail"], "severity": "High",
    "threshold": 3, "dedup_period_minutes": 15,
}
def rule(event):
    return event.get("eventName") in ("ConsoleLogin", "AssumeRole")
def unique(event):
    return event["sourceIPAddress"]
def title(event):
    return f"many addresses of {event.deep_get('userIdentity', 'userName')}"
""",
    "Now.And.Then.Fails": """
METADATA = {"id": "Now.And.Then.Fails", "log_types": ["AWS.CloudTrail"], "severity": "Info", "threshold": 5}
def rule(event):
    return event["requestParameters"]["count"] > 3
""",
}
"""Rules with and without a threshold, with `unique`, and one that fails on some events."""


def write_rules(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for rule_id, body in RULES.items():
        (folder / f"{rule_id.lower().replace('.', '_')}.py").write_text(body)
    return folder


def write_tree(folder: Path, *, objects: int, seed: int = 1, twice: float = 0.27) -> int:
    """Objects of about five records over three days, in no order of time; gives the number of records.

    So many of the events, as a share, lie in two objects: what a real trail delivers.
    """
    rng = random.Random(seed)
    events = []
    for number in range(objects * 5):
        second = rng.randrange(3 * 86_400)
        events.append(
            record(
                number,
                eventTime=f"2026-03-{1 + second // 86_400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}Z",
                eventName=rng.choice(
                    ["RunInstances", "ConsoleLogin", "AssumeRole", "GetObject", "ListBuckets"]
                ),
                sourceIPAddress=f"192.0.2.{rng.randrange(6)}",
                userIdentity={"type": "IAMUser", "userName": rng.choice(["ann", "bob", "cem"])},
                requestParameters=rng.choice([{"count": rng.randrange(6)}] * 9 + [None]),
            )
        )
    delivered = events + rng.sample(events, int(len(events) * twice))
    rng.shuffle(delivered)
    parts: list[list[Any]] = [[] for _ in range(objects)]
    for event in delivered:
        rng.choice(parts).append(event)
    for number, part in enumerate(parts):
        path = folder / f"{rng.randrange(10)}" / f"{rng.randbytes(6).hex()}_{number}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"Records": part}).encode(), mtime=0))
    return len(delivered)
