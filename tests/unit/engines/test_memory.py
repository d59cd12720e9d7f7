"""A rule that keeps memory costs no other rule a match, no record its events, and is named when it is too much."""

import errno
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import LIMITS, make_rule
from tests.unit.engines.test_local import EVERY, run_rules

from trailcam.engines import memory
from trailcam.engines.memory import Scales, is_for_want_of_memory
from trailcam.errors import code

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


def test_a_rule_that_fills_a_worker_by_one_file_is_named_and_taken_off(tmp_path: Path) -> None:
    limits = replace(LIMITS, worker_bytes=250 * MIB)
    keeps = make_rule("Keeps", KEEPS.format(2 * MIB))
    tally, engine = run_rules(tmp_path, [EVERY, keeps, CAUTIOUS], events=300, triggers=(), limits=limits)
    assert {(error.rule_id, error.error_class) for error in tally.errors} == {("Keeps", "RuleKilledWorker")}
    assert "keeps" in tally.errors[0].message
    assert engine.taken_off == {1}
    assert (tally.events, tally.letters.total()) == (300, 0)
    assert {entry.reason for entry in tally.not_run} == {code("rule_taken_off")}
    assert tally.match_count + len(tally.errors) + len(tally.not_run) == 3 * 300


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What this process has taken of 800 bytes, to be set."""
    now = [100]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (800, 800))
    monkeypatch.setattr(memory, "taken_bytes", lambda: now[0])
    monkeypatch.setattr(memory, "_free_bytes", lambda: lambda: 0)
    return now


def test_it_is_the_rule_that_keeps_much_when_memory_is_short(taken: list[int]) -> None:
    scales = Scales()
    for at, size, rule, fills in [
        (1, 550, 1, False),  # there is room
        (2, 650, 0, False),
        (3, 701, 2, False),  # it is short, but this one keeps little
        (4, 720, 1, True),
    ]:
        scales.rest() if at == 1 else None
        taken[0] = size
        assert scales.weigh(rule, (0, at, rule)) is fills
    assert scales.heaviest() == (0, 4, 1)


def test_what_is_taken_outside_of_rules_and_what_they_give_back_is_not_theirs(taken: list[int]) -> None:
    scales = Scales()
    scales.rest()
    for size in (600, 110):
        taken[0] = size
        scales.weigh(0, (0, 0, 0))
    taken[0] = 750
    scales.rest()
    taken[0] = 760
    assert not scales.weigh(0, (0, 1, 0))
    assert scales.are_short
    assert scales.heaviest() is None


def test_without_a_limit_nothing_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    scales = Scales()
    assert not scales.are_short
    assert not scales.weigh(0, (0, 0, 0))
    assert scales.heaviest() is None


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
