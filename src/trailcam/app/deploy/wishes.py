"""What a command asks of the server that runs on the same home: written into the state, answered there."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select, update
from ulid import ULID

from trailcam.app.deploy.record import from_text, to_text
from trailcam.app.deploy.tables import deployment_wish
from trailcam.errors import Problem
from trailcam.model.timestamps import Micros
from trailcam.state.database import Database


class What(StrEnum):
    """What can be asked for."""

    RELOAD = "reload"
    ROLLBACK = "rollback"


class Outcome(StrEnum):
    """What came of it."""

    SWITCHED = "switched"
    UNCHANGED = "unchanged"
    """What is in force is what was asked for."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something that is asked for. `deployed_id` is what to go back to; empty is the one before."""

    id: str
    what: What
    deployed_id: str
    until: Micros
    """When nobody waits for it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a wish."""

    outcome: Outcome
    deployed_id: str = ""
    """The version that is in force, or that was refused; empty where none was made."""
    reasons: tuple[Problem, ...] = ()


def ask(database: Database, what: What, *, deployed_id: str = "", until: Micros) -> str:
    """Writes a wish down; its id."""
    wish_id = str(ULID())
    with database.write() as state:
        state.execute(
            insert(deployment_wish).values(
                id=wish_id, what=what.value, deployment_id=deployed_id or None, until=until
            )
        )
    return wish_id


def take(database: Database, *, now: Micros) -> Wish | None:
    """The oldest wish that nobody has taken and somebody still waits for; it is this server's then."""
    w = deployment_wish.c
    open_ones = select(deployment_wish).where(w.answered_at.is_(None), w.taken_at.is_(None), w.until > now)
    with database.read() as state:  # most of the time there is none, and nobody who writes is kept waiting
        if state.execute(open_ones.limit(1)).first() is None:
            return None
    with database.write() as state:
        found = state.execute(open_ones.order_by(w.id).limit(1)).first()
        if found is None:
            return None
        state.execute(update(deployment_wish).where(w.id == found.id).values(taken_at=now))
    return Wish(
        id=found.id, what=What(found.what), deployed_id=found.deployment_id or "", until=Micros(found.until)
    )


def answer(database: Database, wish: Wish, said: Answer, *, now: Micros) -> None:
    """Tells who asked."""
    with database.write() as state:
        state.execute(
            update(deployment_wish)
            .where(deployment_wish.c.id == wish.id)
            .values(
                answered_at=now,
                outcome=said.outcome.value,
                answer=said.deployed_id,
                reasons=to_text(said.reasons),
            )
        )


def answered(database: Database, wish_id: str) -> Answer | None:
    """What came of a wish; None while nothing has."""
    with database.read() as state:
        row = state.execute(select(deployment_wish).where(deployment_wish.c.id == wish_id)).first()
    if row is None or row.answered_at is None:
        return None
    reasons, _ = from_text(row.reasons)
    return Answer(outcome=Outcome(row.outcome), deployed_id=row.answer, reasons=reasons)


def withdraw(database: Database, wish_id: str) -> bool:
    """Takes a wish back that no server has taken; False when one has."""
    w = deployment_wish.c
    with database.write() as state:
        gone = state.execute(delete(deployment_wish).where(w.id == wish_id, w.taken_at.is_(None)))
        return gone.rowcount == 1
