"""Adding up: each event once, each pair of event and rule once, in whatever order it comes."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from tests.tally import KEPT_BYTES, MOST_KEPT, Tally

from trailcam.engines.local import GroupResult
from trailcam.engines.messages import ChunkDone, Rows, WorkGroup
from trailcam.model.deadletter import DeadLetter
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros

ROW = "0" * 31 + "1"


def chunk(*, time: int, timeless: bool = False, function: str = "") -> ChunkDone:
    """One event with a match, or with an error of a function."""
    common: dict[str, Any] = {"rule_id": "R", "row_id": ROW, "log_type": "T", "event_id": "e"}
    match = Match(
        **common, event_time=Micros(time), title="t", dedup="d", severity=Severity.LOW, period_minutes=60, threshold=1
    )  # fmt: skip
    error = RuleError(
        **common, event_time=Micros(time), function=function, error_class="E", error="E()", message="", severity=Severity.LOW,
        origin_id=f"origin {time}",
    )  # fmt: skip
    return ChunkDone(
        task=0,
        number=0,
        bytes_read=1,
        records=1,
        events={},
        places={},
        letters={},
        files=(),
        rows=(
            Rows(
                log_type="T",
                row_ids=(ROW,),
                event_ids=("e",),
                timeless=((ROW, f"origin {time}", Micros(time)),) * timeless,
            ),
        ),
        dead_letters=(),
        matches=(match,) * (function != "rule"),
        errors=(error,) * bool(function),
        not_run=(),
    )


def tally(*chunks: ChunkDone) -> Tally:
    added = Tally()
    for each in chunks:
        result = GroupResult(WorkGroup(()))
        result.chunks.append(each)
        added.add(result)
    return added


def test_a_copy_of_an_event_is_a_duplicate_and_its_match_is_the_same_match() -> None:
    added = tally(chunk(time=5), chunk(time=5))
    assert (added.records, added.events, added.duplicates, len(added.matches)) == (2, 1, 1, 1)


def test_an_event_without_a_time_has_the_earliest_of_its_copies_in_any_order() -> None:
    for times in itertools.permutations((30, 10, 20)):
        added = tally(*(chunk(time=time, timeless=True) for time in times))
        assert [match.event_time for match in added.matches] == [10]


def test_an_origin_that_came_again_under_an_earlier_time_counts_with_it() -> None:
    added = tally(chunk(time=30, timeless=True))
    added.repeat("origin 30", Micros(7))
    assert [match.event_time for match in added.matches] == [7]


def test_of_copies_that_differ_the_same_one_stands_in_any_order() -> None:
    one, other = chunk(time=5), chunk(time=5)
    other = replace(other, matches=(replace(other.matches[0], title="another", dedup="another"),))
    assert tally(one, other).matches == tally(other, one).matches


def not_run(*, times: int = 1) -> ChunkDone:
    """Copies of the event of which a rule saw none."""
    entry = NotRun(rule_id="R", row_id=ROW, origin_id="o", origin_name="n", reason="TC0503")
    rows = Rows(log_type="T", row_ids=(ROW,) * times, event_ids=("e",) * times, timeless=())
    return replace(chunk(time=1), rows=(rows,), matches=(), not_run=(entry,) * times)


def seen() -> ChunkDone:
    """A copy of the event that the rule saw, and said no to."""
    return replace(chunk(time=1), matches=())


@pytest.mark.parametrize(
    ("chunks", "pairs"),
    [
        ([not_run()], 1),
        ([not_run(), not_run(times=3)], 1),
        ([not_run(), seen()], 0),
        ([seen(), not_run()], 0),
        ([not_run(), seen(), not_run()], 0),
        ([replace(not_run(times=2), not_run=not_run().not_run)], 0),
    ],
)
def test_a_pair_is_not_run_only_if_the_rule_saw_no_copy(chunks: list[ChunkDone], pairs: int) -> None:
    assert len(tally(*chunks).not_run) == pairs


def test_dead_letters_are_counted_to_the_last_and_kept_to_a_limit() -> None:
    given: list[DeadLetter] = []
    added = Tally(on_letter=given.append)
    for position in range(MOST_KEPT + 5):
        added.refuse(
            DeadLetter(
                origin_id="o", origin_name="n", position=position, size_bytes=9, reason="TC0405", detail="", raw=b"x" * 900
            )
        )  # fmt: skip
    assert (added.letters["TC0405"], added.records) == (MOST_KEPT + 5, MOST_KEPT + 5)
    assert len(added.dead_letters["TC0405"]) == MOST_KEPT
    assert len(added.dead_letters["TC0405"][0].raw) == KEPT_BYTES
    assert len(given) == MOST_KEPT + 5
    assert len(given[0].raw) == 900


def test_an_error_of_unique_stands_beside_its_match() -> None:
    added = tally(chunk(time=1, function="unique"), chunk(time=1, function="unique"))
    assert (len(added.matches), len(added.errors)) == (1, 1)


def test_a_pair_is_a_match_or_an_error_and_never_both() -> None:
    for order in itertools.permutations((chunk(time=1), chunk(time=1, function="rule"))):
        added = tally(*order)
        assert len(added.matches) + len(added.errors) == 1
