"""What a rule keeps of the events it sees costs no other rule a match and no file its events."""

import errno
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import LIMITS, make_rule, make_setup, record, write_log
from tests.tally import Tally
from tests.unit.engines.test_local import EVERY, run_rules

from trailcam.engines import memory
from trailcam.engines.local import LocalEngine
from trailcam.engines.memory import Memory, is_for_want_of_memory
from trailcam.engines.messages import Staging, WorkGroup
from trailcam.sources.files import LocalBlob, claim

MIB = 1 << 20
KEEPS = "kept = []\ndef rule(event):\n    kept.append(bytearray({}))\n    return True"
CAUTIOUS = make_rule(
    "Cautious",
    "def rule(event):\n    try:\n        return len(bytearray(8 << 20)) > 0\n"
    "    except MemoryError:\n        return False",
)


def test_a_rule_that_fills_a_worker_in_the_course_of_files_costs_nothing(tmp_path: Path) -> None:
    limits = replace(LIMITS, worker_bytes=250 * MIB)
    keeps = make_rule("Keeps", KEEPS.format(120_000))
    tally, engine = run_rules(
        tmp_path, [EVERY, keeps, CAUTIOUS], events=500, files=6, triggers=(), limits=limits
    )
    assert (tally.events, tally.match_count) == (3000, 9_000)
    assert (tally.letters.total(), tally.errors, engine.taken_off) == (0, [], set())


def test_a_rule_that_fills_a_worker_by_one_file_costs_nothing_either(tmp_path: Path) -> None:
    limits = replace(LIMITS, worker_bytes=250 * MIB)
    keeps = make_rule("Keeps", KEEPS.format(2 * MIB))
    tally, engine = run_rules(tmp_path, [EVERY, keeps, CAUTIOUS], events=300, triggers=(), limits=limits)
    assert (tally.events, tally.match_count) == (300, 900)
    assert (tally.letters.total(), tally.errors, engine.taken_off) == (0, [], set())


@pytest.mark.parametrize(
    ("hog", "named"),
    [
        ("kept.append(bytearray(1 << 20))", {"RuleKilledWorker"}),
        # where nothing at all is left, CPython may loop where it would raise: that is a rule in hand for too long
        ("kept.append((len(kept), str(len(kept))))", {"RuleKilledWorker", "RuleTimeout"}),
    ],
    ids=["large", "small"],
)
def test_a_rule_that_fills_a_worker_for_one_event_is_named_and_costs_no_other_its_matches(
    tmp_path: Path, hog: str, named: set[str]
) -> None:
    limits = replace(LIMITS, worker_bytes=250 * MIB, rule_seconds=5.0)
    body = f"kept = []\ndef rule(event):\n    while True:\n        {hog}"
    staging = Staging(warehouse=tmp_path / "lake", pack="p")
    rules = [EVERY, make_rule("Hog", body), CAUTIOUS]
    tally, engine = run_rules(tmp_path, rules, events=20, triggers=(), limits=limits, staging=staging)
    assert (tally.match_count, tally.letters.total()) == (40, 0)
    assert [error.rule_id for error in tally.errors] == ["Hog"] * 3
    assert {error.error_class for error in tally.errors} <= named
    killed = [error.message for error in tally.errors if error.error_class == "RuleKilledWorker"]
    assert all("half of limits.worker_bytes" in message for message in killed)
    assert engine.taken_off == {1}


def test_a_rule_with_a_large_table_is_not_to_blame_for_large_events(tmp_path: Path) -> None:
    table = make_rule(
        "Table",
        "table = []\ndef rule(event):\n    if not table:\n        table.append(bytearray(45 << 20))\n"
        "    return True",
    )
    large = {f"k{n}": [f"v{at}" for at in range(100)] for n in range(600)}
    log = write_log(tmp_path / "0.json", [record(n, requestParameters=large) for n in range(10)])
    blob = claim(log, spool=tmp_path)
    assert isinstance(blob, LocalBlob)
    setup = make_setup([EVERY, table], limits=replace(LIMITS, worker_bytes=180 * MIB))
    tally = Tally()
    with LocalEngine(setup, workers=1) as engine:
        for result in engine.run([WorkGroup((blob,))]):
            tally.add(result)
    assert (tally.events, tally.match_count) == (10, 20)
    assert (tally.letters.total(), tally.errors, engine.taken_off) == (0, [], set())


def test_a_rule_with_large_contexts_is_not_to_blame_for_what_we_hold(tmp_path: Path) -> None:
    limits = replace(LIMITS, worker_bytes=200 * MIB)
    told = "\ndef alert_context(event):\n    return {'much': 'x' * 100_000}"
    large = make_rule("Large", "def rule(event):\n    return True" + told)
    tally, engine = run_rules(tmp_path, [large], events=1_900, triggers=(), limits=limits)
    assert (tally.events, tally.match_count) == (1_900, 1_900)
    assert (tally.letters.total(), tally.errors, engine.taken_off) == (0, [], set())


def test_memory_is_short_when_an_eighth_of_what_there_was_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [400]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_200, 1_200))
    monkeypatch.setattr(memory, "taken_bytes", lambda: now[0])
    own = Memory()
    now[0] = 1_100
    assert not own.is_short
    now[0] = 1_101
    assert own.is_short


def test_without_a_limit_nothing_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert not Memory().is_short


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError("ZSTD compression failed: Allocation error : not enough memory"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (OSError("something else"), False),
    ],
)
def test_want_of_memory_is_told_from_want_of_disk(error: OSError, is_it: bool) -> None:
    assert is_for_want_of_memory(error) is is_it
