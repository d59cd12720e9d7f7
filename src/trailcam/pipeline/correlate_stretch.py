"""What of a correlation rule must be evaluated anew when matches come or vanish, and what is needed for it.

A match changes only what is said at anchors near it, in its own groups: `touched`. When the watermark moves,
it is the anchors that were waited for until then: `due`. To evaluate a stretch of anchors, the matches that
`reaches` names are enough, of most rules a few before the stretch however many there are.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from trailcam.model.correlation import Correlation, Step
from trailcam.model.derived import GroupValue, SourceMatch, Stretch, groups_of
from trailcam.model.timestamps import MINUTE, Micros

Span: TypeAlias = tuple[Micros, Micros]
"""From a time to a time, both included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which matches of a step, in the group of a stretch, its evaluation needs.

    All of the stretch itself; before it, those from `since` on, of which the `latest` last are enough; behind
    it, those up to `until`, of which the `earliest` first are enough. None is no number: all of them.
    """

    step_id: str
    rule_id: str
    since: Micros
    until: Micros
    latest: int | None
    earliest: int


def touched(rule: Correlation, match: SourceMatch) -> list[Stretch]:
    """The stretches in which a match that has come or vanished may change what is said; sorted, one a group.

    Empty when it is no match of the rule's steps, or in no group.
    """
    found: list[Stretch] = []
    for step in rule.steps:
        if step.rule_id == match.rule_id:
            back = rule.look_back if _has_upper_bound(step) else 0
            start = match.event_time - back
            end = match.event_time + rule.look_back + _ahead(rule, step)
            found += [Stretch(group, Micros(start), Micros(end)) for group in groups_of(rule, step, match)]
    return [Stretch(group, *span) for group, spans in sorted(joined(found).items()) for span in spans]


def due(rule: Correlation, before: Micros | None, now: Micros) -> Span | None:
    """The anchors, of every group, that a watermark at `now` lets be said and one at `before` did not.

    None where there are none, as of a rule that waits for nothing. `before` None: there was no watermark,
    nothing had been said.
    """
    if not rule.waits or (before is not None and before >= now):
        return None
    waited = wait(rule)
    start = Micros(-(2**63)) if before is None else Micros(before - waited)
    return start, Micros(now - waited - 1)


def wait(rule: Correlation) -> int:
    """How long after an anchor, in microseconds, something may come that unsays it; 0 also where an absent
    match would be before it."""
    behind = [0]
    for step in rule.steps:
        if step.most is not None or (step.absent and not rule.is_sequence):
            behind.append(rule.look_back)
        elif _ends(rule, step):
            behind.append(_frame(rule, step))
    return max(behind)


def reaches(rule: Correlation, stretch: Stretch) -> list[Reach]:
    """What the evaluation of a stretch needs, one of each step."""
    few = _few_are_enough(rule)
    found = []
    for step in rule.steps:
        count = max(step.least, 0 if step.most is None else step.most + 1)
        behind = step.most is not None or (step.absent and (not rule.is_sequence or _ends(rule, step)))
        found.append(
            Reach(
                step_id=step.id,
                rule_id=step.rule_id,
                since=Micros(stretch.start - rule.look_back - _ahead(rule, step)),
                until=Micros(stretch.end + rule.look_back if behind else stretch.end),
                latest=count if few else None,
                earliest=count if behind else 0,
            )
        )
    return found


def joined(stretches: Iterable[Stretch]) -> dict[GroupValue, list[Span]]:
    """By group, the spans that stretches cover, in order, apart from each other."""
    by_group: dict[GroupValue, list[Span]] = defaultdict(list)
    for stretch in sorted(stretches):
        spans = by_group[stretch.group]
        if spans and stretch.start <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], stretch.end))
        else:
            spans.append((stretch.start, stretch.end))
    return dict(by_group)


def _has_upper_bound(step: Step) -> bool:
    return step.absent or step.most is not None


def _ahead(rule: Correlation, step: Step) -> int:
    """How far ahead of a chain its matches count: those of an absent step that begins a sequence."""
    if not rule.is_sequence or not step.absent:
        return 0
    before = rule.steps[: rule.steps.index(step)]
    return _frame(rule, step) if all(each.absent for each in before) else 0


def _ends(rule: Correlation, step: Step) -> bool:
    """Whether an absent step ends a sequence."""
    if not rule.is_sequence or not step.absent:
        return False
    return all(each.absent for each in rule.steps[rule.steps.index(step) :])


def _frame(rule: Correlation, step: Step) -> int:
    """The time frame of the one transition that an absent step at an end of a sequence has."""
    named = [
        each.within_minutes * MINUTE
        for each in rule.transitions
        if step.id in (each.from_step, each.to_step) and each.within_minutes is not None
    ]
    return min([rule.look_back, *named])


def _few_are_enough(rule: Correlation) -> bool:
    """Whether of each step the latest few matches before a stretch tell the same as all of them.

    In a longer sequence they do not: a later match may have no chain of its own where an earlier has one.
    """
    if not rule.is_sequence:
        return True
    present = [step for step in rule.steps if not step.absent]
    if len(present) == 1:
        return present[0].least == 1
    return len(present) == 2 and present[1].least == 1 and not rule.steps[0].absent
