"""Adding up: each event once, each pair of event and rule once, in whatever order it comes."""

import itertools
from typing import Any

from trailcam.app.tally import Tally
from trailcam.engines.local import GroupResult
from trailcam.engines.messages import ChunkDone, Rows
from trailcam.model.match import Match, RuleError
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
        **common, event_time=Micros(time), function=function, error_class="E", error="E()", message="", severity=Severity.LOW
    )  # fmt: skip
    return ChunkDone(
        task=0,
        number=0,
        bytes_read=1,
        records=1,
        rows=(
            Rows(log_type="T", row_ids=(ROW,), event_ids=("e",), timeless=((ROW, Micros(time)),) * timeless),
        ),
        dead_letters=(),
        matches=(match,) * (function != "rule"),
        errors=(error,) * bool(function),
        not_run=(),
    )


def tally(*chunks: ChunkDone) -> Tally:
    added = Tally()
    for each in chunks:
        result = GroupResult(())
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


def test_an_error_of_unique_stands_beside_its_match() -> None:
    added = tally(chunk(time=1, function="unique"), chunk(time=1, function="unique"))
    assert (len(added.matches), len(added.errors)) == (1, 1)


def test_a_pair_is_a_match_or_an_error_and_never_both() -> None:
    for order in itertools.permutations((chunk(time=1), chunk(time=1, function="rule"))):
        added = tally(*order)
        assert len(added.matches) + len(added.errors) == 1
