"""A turn of correlation rules: one transaction with all that follows from what they say now.

It is a decision without origins. What it says lies in a file of the lake like any match; what it unsays lies
there once more, as vanished, since the lake takes nothing back.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import insert

from trailcam.commit import tables as t
from trailcam.commit.alerting import alert
from trailcam.commit.correlation_rules import CorrelationRule
from trailcam.commit.correlation_saying import Said
from trailcam.commit.correlation_standing import Arrived, note_seen
from trailcam.commit.correlations import take_turn
from trailcam.commit.decide import insert_matches
from trailcam.commit.left_rules import left_rules
from trailcam.commit.naming import name_files
from trailcam.commit.windows import Recut
from trailcam.model.match import Match
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import Micros
from trailcam.pipeline.window import identity_of
from trailcam.state.database import Database
from trailcam.state.processes import Role

Stage = Callable[[Sequence[Match], Sequence[Match]], Sequence[StagedFile]]
"""Writes files of matches that were said, and of those that vanished."""

_UNSAID = "its correlation rule does not say it any more: other matches came late, or the rule was changed"


def correlate_now(
    database: Database,
    rules: Sequence[CorrelationRule],
    *,
    run_id: str,
    arrived: Arrived | None,
    stage: Stage,
    warehouse: Path,
    left_to: Role,
    now: Callable[[], Micros],
    lateness: Micros,
) -> Said:
    """Has a turn; what it has changed. See `left_rules` and `take_turn`; the time is that at which the state
    can be written.

    The files are written inside the transaction, for only there is known what they hold: they are few.

    Raises:
        WorldError: the state or a file cannot be written; nothing of the turn was kept.
    """
    with database.write() as connection:
        time = now()
        having, left = left_rules(connection, rules, left_to=left_to, now=time, lateness=lateness)
        said = take_turn(connection, having, run_id=run_id, arrived=arrived, now=time)
        said.left = left
        if not said.come and not said.gone:
            return said
        made = connection.execute(insert(t.decision).values(run_id=run_id, decided_at=time))
        assert made.inserted_primary_key is not None
        decision_id: int = made.inserted_primary_key[0]
        again = {identity_of(match) for match in said.come}
        vanished = [match for match, _ in said.gone if identity_of(match) not in again]
        name_files(connection, stage(said.come, vanished), warehouse=warehouse, decision_id=decision_id)
        recut = Recut(connection, decision_id)
        recut.apply(said.come, [(match, start) for match, start in said.gone if start is not None])
        note_seen(connection, said.taken, decision_id)
        insert_matches(connection, said.come, recut.window_of, decision_id)
        alert(connection, recut.changes, decision_id, now=time, retracting=_UNSAID)
    return said
