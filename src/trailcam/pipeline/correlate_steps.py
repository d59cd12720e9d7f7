"""The matches of one step in one group, in their order, and where too many of them lie together."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeAlias

from trailcam.model.correlation import Correlation, Step
from trailcam.model.derived import Evidence, SourceMatch
from trailcam.model.timestamps import Micros

Order: TypeAlias = tuple[Micros, str, str]

MayBeSaid: TypeAlias = Callable[[Micros], bool]
"""Whether a derived match of this time may be said, if the rule is complete there."""

Anchor: TypeAlias = tuple[SourceMatch, tuple[Evidence, ...]]


def order_of(match: SourceMatch) -> Order:
    """The order of matches: event time, row id, rule."""
    return (match.event_time, match.row_id, match.rule_id)


class Matches:
    """One step's matches in a group; `items` are in `order_of`."""

    def __init__(self, step: Step, items: Sequence[SourceMatch]) -> None:
        self.step = step
        self.items = items
        self.times = [match.event_time for match in items]

    def evidence(self, last: int) -> Evidence:
        """The step made by its `least` matches up to index `last`."""
        least = self.step.least
        return Evidence(
            step_id=self.step.id, matches=least, first=self.items[last - least + 1], last=self.items[last]
        )


class Crowds:
    """Where `count` matches lie near each other, no further apart than the look-back."""

    def __init__(self, times: Sequence[Micros], *, count: int, look_back: int) -> None:
        # Each crowd bars the moments that share a stretch of the look-back's length with all of it. With the
        # times in order, the beginnings are in order and so are the ends.
        self._begin: list[int] = []
        self._end: list[int] = []
        for first, last in zip(times, times[count - 1 :], strict=False):
            if last - first <= look_back:
                self._begin.append(last - look_back)
                self._end.append(first + look_back)

    def around(self, time: Micros) -> bool:
        """Whether a crowd and this moment lie in one stretch as long as the look-back."""
        at = bisect_left(self._end, time)
        return at < len(self._end) and self._begin[at] <= time


def upper_bound(matches: Matches, rule: Correlation) -> Crowds | None:
    """What must not be around an anchor; None for a step without upper bound, or whose absence the sequence
    judges by the places of other steps."""
    step = matches.step
    if step.most is not None:
        return Crowds(matches.times, count=step.most + 1, look_back=rule.look_back)
    if step.absent and not rule.is_sequence:
        return Crowds(matches.times, count=step.least, look_back=rule.look_back)
    return None
