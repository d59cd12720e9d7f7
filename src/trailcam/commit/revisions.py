"""Stages for the lake what changes in the state alone: alerts, revision by revision, and the ends of runs."""

import json
from pathlib import Path

import pyarrow as pa
from sqlalchemy import select, update
from ulid import ULID

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.naming import name_files
from trailcam.errors import cannot_write
from trailcam.lake import rows
from trailcam.lake.files import write
from trailcam.lake.tables import ALERTS, RUNS, LakeTable
from trailcam.model.severity import Severity
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import LAST
from trailcam.state.database import Database

_AT_ONCE = 5_000


def stage_revisions(database: Database, warehouse: Path) -> None:
    """Writes files of what no file holds yet, and decides them.

    Raises:
        WorldError: TC0601, TC0603 or TC0108 a file cannot be written; TC0613 it was cleared away meanwhile.
    """
    while _stage_alerts(database, warehouse):
        pass
    while _stage_runs(database, warehouse):
        pass


def _stage_alerts(database: Database, warehouse: Path) -> bool:
    with database.read() as connection:
        news = connection.execute(
            select(alert).where(alert.c.revision > alert.c.published_revision).limit(_AT_ONCE)
        ).all()
    if not news:
        return False
    table = rows.records(ALERTS, (alert_row(row) for row in news))
    files = _written(table, ALERTS, warehouse)
    with database.write() as connection:
        for row in news:
            marked = connection.execute(
                update(alert)
                .where(alert.c.id == row.id, alert.c.published_revision == row.published_revision)
                .values(published_revision=row.revision)
            )
            if not marked.rowcount:  # another publisher was faster: these files stay without a name
                connection.rollback()
                return True
        name_files(connection, files, warehouse=warehouse)
    return True


def _stage_runs(database: Database, warehouse: Path) -> bool:
    with database.read() as connection:
        ended = connection.execute(
            select(t.run)
            .where(t.run.c.finished_at.is_not(None), t.run.c.published.is_(False))
            .limit(_AT_ONCE)
        ).all()
    if not ended:
        return False
    table = rows.records(RUNS, (run_row(row) for row in ended))
    files = _written(table, RUNS, warehouse)
    with database.write() as connection:
        for row in ended:
            marked = connection.execute(
                update(t.run).where(t.run.c.id == row.id, t.run.c.published.is_(False)).values(published=True)
            )
            if not marked.rowcount:
                connection.rollback()
                return True
        name_files(connection, files, warehouse=warehouse)
    return True


def _written(staged: pa.Table, table: LakeTable, warehouse: Path) -> list[StagedFile]:
    try:
        return list(write(staged, table, warehouse=warehouse, attempt=str(ULID())))
    except OSError as error:
        raise cannot_write(error, "a file of the lake", path=warehouse) from None


def alert_row(row: object) -> dict[str, object]:
    """An alert of the state as a row of the lake."""
    return {
        **{name: getattr(row, "id" if name == "alert_id" else name) for name in ALERTS.schema.names},
        "window_end": min(row.window_end, LAST),  # type: ignore[attr-defined]  # the same
        "severity": Severity(row.severity).name,  # type: ignore[attr-defined]  # a row of `alert`
    }


def run_row(row: object) -> dict[str, object]:
    """A run of the state as a row of the lake."""
    return {
        **{name: getattr(row, "id" if name == "run_id" else name) for name in RUNS.schema.names},
        "paths": json.loads(row.paths),  # type: ignore[attr-defined]  # a row of `run`
    }
