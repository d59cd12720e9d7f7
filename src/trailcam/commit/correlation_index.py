"""Which matches lie in which groups of a correlation rule, written and read by index.

They are read back group by group and step by step, without their values: these have been looked at.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit import tables as t
from trailcam.commit.correlation_tables import correlation_group, correlation_match
from trailcam.model.correlation import Correlation
from trailcam.model.derived import GroupValue, SourceMatch, Stretch, groups_of, is_cut
from trailcam.model.timestamps import Micros
from trailcam.pipeline.correlate_stretch import Reach, Span, reaches
from trailcam.state.chunks import chunked

_AT_ONCE = 5_000

_BEGINNING, _END = -(2**62), 2**62
"""Times before and behind all others, which a column of the state can hold."""


def source_matches(
    connection: Connection, rule_ids: Iterable[str], *, after: int, until: int
) -> Iterator[SourceMatch]:
    """The matches of rules that were decided after one decision, and until another, with what was kept."""
    m = t.match.c
    found = connection.execution_options(yield_per=_AT_ONCE).execute(
        select(m.rule_id, m.row_id, m.event_time, m.kept)
        .where(m.rule_id.in_(sorted(rule_ids)), m.decision_id > after, m.decision_id <= until)
        .order_by(m.decision_id)
    )
    for row in found:
        yield SourceMatch(
            rule_id=row.rule_id,
            row_id=row.row_id,
            event_time=Micros(row.event_time),
            values=values_of(row.kept),
        )


def values_of(kept: str | None) -> dict[str, tuple[str, ...]]:
    """What was kept of a match, by field; nothing where no correlation rule had asked."""
    return {} if kept is None else {field: tuple(values) for field, values in json.loads(kept).items()}


class GroupIndex:
    """The matches that one rule looks at, in its groups."""

    def __init__(self, connection: Connection, rule: Correlation) -> None:
        self._connection = connection
        self._rule = rule
        self.cut: Counter[str] = Counter()
        """By the rule they are of, matches taken in with more values or groups than are looked at."""
        self._mine = correlation_match.c.rule_id == rule.rule_id
        c = correlation_match.c  # made once: making a statement takes longer than running it
        within = select(c.source_rule_id, c.row_id, c.event_time).where(
            self._mine,
            c.group_key == bindparam("key"),
            c.step_id == bindparam("step"),
            c.event_time.between(bindparam("start"), bindparam("end")),
        )
        self._within = within
        self._first = within.order_by(c.event_time, c.row_id).limit(bindparam("most"))
        self._last = within.order_by(c.event_time.desc(), c.row_id.desc()).limit(bindparam("most"))

    def clear(self) -> None:
        """Forgets all of them."""
        self._connection.execute(delete(correlation_match).where(self._mine))
        self._connection.execute(
            delete(correlation_group).where(correlation_group.c.rule_id == self._rule.rule_id)
        )

    def add(self, matches: Sequence[SourceMatch]) -> None:
        """Takes matches in; what it holds already stays as it is."""
        groups: dict[bytes, GroupValue] = {}
        rows = []
        for match in matches:
            steps = [step for step in self._rule.steps if step.rule_id == match.rule_id]
            if any(is_cut(self._rule, step, match) for step in steps):
                self.cut[match.rule_id] += 1
            for step in steps:
                for group in groups_of(self._rule, step, match):
                    key = _key(group)
                    groups[key] = group
                    rows.append(
                        {
                            "rule_id": self._rule.rule_id,
                            "group_key": key,
                            "step_id": step.id,
                            "event_time": match.event_time,
                            "row_id": match.row_id,
                            "source_rule_id": match.rule_id,
                        }
                    )
        if rows:
            self._connection.execute(insert(correlation_match).on_conflict_do_nothing(), rows)
            self._connection.execute(
                insert(correlation_group).on_conflict_do_nothing(),
                [
                    {"rule_id": self._rule.rule_id, "group_key": key, "value": json.dumps(group)}
                    for key, group in groups.items()
                ],
            )

    def remove(self, matches: Sequence[SourceMatch]) -> None:
        """Takes out matches that have vanished."""
        c = correlation_match.c
        if matches:
            self._connection.execute(
                delete(correlation_match).where(
                    self._mine, c.source_rule_id == bindparam("its_rule"), c.row_id == bindparam("its_row")
                ),
                [{"its_rule": match.rule_id, "its_row": match.row_id} for match in matches],
            )

    def groups(self, start: Micros | None = None, end: Micros | None = None) -> list[GroupValue]:
        """The groups with a match from `start` to `end`, both included; None is any time."""
        c = correlation_match.c
        first, last = _bounded(start), _bounded(end, without=_END)
        keys = (
            self._connection.execute(
                select(c.group_key).where(self._mine, c.event_time.between(first, last)).distinct()
            )
            .scalars()
            .all()
        )
        found: list[GroupValue] = []
        for chunk in chunked(keys):
            values = select(correlation_group.c.value).where(
                correlation_group.c.rule_id == self._rule.rule_id, correlation_group.c.group_key.in_(chunk)
            )
            found += (tuple(json.loads(value)) for value in self._connection.execute(values).scalars())
        return sorted(found)

    def last_before(self, time: Micros) -> Micros | None:
        """The time of the last match that is not later than this; None when there is none."""
        c = correlation_match.c
        found = self._connection.execute(
            select(func.max(c.event_time)).where(self._mine, c.event_time <= time)
        ).scalar()
        return None if found is None else Micros(found)

    def whole(self, group: GroupValue) -> list[list[SourceMatch]]:
        """All matches of a group, by step."""
        return self._read(group, [(step.id, _BEGINNING, _END, None, False) for step in self._rule.steps])

    def near(self, group: GroupValue, spans: Iterable[Span]) -> list[list[SourceMatch]]:
        """The matches of a group that the evaluation of stretches of it needs, by step."""
        stretches = [Stretch(group, *span) for span in spans]
        return self._read(
            group,
            (
                asked
                for stretch in stretches
                for reach in reaches(self._rule, stretch)
                for asked in _asked(reach, stretch)
            ),
        )

    def _read(self, group: GroupValue, asked: Iterable["_Asked"]) -> list[list[SourceMatch]]:
        key = _key(group)
        found: dict[str, dict[tuple[str, str], SourceMatch]] = {step.id: {} for step in self._rule.steps}
        for step_id, start, end, most, backwards in asked:
            bound: dict[str, Any] = {"key": key, "step": step_id, "start": start, "end": end}
            chosen = self._within
            if most is not None:
                bound["most"] = most
                chosen = self._last if backwards else self._first
            for row in self._connection.execute(chosen, bound):
                found[step_id][row.source_rule_id, row.row_id] = SourceMatch(
                    rule_id=row.source_rule_id,
                    row_id=row.row_id,
                    event_time=Micros(row.event_time),
                    values={},
                )
        return [list(of_step.values()) for of_step in found.values()]


_Asked = tuple[str, int, int, int | None, bool]
"""Of a step: from when to when, how many at most, and whether those are the last ones."""


def _asked(reach: Reach, stretch: Stretch) -> Iterator[_Asked]:
    start, end = _bounded(stretch.start), _bounded(stretch.end)
    yield reach.step_id, start, end, None, False
    if reach.since < stretch.start:
        yield reach.step_id, _bounded(reach.since), start - 1, reach.latest, True
    if reach.until > stretch.end:
        yield reach.step_id, end + 1, _bounded(reach.until), reach.earliest, False


def _bounded(time: int | None, *, without: int = _BEGINNING) -> int:
    return without if time is None else max(_BEGINNING, min(time, _END))


def _key(group: GroupValue) -> bytes:
    return hashlib.blake2b(json.dumps(group).encode(), digest_size=16).digest()
