"""Where a group of steps is complete: at a match with enough of each step in the look-back that ends at it.

Matches of the same moment see each other, whatever their order. See `trailcam.pipeline.correlate`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from trailcam.model.correlation import Correlation
from trailcam.model.derived import SourceMatch
from trailcam.model.timestamps import Micros
from trailcam.pipeline.correlate_steps import Anchor, Matches, MayBeSaid, Order, order_of


def group_anchors(rule: Correlation, steps: Sequence[Matches], may_be_said: MayBeSaid) -> Iterator[Anchor]:
    """The anchors that may be said, in their order, with the evidence of each step that is there."""
    present = [matches for matches in steps if not matches.step.absent]
    enough = len(present) if rule.least_steps is None else rule.least_steps
    for anchor, its_steps in _candidates(present):
        time = anchor.event_time
        if not may_be_said(time):
            continue
        there = {
            index: last
            for index, matches in enumerate(present)
            if (last := _complete(matches, time, rule.look_back)) is not None
        }
        if len(there) >= enough and any(index in there for index in its_steps):
            yield anchor, tuple(present[index].evidence(last) for index, last in there.items())


def _candidates(present: Sequence[Matches]) -> list[tuple[SourceMatch, list[int]]]:
    """Every match that may be an anchor, once, in order, with the steps it is a match of."""
    found: dict[Order, tuple[SourceMatch, list[int]]] = {}
    for index, matches in enumerate(present):
        for match in matches.items:
            found.setdefault(order_of(match), (match, []))[1].append(index)
    return [found[order] for order in sorted(found)]


def _complete(matches: Matches, time: Micros, look_back: int) -> int | None:
    """The index of the step's last match up to `time`, if enough of them lie in the look-back before it."""
    count = bisect_right(matches.times, time)
    first = count - matches.step.least
    return count - 1 if first >= 0 and matches.times[first] >= time - look_back else None
