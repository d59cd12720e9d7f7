"""What one correlation rule says in its turn, and what of that is new.

What comes or vanishes touches stretches of its groups; those are said anew and compared with what stands. A
rule that is new or has changed is gone through as a whole, group by group.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit import tables as t
from trailcam.commit.correlation_index import GroupIndex, source_matches, values_of
from trailcam.commit.correlation_rules import CorrelationRule, match_of
from trailcam.commit.correlation_standing import Arrived, settled_until, sources_of
from trailcam.commit.correlation_tables import correlation
from trailcam.commit.kept_without import KeptWithout, kept_without
from trailcam.commit.windows import match_item
from trailcam.model.derived import GroupValue, SourceMatch, Stretch
from trailcam.model.match import Match
from trailcam.model.timestamps import Micros
from trailcam.pipeline.correlate import correlate_group, row_ids
from trailcam.pipeline.correlate_stretch import Span, due, joined, touched, wait
from trailcam.state.chunks import chunked

_AT_ONCE = 5_000

MOST_NEWS = 100_000
"""Matches that are new to a rule: of more than these, the groups are gone through one by one, whole."""


@dataclass(slots=True)
class Said:
    """What a turn changes of the rules' own matches."""

    come: list[Match] = field(default_factory=list)
    gone: list[tuple[Match, Micros | None]] = field(default_factory=list)
    """Taken out of the state by now; each with the start of the window it was in."""
    taken: list[str] = field(default_factory=list)
    """The rules that had the turn."""
    cut: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(who looks, whose matches): how many, new to who looks, had more values than are looked at."""
    kept_without: list[KeptWithout] = field(default_factory=list)
    """Of rules that are new, or say something else since: what they do not see."""
    left: dict[str, str] = field(default_factory=dict)
    """As `left_rules` has it."""


class RuleTurn:
    """One rule in its turn."""

    def __init__(
        self, connection: Connection, it: CorrelationRule, standing: Any, *, until: int, run_id: str
    ) -> None:
        self._connection = connection
        self._it = it
        self._rule = it.correlation
        self._standing = standing
        self._until = until
        self._run_id = run_id
        self._seen_before = standing is not None and standing.seen > 0
        self._anew = standing is None or standing.version != it.version
        self._index = GroupIndex(connection, it.correlation)

    def take(self, said: Said, arrived: Arrived | None) -> None:
        """Adds what comes and what goes to `said`, and notes how far the rule is."""
        sources = sources_of(self._rule)
        removed = [_source(match) for match, _ in said.gone if match.rule_id in sources]
        derived = [_source(match) for match in said.come if match.rule_id in sources]
        seen = 0 if self._anew else self._standing.seen
        if self._anew:
            self._index.clear()
        self._index.remove(removed)
        news = self._take_in(source_matches(self._connection, sources, after=seen, until=self._until))
        self._index.add(derived)
        settled = settled_until(self._connection, self._it, self._standing, arrived)
        if self._anew or news is None:
            self._say_all(said, settled)
        else:
            self._say_touched(said, settled, news=[*news, *derived], removed=removed)
        said.cut.update(
            {(self._rule.rule_id, of): number for of, number in self._index.cut.items() if number}
        )
        if not self._seen_before or self._standing.definition != self._it.definition:
            lacking = kept_without(self._connection, self._it)
            said.kept_without += [] if lacking is None else [lacking]
        self._note(settled)

    def _take_in(self, found: Iterable[SourceMatch]) -> list[SourceMatch] | None:
        """Takes matches into the index; gives them, or None where they are too many to be held."""
        news: list[SourceMatch] = []
        some: list[SourceMatch] = []
        number = 0
        for match in found:
            some.append(match)
            number += 1
            if len(some) >= _AT_ONCE:
                self._index.add(some)
                news = news + some if number <= MOST_NEWS and not self._anew else []
                some = []
        self._index.add(some)
        return None if number > MOST_NEWS else news + some

    def _say_touched(
        self,
        said: Said,
        settled: Micros | None,
        *,
        news: Sequence[SourceMatch],
        removed: Sequence[SourceMatch],
    ) -> None:
        """What is said near matches that are new or have vanished, and where it was waited until now."""
        stretches = [stretch for match in (*news, *removed) for stretch in touched(self._rule, match)]
        stretches += self._due(settled)
        for group, spans in joined(stretches).items():
            steps = self._index.near(group, spans)
            found = self._said(group, steps, settled, spans)
            anchors = [
                match
                for match in (*chain.from_iterable(steps), *removed)
                if any(start <= match.event_time <= end for start, end in spans)
            ]
            self._compare(found, self._held(group, anchors), said)

    def _say_all(self, said: Said, settled: Micros | None) -> None:
        """What is said of all matches, group by group. Where the rule was of another kind before, the matches
        that it made of events stay, as those of any rule that has changed do."""
        found: dict[str, Match] = {}
        for group in self._index.groups():
            found |= self._said(group, self._index.whole(group), settled)
        m = t.match.c
        derived = select(t.match).where(m.rule_id == self._rule.rule_id, m.anchor_rule.is_not(None))
        rows = self._connection.execute(derived)
        self._compare(found, {row.row_id: row for row in rows}, said)

    def _due(self, settled: Micros | None) -> list[Stretch]:
        """The stretches, of every group, whose anchors were waited for and are no more."""
        before = self._standing.settled
        if settled is None or settled == before:
            return []
        waited = wait(self._rule)
        span = due(self._rule, None if before is None else before + waited, Micros(settled + waited))
        if span is None:
            return []
        return [Stretch(group, *span) for group in self._index.groups(*span)]

    def _said(
        self,
        group: GroupValue,
        steps: Sequence[Sequence[SourceMatch]],
        settled: Micros | None,
        spans: Sequence[Span] | None = None,
    ) -> dict[str, Match]:
        """By row id, what the rule says of a group, whose matches these are by step."""
        if not self._rule.waits:
            watermark = None
        elif settled is None:
            return {}
        else:
            watermark = Micros(settled + wait(self._rule))
        derived = correlate_group(self._rule, group, steps, watermark=watermark, spans=spans)
        return {it.row_id: match_of(self._it, it) for it in derived}

    def _held(self, group: GroupValue, anchors: Iterable[SourceMatch]) -> Mapping[str, Any]:
        """By row id, the rule's matches of a group that stand, as rows: those at these anchors."""
        row_id = row_ids(self._rule.rule_id, group)
        m = t.match.c
        found: dict[str, Any] = {}
        for chunk in chunked(sorted({row_id(anchor) for anchor in anchors})):
            rows = select(t.match).where(m.rule_id == self._rule.rule_id, m.row_id.in_(chunk))
            found |= {row.row_id: row for row in self._connection.execute(rows)}
        return found

    def _compare(self, found: Mapping[str, Match], held: Mapping[str, Any], said: Said) -> None:
        """Takes out of the state what is not said any more, or is said as something else."""
        gone = []
        for row_id, row in held.items():
            match = _of_row(row)
            if row_id not in found or _as_said(found[row_id]) != _as_said(match):
                said.gone.append((match, row.window_start))
                gone.append(row_id)
        for chunk in chunked(gone):
            m = t.match.c
            self._connection.execute(
                delete(t.match).where(m.rule_id == self._rule.rule_id, m.row_id.in_(chunk))
            )
        stay = held.keys() - set(gone)
        said.come += [match for row_id, match in found.items() if row_id not in stay]

    def _note(self, settled: Micros | None) -> None:
        values = {
            "version": self._it.version,
            "definition": self._it.definition,
            "run_id": self._run_id,
            "seen": self._until,
            "settled": settled,
        }
        self._connection.execute(
            insert(correlation)
            .values(rule_id=self._rule.rule_id, **values)
            .on_conflict_do_update(index_elements=[correlation.c.rule_id], set_=values)
        )


def _source(match: Match) -> SourceMatch:
    return SourceMatch(
        rule_id=match.rule_id,
        row_id=match.row_id,
        event_time=match.event_time,
        values=dict(match.kept or ()),
    )


def _of_row(row: Any) -> Match:
    kept = None if row.kept is None else tuple(values_of(row.kept).items())
    return replace(match_item(row), kept=kept, anchor=(row.anchor_rule, row.anchor_row))


def _as_said(match: Match) -> tuple[object, ...]:
    """What the state holds of a match."""
    return (
        match.title,
        match.dedup,
        match.severity,
        match.period_minutes,
        match.threshold,
        match.create_alert,
        match.kept,
    )
