"""The state against itself: what one table names must stand in the other."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text

from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.query.proof.moment import Moment


def ledger(state: Connection, held: Moment) -> Iterator[str]:
    """In words, what the state lacks by its own account."""
    yield from _sums(held)
    yield from _named(state)
    yield from _scopes(state)
    yield from _packs(state)
    yield from _numbers(held)


def _sums(held: Moment) -> Iterator[str]:
    for entry in held.entries:
        if entry.records != entry.events + entry.dead_letters:
            yield f"{entry.name}: {entry.records:,} records are not the sum of what they became"


def _named(state: Connection) -> Iterator[str]:
    """Rows that name a row which is not there: a decision without its run, a window without its alert."""
    violations = state.execute(text("PRAGMA foreign_key_check"))
    for (table, parent), count in sorted(Counter((row[0], row[2]) for row in violations).items()):
        yield f"{count:,} of the state's rows in {table} name a {parent} that is not there"


def _scopes(state: Connection) -> Iterator[str]:
    """Which run came upon which origin: at least upon those that it decided."""
    o, d, r = t.origin.c, t.decision.c, t.run_origin.c
    decided = (
        select(d.run_id, o.origin_id)
        .join(t.decision, d.id == o.decision_id)
        .outerjoin(t.run_origin, (r.run_id == d.run_id) & (r.origin_id == o.origin_id))
        .where(r.run_id.is_(None), o.purpose != Purpose.LANE.value)
        .distinct()
        .subquery()
    )
    count, example = state.execute(
        select(func.count(), func.min(decided.c.run_id)).select_from(decided)
    ).one()
    if count:
        yield f"{count:,} origins are not among those of the run that decided them: run {example}"


def _packs(state: Connection) -> Iterator[str]:
    """The rules of each version of a pack: as many as its runs had."""
    p = t.pack_rule.c
    counts = state.execute(select(p.pack, func.count().label("rules")).group_by(p.pack))
    known = {row.pack: row.rules for row in counts}
    for pack, rules in state.execute(select(t.run.c.pack, func.max(t.run.c.rules)).group_by(t.run.c.pack)):
        if known.get(pack, 0) != rules:
            yield f"the state knows {known.get(pack, 0):,} rules of pack {pack}, its runs had {rules:,}"


def _numbers(held: Moment) -> Iterator[str]:
    """A commit's number is given out before a file gets it."""
    given: dict[str, int] = {}
    for file in held.files:
        if file.seq is not None:
            given[file.table_name] = max(given.get(file.table_name, 0), file.seq)
    for name, number in sorted(given.items()):
        given_out, published = held.numbers.get(name, (0, 0))
        if max(number, published) > given_out:
            words = f"a commit {max(number, published):,} was made, the last that was given out is"
            yield f"table {name}: {words} {given_out:,}"
