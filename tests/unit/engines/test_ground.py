"""A rule that changes what all code in its process stands on is found, and nothing else is lost."""

import builtins
import json
import operator
import os
import resource
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from tests.support import LIMITS, make_rule, make_setup
from tests.unit.engines.test_local import EVERY, names, run_rules

from trailcam.engines import process
from trailcam.engines.ground import PARTS, watch
from trailcam.engines.local import LocalEngine
from trailcam.errors import code
from trailcam.model import event
from trailcam.model.rule import Rule, RuleTest
from trailcam.rules import run


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The descriptors of both ends of a way to the parent."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours.fileno(), theirs.fileno()


@pytest.mark.parametrize(
    ("owner", "name", "part"),
    [
        (builtins, "isinstance", "builtins"),
        (json, "dumps", "json"),
        (operator, "eq", "operator"),
        (json.JSONEncoder, "default", "json.encoder.JSONEncoder"),
        (event, "wrap", "a part of Trailcam"),
        (event.ImmutableCaseInsensitiveDict, "__len__", "a part of Trailcam"),
        (run, "describe", "trailcam.rules.run"),
        (run.RuleRunner, "run", "trailcam.rules.run.RuleRunner"),
    ],
)
def test_what_was_replaced_or_removed_is_named(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[int, int], owner: object, name: str, part: str
) -> None:
    changed = watch(ends[0])
    assert changed() == 0
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, lambda *_: True)
        assert PARTS[changed() - 1] == part
    assert changed() == 0
    with monkeypatch.context() as patched:
        patched.delattr(owner, name)
        assert PARTS[changed() - 1] == part


def test_a_module_in_place_of_one_of_ours_is_named(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[int, int]
) -> None:
    changed = watch(ends[0])
    monkeypatch.setitem(sys.modules, "json", ModuleType("json"))
    assert PARTS[changed() - 1] == "sys.modules"


def test_what_is_added_is_nobodys_harm(monkeypatch: pytest.MonkeyPatch, ends: tuple[int, int]) -> None:
    changed = watch(ends[0])
    monkeypatch.setattr(builtins, "_", str, raising=False)
    monkeypatch.setitem(sys.modules, "of_a_rule", ModuleType("of_a_rule"))
    assert changed() == 0


def test_what_raises_when_it_is_compared_is_a_change(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[int, int]
) -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise SystemExit

        __hash__ = None  # type: ignore[assignment]  # as Python has it where __eq__ is defined alone

    changed = watch(ends[0])
    monkeypatch.setattr(json, "dumps", Hostile())
    assert PARTS[changed() - 1] == "json"


def test_a_way_that_was_closed_shut_or_replaced_is_named(ends: tuple[int, int], tmp_path: Path) -> None:
    def part() -> str:
        return PARTS[changed() - 1] if changed() else ""

    way = os.dup(ends[0])
    changed = watch(way)
    assert part() == ""
    os.close(way)
    assert part() == "the connection to Trailcam"
    with (tmp_path / "other").open("wb") as other:
        os.dup2(other.fileno(), way)
        assert part() == "the connection to Trailcam"
    os.dup2(ends[0], way)
    assert part() == ""
    with socket.socket(fileno=way) as same:
        same.shutdown(socket.SHUT_WR)
        assert part() == "the connection to Trailcam"


def test_a_limit_of_the_process_that_was_changed_is_named(ends: tuple[int, int]) -> None:
    changed = watch(ends[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (1 if soft == 0 else 0, hard))
    try:
        assert PARTS[changed() - 1] == "a limit of the process"
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert changed() == 0


EVERY2 = make_rule("Every2", "def rule(event):\n    return len(event) > 0")

HARM = [
    pytest.param("__builtins__['len'] = lambda *_: 0", "builtins", id="len"),
    pytest.param("__builtins__['isinstance'] = lambda *_: False", "builtins", id="isinstance"),
    pytest.param("import json; json.dumps = None", "json", id="json"),
    pytest.param("time.time = time.monotonic = lambda: 0", "time", id="time"),
    pytest.param("os.write = os._exit = lambda *_: 0", "os", id="os"),
    pytest.param("import pickle; pickle.dumps = None; sys.modules.clear()", "sys.modules", id="modules"),
    pytest.param("import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (3, 3))", "a limit", id="files"),
    pytest.param("import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (9, 9))", "a limit", id="sizes"),
    pytest.param("import resource as r; r.setrlimit(r.RLIMIT_DATA, (9, 9))", "a limit", id="memory"),
    pytest.param("import trailcam.rules.run as ours; ours.RuleRunner.run = None", "RuleRunner", id="ours"),
    pytest.param("os.closerange(3, 256)", "the connection to Trailcam", id="descriptors"),
]


@pytest.mark.parametrize(("action", "told"), HARM)
def test_in_a_run_it_is_the_rules_error_and_the_matches_of_others_stay(
    tmp_path: Path, action: str, told: str
) -> None:
    tally, engine = run_rules(tmp_path, [EVERY, names("Bad", action), EVERY2])
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Bad", "RuleKilledWorker")]
    assert told in tally.errors[0].message
    assert tally.errors[0].event_id == "00000000-0000-4000-8000-000000000007"
    assert (tally.records, tally.events, tally.match_count) == (20, 20, 40)
    assert engine.taken_off == set()


HANGS = "lambda *_: time.sleep(60)"


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(
    "action",
    [
        f"import trailcam.rules.run as ours; ours.call_matcher = {HANGS}",
        f"import trailcam.model.event as ours; ours.ImmutableCaseInsensitiveDict.__len__ = {HANGS}",
        f"import trailcam.model.event as ours; ours._wrap = {HANGS}",
        f"import traceback; traceback.walk_tb = {HANGS}",
        f"__builtins__['len'] = {HANGS}",
        "import trailcam.rules.run as ours; ours.call_matcher = lambda *_: os._exit(3)",
    ],
)
def test_what_never_returns_is_laid_at_the_door_of_the_rule_that_put_it_there(
    tmp_path: Path, action: str, place: str
) -> None:
    bad = names("Bad", action)
    raises = make_rule("Raises", "def rule(event):\n    return len(event) / 0")
    order = [bad, raises, EVERY2, EVERY] if place == "first" else [EVERY, raises, EVERY2, bad]
    tally, engine = run_rules(tmp_path, order, events=10, limits=replace(LIMITS, rule_seconds=0.5))
    told = [(error.rule_id, error.error_class) for error in tally.errors if error.rule_id != "Raises"]
    assert told == [("Bad", "RuleKilledWorker")]
    assert (tally.match_count, len(tally.errors), engine.taken_off) == (20, 11, set())


def with_tests(rule: Rule) -> Rule:
    tests = tuple(
        RuleTest(name=f"{number}", expected=expected, event={"eventName": name}, line=number)
        for number, (expected, name) in enumerate([(True, "Quiet"), (True, "Trigger"), (True, "Quiet")])
    )
    return replace(rule, tests=tests)


@pytest.mark.parametrize(("action", "told"), HARM)
def test_in_inline_tests_one_of_them_fails_by_name_and_the_others_are_run(action: str, told: str) -> None:
    bad = make_rule(
        "Bad",
        "import os, sys, time\ndef rule(event):\n    if event['eventName'] == 'Trigger':\n"
        f"        {action}\n    return True",
    )
    setup = make_setup([with_tests(EVERY), with_tests(bad), with_tests(EVERY2)])
    with LocalEngine(setup, workers=1) as engine:
        results = dict(engine.test(range(3)))
    failed = [
        (result.rule_id, result.name) for number in range(3) for result in results[number] if result.reason
    ]
    assert failed == [("Bad", "1")]
    assert told in results[1][1].reason
    assert code("rule_killed_worker") in results[1][1].reason


def test_a_process_that_stands_still_with_no_rule_in_hand_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "IDLE_SECONDS", 0.5)
    action = "import collections; collections.Counter.update = lambda *_: time.sleep(60)"
    tally, _ = run_rules(tmp_path, [EVERY, names("Bad", action)])
    assert list(tally.dead_letters) == [code("worker_lost")]
