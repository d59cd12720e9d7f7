"""Correlation rules: a pure function from the matches of other rules to matches of one's own.

Everything is counted for one **group** at a time: the values that a rule's criteria find, one of each. A
match belongs to every group that its fields allow, so lists meet where they intersect. A match without a
value belongs to no group; a rule without criteria has one group, `()`, of all matches.

Two matches are **near** when they are not further apart than the look-back. Midnight is no border.

**A group of steps** is complete at a match `m` when each step that is not absent has its `least` matches in
`[m - look-back, m]`, `m` among those of one of them; with `least_steps`, when that many steps have. The order
of the steps does not matter, nor what `EventEvaluationOrder` says.

**A sequence** is complete at a match of its last step, see `correlate_sequence`.

**The anchor.** Each match at which a rule is complete is the anchor of a derived match. So a derived match,
once said, stays true whatever comes late, unless the rule has an upper bound; and a condition that goes on is
said again and again, as a rule's own matches are: the windows make few alerts of many.

**Upper bounds.** A step has more than its `most` matches, or an absent step of a group is there, when so many
of its matches lie in a stretch as long as the look-back that contains the anchor: before, around or behind
it. Then nothing is said.

**What must be waited for.** A rule with an upper bound or an absent step says a match only when none can
come any more that would unsay it: `wait` behind the anchor, by the watermark. Comes one later than that, the
derived match vanishes.

Each derived match hangs on the matches near its anchor alone. See `correlate_stretch`, and
docs/decisions/0017-correlation-rules.md.
"""

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from trailcam.model.correlation import Correlation
from trailcam.model.derived import DerivedMatch, GroupValue, SourceMatch, Stretch, groups_of
from trailcam.model.timestamps import Micros
from trailcam.pipeline.correlate_group import group_anchors
from trailcam.pipeline.correlate_sequence import sequence_anchors
from trailcam.pipeline.correlate_steps import Matches, order_of, upper_bound
from trailcam.pipeline.correlate_stretch import Span, joined, wait


def correlate(
    rule: Correlation,
    matches: Iterable[SourceMatch],
    *,
    watermark: Micros | None = None,
    stretches: Iterable[Stretch] | None = None,
) -> list[DerivedMatch]:
    """All that a rule says of a set of matches, by (time, group, anchor); their order does not matter.

    Every match before `watermark` is there; None: all are. With `stretches`, only the derived matches whose
    anchors lie in them, for which `correlate_stretch.reaches` says what of the matches is needed.
    """
    by_group = _by_group(rule, matches)
    asked = dict.fromkeys(by_group) if stretches is None else joined(stretches)
    said = [
        derived
        for group, spans in asked.items()
        if group in by_group
        for derived in correlate_group(rule, group, by_group[group], spans=spans, watermark=watermark)
    ]
    return sorted(said, key=lambda derived: (derived.event_time, derived.group, order_of(derived.anchor)))


def correlate_group(
    rule: Correlation,
    group: GroupValue,
    steps: Sequence[Iterable[SourceMatch]],
    *,
    watermark: Micros | None = None,
    spans: Sequence[Span] | None = None,
) -> Iterator[DerivedMatch]:
    """What a rule says of one group. `steps`: of each step, its matches in that group, each once.

    With `spans`, apart from each other and in order, only the derived matches whose anchors lie in them.
    """
    found = [Matches(step, sorted(own, key=order_of)) for step, own in zip(rule.steps, steps, strict=True)]
    crowds = [crowd for each in found if (crowd := upper_bound(each, rule)) is not None]
    final = None if watermark is None or not rule.waits else watermark - wait(rule)
    spans = [_ALL_TIME] if spans is None else spans
    starts = [start for start, _ in spans]

    def may_be_said(time: Micros) -> bool:
        if final is not None and time >= final:
            return False
        at = bisect_right(starts, time) - 1
        return at >= 0 and time <= spans[at][1] and not any(crowd.around(time) for crowd in crowds)

    row_id = row_ids(rule.rule_id, group)
    anchors = sequence_anchors if rule.is_sequence else group_anchors
    for anchor, evidence in anchors(rule, found, may_be_said):
        yield DerivedMatch(
            rule_id=rule.rule_id,
            row_id=row_id(anchor),
            event_time=anchor.event_time,
            group=group,
            anchor=anchor,
            evidence=evidence,
        )


def row_ids(rule_id: str, group: GroupValue) -> Callable[[SourceMatch], str]:
    """Gives for an anchor the identity of the derived match, 32 hex digits."""
    of_group = hashlib.blake2b(json.dumps([rule_id, group]).encode(), digest_size=16)

    def row_id(anchor: SourceMatch) -> str:
        digest = of_group.copy()
        digest.update(f"\n{anchor.rule_id}\n{anchor.row_id}".encode())
        return digest.hexdigest()

    return row_id


_ALL_TIME: Span = (Micros(-(2**63)), Micros(2**63))


def _by_group(rule: Correlation, matches: Iterable[SourceMatch]) -> dict[GroupValue, list[list[SourceMatch]]]:
    """By group, the matches of each step."""
    steps_of = defaultdict(list)
    for index, step in enumerate(rule.steps):
        steps_of[step.rule_id].append((index, step))
    found: dict[GroupValue, list[list[SourceMatch]]] = {}
    for match in {(match.rule_id, match.row_id): match for match in matches}.values():
        for index, step in steps_of.get(match.rule_id, ()):
            for group in groups_of(rule, step, match):
                if group not in found:
                    found[group] = [[] for _ in rule.steps]
                found[group][index].append(match)
    return found
