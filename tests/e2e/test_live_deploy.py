"""New rules come while events flow: good ones between two groups, broken ones never, and nothing waits for either."""

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.deploying import STOPPED, write_rule
from tests.kept import verified
from tests.live import Following, count, eventually, following, write_settings
from tests.support import record, trailcam

from trailcam.alerts.tables import alert
from trailcam.app.home import open_home
from trailcam.commit import tables as t

pytestmark = pytest.mark.slow

MOST_SECONDS = 15
"""In which an event is a match, whatever is being checked, on a machine with other things to do."""

EXITS = "import os\nos._exit(3)"
KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
HANGS = "while True:\n    pass"


@dataclass
class Flow:
    """Events that are written to a folder, five a second or so, until it is left; when each of them was."""

    folder: Path
    home: Path
    put: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Flow":
        self.folder.mkdir(exist_ok=True)
        self._threads = [threading.Thread(target=it) for it in (self._write, self._watch)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def slowest(self) -> float:
        """How long the slowest event took until it was a match of `My.Rule`."""
        return max(self.seen[event_id] - put for event_id, put in self.put.items())

    def flows(self, events: int = 10) -> None:
        """Waits until more events have come through."""
        until = len(self.seen) + events
        eventually(lambda: len(self.seen) >= until)

    def _write(self) -> None:
        number = 0
        while not self._over.wait(0.2):
            number += 1
            event = record(number, eventName="StopLogging")
            put(self.folder, f"{number:06}", [event])
            self.put[event["eventID"]] = time.monotonic()

    def _watch(self) -> None:
        until = None
        while until is None or (len(self.seen) < len(self.put) and time.monotonic() < until):
            if self._over.wait(0.1) and until is None:
                until = time.monotonic() + MOST_SECONDS
            for event_id in matched(self.home):
                self.seen.setdefault(event_id, time.monotonic())


def put(folder: Path, name: str, events: list[Any]) -> None:
    hidden = folder / f".{name}"
    hidden.write_text(json.dumps({"Records": events}))
    hidden.rename(folder / f"{name}.json")


def matched(home: Path) -> list[str]:
    """Events that `My.Rule` matches."""
    if not count(home):
        return []
    with open_home(home).database.read() as state:
        m = t.match.c
        return list(state.execute(select(m.event_id).where(m.rule_id == "My.Rule")).scalars())


def packs_of_matches(home: Path) -> list[tuple[str, float]]:
    """(pack, when it was given to a worker) of every match of `My.Rule`, in order of time."""
    asked = (
        "SELECT pack, epoch_us(p_parse_time) AS given FROM matches WHERE rule_id = 'My.Rule' ORDER BY given"
    )
    done = trailcam("query", "--home", home, "--format", "jsonl", asked)
    assert done.returncode == 0, done.stderr
    return [(row["pack"], row["given"] / 1e6) for row in map(json.loads, done.stdout.splitlines())]


def alerts(home: Path, rule_id: str) -> list[str]:
    with open_home(home).database.read() as state:
        return list(state.execute(select(alert.c.title).where(alert.c.rule_id == rule_id)).scalars())


def said(process: Following, what: str) -> list[dict[str, Any]]:
    return [line for line in process.told() if line["event"] == what]


def at(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()


def settings_of(folder: Path, *, check_seconds: float = 0.5) -> Path:
    write_rule(folder / "rules", "My.Rule")
    source = f'[sources.drop]\ntype = "folder"\npath = "{folder / "drop"}"\nquiet_seconds = 0.1\n'
    more = f"[limits]\nrule_seconds = 2\n[deploy]\ncheck_seconds = {check_seconds}\n"
    (folder / "drop").mkdir()
    return write_settings(folder, source, packs=[folder / "rules"], more=more)


def is_refused(process: Following, times: int) -> None:
    """Waits for one more refusal, and asserts that there is one."""
    eventually(lambda: len(said(process, REFUSED)) >= times, seconds=90, process=process)
    assert len(said(process, REFUSED)) == times


def switches(process: Following) -> Any:
    """Waits until a server has gone over to new rules, and gives what it said."""
    return eventually(lambda: said(process, "switched"), seconds=90, process=process)


REFUSED = "refused: the rules in force go on"


def test_broken_rules_are_refused_while_events_flow_and_good_ones_are_switched_to(tmp_path: Path) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules"
    settings = settings_of(tmp_path)
    with following(settings) as process:
        eventually(lambda: said(process, "started"), process=process)
        with Flow(tmp_path / "drop", home) as flow:
            flow.flows()
            write_rule(rules, top="def broken(:")
            is_refused(process, 1)
            write_rule(rules, condition="False")
            is_refused(process, 2)
            time.sleep(2)  # it is not told again while it is the same
            is_refused(process, 2)
            eventually(lambda: alerts(home, "Trailcam.PackRefused"), process=process)
            write_rule(rules, condition=f"{STOPPED} or False")
            switched = switches(process)
            flow.flows()
        assert process.stop() == 0
    assert flow.slowest() < MOST_SECONDS
    found = packs_of_matches(home)
    assert len(found) == len(flow.put)
    before, after = (
        {pack for pack, given in found if (given < at(switched[0])) is is_} for is_ in (True, False)
    )
    assert (len(before), len(after), before & after) == (1, 1, set())
    assert next(iter(after)).startswith(switched[0]["pack"])
    assert [line["where"] for line in said(process, REFUSED)] == [str(rules / "my_rule.py")] * 2
    assert len(alerts(home, "Trailcam.PackRefused")) == 1
    assert verified(home).holds


def test_rules_that_kill_or_hold_up_their_process_never_come_into_force_in_two_processes(
    tmp_path: Path,
) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules"
    settings = settings_of(tmp_path)
    with ExitStack() as stack:
        process = stack.enter_context(following(settings))
        eventually(lambda: said(process, "started"), process=process)
        other = stack.enter_context(following(settings, command="worker", log="worker"))
        eventually(lambda: said(other, "started"), process=other)
        with Flow(tmp_path / "drop", home) as flow:
            flow.flows()
            for times, broken in enumerate(({"top": EXITS}, {"top": KILLED}, {"top": HANGS}), 1):
                write_rule(rules, **broken)
                is_refused(process, times)
                is_refused(other, times)
            write_rule(rules, condition='__import__("os")._exit(3)')
            is_refused(process, 4)
            is_refused(other, 4)
            write_rule(rules, condition=f"{STOPPED} or False")
            for it in (process, other):
                switches(it)
            both = time.time()
            flow.flows()
        assert [it.stop() for it in (other, process)] == [0, 0]
    assert flow.slowest() < MOST_SECONDS
    found = packs_of_matches(home)
    assert len(found) == len(flow.put)
    assert len({pack for pack, _ in found}) == 2
    new = said(process, "switched")[0]["pack"]
    assert all(pack.startswith(new) for pack, given in found if given > both)
    assert verified(home).holds


def test_a_server_is_asked_to_reload_and_to_go_back(tmp_path: Path) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules"
    settings = settings_of(tmp_path, check_seconds=0)

    def asks(verb: str, status: int = 0) -> None:
        done = trailcam("packs", verb, "--home", home, "--config", settings)
        assert done.returncode == status, done.stderr

    with following(settings) as process:
        eventually(lambda: said(process, "started"), process=process)
        with Flow(tmp_path / "drop", home) as flow:
            flow.flows(3)
            write_rule(rules, condition="False")
            asks("reload", status=1)
            write_rule(rules, condition=f"{STOPPED} or False")
            asks("reload")
            flow.flows(5)
            asks("rollback")
            flow.flows(5)
        assert process.stop() == 0
    assert flow.slowest() < MOST_SECONDS
    first, second = (line["pack"] for line in said(process, "switched"))
    assert said(process, "started")[0]["pack"] == second
    assert [pack[:12] for pack, _ in groupby(it for it, _ in packs_of_matches(home))] == [
        second,
        first,
        second,
    ]
    assert len(alerts(home, "Trailcam.PackRefused")) == 1


def test_a_rule_that_kills_its_worker_three_times_is_taken_off_and_told(tmp_path: Path) -> None:
    home, rules = tmp_path / "home", tmp_path / "rules"
    settings = settings_of(tmp_path, check_seconds=0)
    poison = 'event.get("eventName") == "Poison" and __import__("os")._exit(3)'
    write_rule(rules, "Killing.Rule", condition=f"{STOPPED} or ({poison})")
    with following(settings) as process:
        poisoned = [record(number, eventName="Poison") for number in range(5)]
        put(tmp_path / "drop", "poison", [*poisoned, record(9, eventName="StopLogging")])
        eventually(lambda: count(home) and alerts(home, "Trailcam.RuleTakenOff"), seconds=90, process=process)
        put(tmp_path / "drop", "later", [record(10, eventName="StopLogging")])
        eventually(lambda: len(matched(home)) == 2, process=process)
        assert process.stop() == 0
    with open_home(home).database.read() as state:
        errors = list(state.execute(select(t.rule_error.c.rule_id)).scalars())
        not_run = {row.rule_id: row.events for row in state.execute(select(t.not_run))}
    assert errors == ["Killing.Rule"] * 3
    assert set(not_run) == {"Killing.Rule"}
    assert verified(home).holds
