"""Where a sequence is complete: at the last match of a chain of its steps, each after the one before.

**A chain** has for each step that is not absent a match that completes it, and with it the `least - 1` latest
of the step's matches before that one. All of them come after what completes the step before. From what
completes one step to what completes the next it may not be longer than the `within_minutes` of their
transition, and from the chain's first match to its last not longer than the look-back. The chain's last match
is the anchor.

**Equal times** count in either order: logs that are told to the second hold both. So an absent match of the
same moment counts as being there. Where one rule stands for several steps of the sequence, matches of equal
time have the order of their row ids, so that no match follows itself.

**Absent steps** bar a chain, where `least` of their matches lie:

- *before the first step*: not after its first match, and not longer before what completes it than the
  transition allows;
- *between two steps*: not before what completes the one, not after the first match of the other;
- *after the last step*: not before the anchor, and not longer after it than the transition allows.

Where the transition allows no time of its own, it is the look-back.

Of the chains that end at a match it is enough to know the one that begins last: whatever is asked of chains
further on, it does best. So the steps are walked one by one, each match once.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trailcam.model.correlation import Correlation
from trailcam.model.derived import Evidence
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.pipeline.correlate_steps import Anchor, Matches, MayBeSaid, order_of


def sequence_anchors(rule: Correlation, steps: Sequence[Matches], may_be_said: MayBeSaid) -> Iterator[Anchor]:
    """The anchors that may be said, in their order, with the evidence of each step that is not absent."""
    row = _Row(rule, steps)
    stages: list[_Stage] = []
    absent: list[int] = []
    for index, matches in enumerate(steps):
        if matches.step.absent:
            absent.append(index)
            continue
        stages.append(row.next(stages[-1], index, absent) if stages else row.first(index, absent))
        absent = []
    if not stages:
        return
    last = stages[-1]
    for at, begin in enumerate(last.begin):
        anchor = last.matches.items[at]
        time = anchor.event_time
        if begin is None or time - begin > rule.look_back or not may_be_said(time):
            continue
        if not any(row.follows(last, at, index) for index in absent):
            yield anchor, _evidence(stages, at)


@dataclass(slots=True)
class _Stage:
    """The chains up to one step. By the index of the match that completes the step, of the chain that begins
    last: when it begins, None without a chain, and which match completes the step before."""

    index: int
    matches: Matches
    begin: list[Micros | None] = field(default_factory=list)
    via: list[int] = field(default_factory=list)

    def add(self, begin: Micros | None, via: int = -1) -> None:
        self.begin.append(begin)
        self.via.append(via)


class _Row:
    """The steps of a sequence side by side, with the places that their matches have in time."""

    def __init__(self, rule: Correlation, steps: Sequence[Matches]) -> None:
        self._rule = rule
        self._steps = steps
        self._strict = len({each.step.rule_id for each in steps}) < len(steps)
        # What is compared: times, or whole orders where a match could else follow itself.
        self._places: list[list[Any]] = [
            [order_of(match) for match in each.items] if self._strict else list(each.times) for each in steps
        ]
        self._frames = {
            (each.from_step, each.to_step): each.within_minutes * MINUTE
            for each in rule.transitions
            if each.within_minutes is not None
        }

    def first(self, index: int, absent: Sequence[int]) -> _Stage:
        """The chains of the first step alone."""
        stage = _Stage(index, self._steps[index])
        for at, time in enumerate(stage.matches.times):
            first = at - stage.matches.step.least + 1
            barred = first < 0 or any(self._precedes(index, first, time, other) for other in absent)
            stage.add(None if barred else stage.matches.times[first])
        return stage

    def next(self, before: _Stage, index: int, absent: Sequence[int]) -> _Stage:
        """The chains of one step more; `absent` are those in between."""
        stage = _Stage(index, self._steps[index])
        frame = self._frame(before.index, index)
        open_: deque[int] = deque()  # of the step before, from the chain that begins last downwards
        entered = 0
        for at, time in enumerate(stage.matches.times):
            first = at - stage.matches.step.least + 1
            if first < 0:
                stage.add(None)
                continue
            place = self._places[index][first]
            oldest = bisect_left(before.matches.times, time - frame)
            for other in absent:
                oldest = max(oldest, self._behind(before.index, other, place))
            for entering in range(entered, self._up_to(before.index, place)):
                begin = before.begin[entering]
                if begin is not None:
                    while open_ and _begin(before, open_[-1]) <= begin:
                        open_.pop()
                    open_.append(entering)
                entered = entering + 1
            while open_ and open_[0] < oldest:
                open_.popleft()
            stage.add(before.begin[open_[0]], open_[0]) if open_ else stage.add(None)
        return stage

    def follows(self, last: _Stage, at: int, absent: int) -> bool:
        """Whether an absent step is there behind the chain's last match."""
        places = self._places[absent]
        place = self._places[last.index][at]
        first = bisect_right(places, place) if self._strict else bisect_left(places, place)
        matches = self._steps[absent]
        enough = first + matches.step.least - 1
        if enough >= len(places):
            return False
        return matches.times[enough] <= last.matches.times[at] + self._frame(last.index, absent)

    def _precedes(self, index: int, first: int, completed: Micros, absent: int) -> bool:
        """Whether an absent step is there ahead of the chain's first match."""
        matches = self._steps[absent]
        begin = self._up_to(absent, self._places[index][first]) - matches.step.least
        return begin >= 0 and matches.times[begin] >= completed - self._frame(absent, index)

    def _behind(self, before: int, absent: int, place: Any) -> int:
        """The first match of the step before from which on no absent step lies between it and `place`."""
        begin = self._up_to(absent, place) - self._steps[absent].step.least
        if begin < 0:
            return 0
        there = self._places[absent][begin]
        return (bisect_left if self._strict else bisect_right)(self._places[before], there)

    def _up_to(self, index: int, place: Any) -> int:
        """How many matches of a step come not after a place, which is of another step."""
        return (bisect_left if self._strict else bisect_right)(self._places[index], place)

    def _frame(self, from_index: int, to_index: int) -> int:
        steps = self._steps
        named = self._frames.get((steps[from_index].step.id, steps[to_index].step.id))
        return self._rule.look_back if named is None else min(named, self._rule.look_back)


def _begin(stage: _Stage, at: int) -> Micros:
    begin = stage.begin[at]
    assert begin is not None
    return begin


def _evidence(stages: Sequence[_Stage], at: int) -> tuple[Evidence, ...]:
    found = []
    for stage in reversed(stages):
        found.append(stage.matches.evidence(at))
        at = stage.via[at]
    return tuple(reversed(found))
