"""Names staged files in the state: from then on they are decided, and no orphans."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, insert

from trailcam.commit import tables as t
from trailcam.errors import Problem, WorldError, code
from trailcam.model.staged import StagedFile


class FilesGone(WorldError):
    """TC0613: staged files are not there, or not whole; none was named: stage them again."""


def name_files(
    connection: Connection, files: Sequence[StagedFile], *, warehouse: Path, decision_id: int | None = None
) -> None:
    """Names files, those of a decision or those that publishing itself has written; for publishing next.

    A process that slept for long may find its files cleared away; who clears away holds the same lock.

    Raises:
        FilesGone: one of them is not there as it was written.
    """
    for file in files:
        _look_at(warehouse / file.path, file.size_bytes)
    rows = [
        {
            "path": file.path,
            "table_name": file.table,
            "decision_id": decision_id,
            "day": file.day,
            "rows": file.rows,
            "size_bytes": file.size_bytes,
            "digest": file.digest,
        }
        for file in files
    ]
    if rows:
        connection.execute(insert(t.staged_file), rows)


def _look_at(path: Path, size_bytes: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        said = error.strerror or repr(error)
    else:
        if found == size_bytes:
            return
        said = f"it holds {found:,} bytes of {size_bytes:,}"
    message = f"a file was staged and is not there to be decided: {said}"
    raise FilesGone(Problem(code=code("staged_gone"), message=message, path=path))
