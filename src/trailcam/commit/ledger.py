"""Asks the ledger what is known of origins, and which of them some rule has not seen."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit import tables as t
from trailcam.commit.answered import answer_now, unanswered
from trailcam.commit.group import Purpose
from trailcam.model.timestamps import Micros
from trailcam.state.chunks import chunked
from trailcam.state.database import Database

_KEPT = (Purpose.WHOLE.value, Purpose.MENDED.value)
"""Of origins that were read whole, the entries that brought events."""


class Ledger:
    """The ledger as a run with certain rules reads it."""

    def __init__(self, database: Database, versions: Mapping[str, str]) -> None:
        self._database = database
        self._rules = frozenset(versions.items())
        self._packs: dict[str, dict[str, str]] = {}

    def look_up(self, origin_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Those of the origins that are known as a whole, each with the rules that are still to see it."""
        found: dict[str, frozenset[str]] = {}
        with self._database.read() as connection:
            for chunk in chunked(origin_ids):
                found |= self._look_up(connection, chunk)
        return found

    def unseen(self, origin_ids: Sequence[str]) -> dict[str, bool]:
        """Those of the origins that are known as a whole; true where some rule is still to see them."""
        return {origin_id: bool(rules) for origin_id, rules in self.look_up(origin_ids).items()}

    def known(self, origin_ids: Sequence[str]) -> frozenset[str]:
        """Those of the origins that are known as a whole."""
        c = t.origin.c
        found: set[str] = set()
        with self._database.read() as connection:
            for chunk in chunked(origin_ids):
                whole = select(c.origin_id).where(c.origin_id.in_(chunk), c.purpose == Purpose.WHOLE.value)
                found.update(connection.execute(whole).scalars())
        return frozenset(found)

    def note(self, run_id: str, origin_ids: Sequence[str]) -> None:
        """Notes that a run came upon origins which it need not treat."""
        if origin_ids:
            rows = [{"run_id": run_id, "origin_id": origin_id} for origin_id in origin_ids]
            with self._database.write() as connection:
                connection.execute(insert(t.run_origin).on_conflict_do_nothing(), rows)

    def answer(self, run_id: str, names: Sequence[str], *, now: Micros) -> None:
        """Notes that what has these names was read to its end: it answers dead letters under its name."""
        if unanswered(self._database, names):
            answer_now(self._database, names, run_id=run_id, now=now)

    def events(self, origin_ids: Sequence[str]) -> dict[str, int]:
        """How many events the origins hold that are known as a whole, with those that were mended since."""
        c = t.origin.c
        found: dict[str, int] = {}
        with self._database.read() as connection:
            for chunk in chunked(origin_ids):
                rows = connection.execute(
                    select(c.origin_id, func.sum(c.events).label("events"))
                    .where(c.origin_id.in_(chunk), c.purpose.in_(_KEPT))
                    .group_by(c.origin_id)
                )
                found |= {row.origin_id: row.events for row in rows}
        return found

    def last_answer(self, origin_id: str) -> int | None:
        """The decision that answered the dead letters of an origin, where nothing was said of it since."""
        c = t.origin.c
        last = (
            select(c.purpose, c.decision_id)
            .where(c.origin_id == origin_id, c.purpose != Purpose.LANE.value)
            .order_by(c.decision_id.desc())
        )
        with self._database.read() as connection:
            row = connection.execute(last.limit(1)).first()
        return row.decision_id if row is not None and row.purpose == Purpose.MENDED else None

    def _look_up(self, connection: Connection, origin_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        c = t.origin.c
        whole: set[str] = set()
        packs: dict[str, list[tuple[str, bool]]] = {}
        for row in connection.execute(
            select(c.origin_id, c.purpose, c.pack)
            .where(c.origin_id.in_(origin_ids), c.purpose.in_([*_KEPT, Purpose.RULES.value]))
            .order_by(c.decision_id)
        ):
            packs.setdefault(row.origin_id, []).append((row.pack, row.purpose == Purpose.MENDED))
            if row.purpose == Purpose.WHOLE:
                whole.add(row.origin_id)
        unseen: dict[str, set[str]] = {}
        n = t.not_run.c
        for origin_id, rule_id in connection.execute(
            select(n.origin_id, n.rule_id).where(n.origin_id.in_(origin_ids))
        ):
            unseen.setdefault(origin_id, set()).add(rule_id)
        wanted = {rule_id for rule_id, _ in self._rules}
        found = {}
        for origin_id in whole:
            seen: dict[str, str] = {}
            for pack, is_more in packs[origin_id]:  # what a rule said last counts: also of one put back
                rules = self._rules_of(connection, pack)
                if is_more:  # who was not there has not seen what was mended
                    seen = dict(seen.items() & rules.items())
                else:
                    seen |= rules
            new = {rule_id for rule_id, version in self._rules if seen.get(rule_id) != version}
            found[origin_id] = frozenset(new | unseen.get(origin_id, set()) & wanted)
        return found

    def _rules_of(self, connection: Connection, pack: str) -> dict[str, str]:
        if pack not in self._packs:
            rows = connection.execute(
                select(t.pack_rule.c.rule_id, t.pack_rule.c.rule_version).where(t.pack_rule.c.pack == pack)
            )
            self._packs[pack] = {row.rule_id: row.rule_version for row in rows}
        return self._packs[pack]
