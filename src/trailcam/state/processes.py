"""The processes that run for long, by their heartbeats: who follows sources, who goes over the past."""

import os
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    Text,
    and_,
    insert,
    select,
    update,
)
from ulid import ULID

from trailcam.model.timestamps import SECOND, Micros
from trailcam.state.database import Database
from trailcam.state.metadata import metadata

BEAT_SECONDS = 5.0
"""How often a process says that it is there."""

_GONE_SECONDS = 30.0
"""Who has not been heard for so long, or only so far ahead, is not counted on."""


class Role(StrEnum):
    """What a process does beside reading."""

    serve = "serve"
    worker = "worker"
    past = "past"
    """Reads what is there, or was, and comes to an end."""


FOLLOWING = (Role.serve, Role.worker)
"""Who follows sources."""


process = Table(
    "process",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("stopped_at", BigInteger),
)
"""One row a process. Without `stopped_at` it runs, or was ended from outside: then `seen_at` stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process as it was last heard of."""

    id: str
    role: Role
    host: str
    pid: int
    started_at: Micros
    seen_at: Micros


def begin(database: Database, role: Role, *, now: Callable[[], Micros], id_: str = "") -> str:
    """Notes that this process has begun; its id, which is made where none is given. `now`, here and below, is
    asked when the state can be written: who waited for others is heard then, not when it began to wait."""
    id_ = id_ or str(ULID())
    with database.write() as connection:
        time = now()
        connection.execute(
            insert(process).values(
                id=id_,
                role=role.value,
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=time,
                seen_at=time,
            )
        )
    return id_


def beat(database: Database, id_: str, *, now: Callable[[], Micros]) -> None:
    """Notes that a process is there."""
    with database.write() as connection:
        connection.execute(update(process).where(process.c.id == id_).values(seen_at=now()))


def end(database: Database, id_: str, *, now: Callable[[], Micros]) -> None:
    """Notes that a process has ended by itself."""
    with database.write() as connection:
        time = now()
        connection.execute(update(process).where(process.c.id == id_).values(seen_at=time, stopped_at=time))


def is_heard(now: Micros) -> ColumnElement[bool]:
    """Whether a process of the table was heard a moment before or behind a time, and has not ended. Who was
    heard later than that had a clock that was ahead: if it lives, its next beat puts that right."""
    gone = int(_GONE_SECONDS * SECOND)
    heard = and_(process.c.seen_at > now - gone, process.c.seen_at < now + gone)
    return and_(process.c.stopped_at.is_(None), heard)


def is_there(connection: Connection, role: Role, *, now: Micros) -> bool:
    """Whether a process of a role runs, as `is_heard` has it."""
    heard = select(process.c.id).where(is_heard(now), process.c.role == role.value).limit(1)
    return connection.execute(heard).first() is not None


def running(database: Database, *, now: Micros, roles: Collection[Role] = FOLLOWING) -> list[Process]:
    """The processes of some roles that were heard a moment ago, the oldest first."""
    p = process.c
    with database.read() as connection:
        rows = connection.execute(
            select(process).where(is_heard(now), p.role.in_(roles)).order_by(p.started_at)
        )
        return [
            Process(
                id=row.id,
                role=Role(row.role),
                host=row.host,
                pid=row.pid,
                started_at=Micros(row.started_at),
                seen_at=Micros(row.seen_at),
            )
            for row in rows
        ]
