"""Fields of matches that correlation rules ask for: kept with a match, or later, when its rule runs again."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from trailcam.commit import tables as t
from trailcam.commit.correlation_standing import look_anew
from trailcam.model.match import Match
from trailcam.pipeline.window import identity_of
from trailcam.state.chunks import chunked


def as_kept(match: Match) -> str | None:
    """What is kept of a match, as the state has it."""
    return None if match.kept is None else json.dumps(dict(match.kept))


def keep_more(connection: Connection, found: Sequence[Match], *, besides: Sequence[Match]) -> None:
    """Keeps fields of matches that are in the state without them, for no rule had asked when they were made;
    `besides` are those that are not. What is kept already stays as it was decided first."""
    new = {identity_of(match) for match in besides}
    known = {
        (match.rule_id, match.row_id): match
        for match in found
        if match.kept and identity_of(match) not in new
    }
    m = t.match.c
    grown: set[str] = set()
    for rule_id in {rule_id for rule_id, _ in known}:
        for chunk in chunked([row_id for of_rule, row_id in known if of_rule == rule_id]):
            rows = connection.execute(
                select(m.row_id, m.kept).where(m.rule_id == rule_id, m.row_id.in_(chunk))
            ).all()
            for row in rows:
                held = {} if row.kept is None else json.loads(row.kept)
                more = {
                    field: values
                    for field, values in known[rule_id, row.row_id].kept or ()
                    if field not in held
                }
                if more:
                    grown.add(rule_id)
                    connection.execute(
                        update(t.match)
                        .where(m.rule_id == rule_id, m.row_id == row.row_id)
                        .values(kept=json.dumps(held | more))
                    )
    if grown:
        look_anew(connection, grown)
