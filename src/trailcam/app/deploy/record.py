"""What is written down of versions of the rules: which is in force, which were, and why others never came."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from trailcam.app.deploy.tables import deployment
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.timestamps import Micros
from trailcam.state.database import Database

MOST_REASONS = 100
_MOST_CANDIDATES = 5


class Status(StrEnum):
    """How it stands with a version."""

    READY = "ready"
    """Checked, and to come into force when the groups in work are done."""
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    """Another took its place."""
    ROLLED_BACK = "rolled back"
    """Somebody went back to an earlier one."""
    REFUSED = "refused"


class By(StrEnum):
    """What brought a version, or brought it back."""

    START = "start"
    CHANGE = "change"
    """The packs, or the settings, were other ones than before."""
    RELOAD = "reload"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A row of the record."""

    id: str
    status: Status
    by: By
    sources: tuple[str, ...]
    content: str
    pack: str
    rules: Mapping[str, str]
    reasons: tuple[Problem, ...]
    reasons_all: int
    """How many there were; the first hundred are kept."""
    taken_at: Micros
    decided_at: Micros
    in_force_at: Micros | None
    not_again: frozenset[str]


def add(database: Database, row: Deployed) -> None:
    """Writes a version down that has been checked; it is the newest."""
    newest = select(func.coalesce(func.max(deployment.c.number), 0)).scalar_subquery()
    with database.write() as state:
        state.execute(
            insert(deployment).values(
                id=row.id,
                number=newest + 1,
                status=row.status.value,
                by=row.by.value,
                sources=json.dumps(row.sources),
                content=row.content,
                pack=row.pack,
                rules=len(row.rules),
                rule_versions=json.dumps(dict(sorted(row.rules.items()))),
                reasons=to_text(row.reasons),
                taken_at=row.taken_at,
                decided_at=row.decided_at,
            )
        )


def put_in_force(
    database: Database, deployed_id: str, *, by: By, now: Micros, over: str | None = None
) -> bool:
    """A version is in force from now on, and whatever was so until now is not. Who goes back leaves what was
    in force, and what was ready to be: neither comes back unasked.

    False, and what is in force stays: it is not what is to be replaced, `over`, if that is told; or another
    has taken the place of this version before it came into force, and its copy may be gone.
    """
    d = deployment.c
    with database.write() as state:
        row = state.execute(select(deployment).where(d.id == deployed_id)).first()
        if row is None or row.status == Status.ACTIVE:  # another server of this home was faster
            return row is not None
        standing = select(deployment).where(d.id != deployed_id, d.status.in_((Status.ACTIVE, Status.READY)))
        others = state.execute(standing).all()
        active = next((it.id for it in others if it.status == Status.ACTIVE), "")
        if over not in (None, active):
            _leave(state, [row] if row.status == Status.READY else [], Status.SUPERSEDED)
            return False
        if row.status != Status.READY and row.in_force_at is None:
            return False
        back = by is By.ROLLBACK
        left = [it for it in others if it.status == Status.ACTIVE or back or it.number < row.number]
        _leave(state, left, Status.ROLLED_BACK if back else Status.SUPERSEDED)
        not_again = {it.content for it in left}.union(*(_contents(it) for it in left)) if back else set()
        state.execute(
            update(deployment)
            .where(d.id == deployed_id)
            .values(
                status=Status.ACTIVE.value,
                by=by.value,
                in_force_at=now,
                not_again=json.dumps(sorted(not_again - {row.content})),
            )
        )
    return True


def _leave(state: Connection, rows: Sequence[Row[Any]], status: Status) -> None:
    ids = [row.id for row in rows]
    state.execute(update(deployment).where(deployment.c.id.in_(ids)).values(status=status.value))


def refuse(database: Database, deployed_id: str, reasons: Sequence[Problem], *, now: Micros) -> None:
    """A version that was ready cannot come into force after all; one that was in force stays what it is."""
    with database.write() as state:
        state.execute(
            update(deployment)
            .where(deployment.c.id == deployed_id, deployment.c.status == Status.READY)
            .values(status=Status.REFUSED.value, reasons=to_text(reasons), decided_at=now)
        )


def active(database: Database) -> Deployed | None:
    """The version that is in force; None where none ever was."""
    with database.read() as state:
        found = state.execute(select(deployment).where(deployment.c.status == Status.ACTIVE)).first()
    return None if found is None else _deployed(found)


def listed(database: Database) -> list[Deployed]:
    """All versions, the newest first."""
    newest_first = select(deployment).order_by(deployment.c.number.desc())
    with database.read() as state:
        return [_deployed(row) for row in state.execute(newest_first)]


def before(database: Database, deployed_id: str) -> Deployed | None:
    """The newest version that was in force and is older than this one."""
    d = deployment.c
    number = select(d.number).where(d.id == deployed_id).scalar_subquery()
    with database.read() as state:
        found = state.execute(
            select(deployment)
            .where(d.number < number, d.in_force_at.is_not(None))
            .order_by(d.number.desc())
            .limit(1)
        ).first()
    return None if found is None else _deployed(found)


def find(database: Database, name: str) -> Deployed:
    """The version with this id, or with the only id that begins so.

    Raises:
        TrailcamError: TC0818 there is none, or several.
    """
    with database.read() as state:
        found = _beginning(state, name)
    if len(found) == 1:
        return _deployed(found[0])
    if found:
        message = f'several ids begin with "{name}"'
        hint = f"name one of {', '.join(row.id for row in found)}"
    else:
        message, hint = f'no version of the rules has an id that is "{name}" or begins so', ""
    raise TrailcamError(Problem(code=code("no_such_deployment"), message=message, hint=hint))


def _beginning(state: Connection, name: str) -> Sequence[Row[Any]]:
    d = deployment.c
    wanted = d.id.startswith(name.upper(), autoescape=True) if name else d.id == name
    return state.execute(select(deployment).where(wanted).order_by(d.id).limit(_MOST_CANDIDATES)).all()


def to_text(reasons: Sequence[Problem]) -> str:
    """Problems as JSON: the first of them, and how many there are."""
    first = [
        [each.code, each.message, None if each.path is None else str(each.path), each.line, each.hint]
        for each in reasons[:MOST_REASONS]
    ]
    return json.dumps({"all": len(reasons), "first": first})


def from_text(written: str) -> tuple[tuple[Problem, ...], int]:
    """(problems, how many there were) of what `to_text` wrote."""
    read = json.loads(written)
    problems = tuple(
        Problem(code=known, message=message, path=path, line=line, hint=hint)
        for known, message, path, line, hint in read["first"]
    )
    return problems, read["all"]


def _deployed(row: Row[Any]) -> Deployed:
    reasons, reasons_all = from_text(row.reasons)
    return Deployed(
        id=row.id,
        status=Status(row.status),
        by=By(row.by),
        sources=tuple(json.loads(row.sources)),
        content=row.content,
        pack=row.pack,
        rules=json.loads(row.rule_versions),
        reasons=reasons,
        reasons_all=reasons_all,
        taken_at=Micros(row.taken_at),
        decided_at=Micros(row.decided_at),
        in_force_at=None if row.in_force_at is None else Micros(row.in_force_at),
        not_again=_contents(row),
    )


def _contents(row: Row[Any]) -> frozenset[str]:
    return frozenset(json.loads(row.not_again or "[]"))
