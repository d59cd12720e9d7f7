"""Matches that were kept without what a new correlation rule asks of them: it does not see what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, literal, or_, select

from trailcam.commit import tables as t
from trailcam.commit.correlation_rules import DERIVED, CorrelationRule
from trailcam.commit.correlation_standing import sources_of
from trailcam.model.correlation import needed


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWithout:
    """How many matches that a correlation rule looks at were kept without which of the fields it asks for."""

    rule_id: str
    matches: int
    fields: tuple[str, ...]


def kept_without(connection: Connection, it: CorrelationRule) -> KeptWithout | None:
    """Of one rule, over all that is kept; None where nothing lacks. A backfill of the rules whose matches
    they are brings the fields."""
    number = 0
    fields: set[str] = set()
    for rule_id in sources_of(it.correlation):
        asked = needed([it.correlation], rule_id)
        if asked:
            number += _count(connection, rule_id, [_lacks(field) for field in asked])
            fields.update(field for field in asked if _count(connection, rule_id, [_lacks(field)]))
    return KeptWithout(rule_id=it.rule.id, matches=number, fields=tuple(sorted(fields))) if number else None


def _count(connection: Connection, rule_id: str, lacking: Sequence[ColumnElement[bool]]) -> int:
    m = t.match.c
    some = select(func.count()).where(m.rule_id == rule_id, m.log_type != DERIVED, or_(*lacking))
    return connection.execute(some).scalar_one()


def _lacks(field: str) -> ColumnElement[bool]:
    """Whether a match was kept without a field; with one at which it has no value, it was kept with it."""
    each = func.json_each(t.match.c.kept).table_valued("key")
    return ~exists(select(literal(1)).select_from(each).where(each.c.key == field).correlate(t.match))
