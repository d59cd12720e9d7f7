"""Names staged files in the state: from then on they are decided, and no orphans."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from trailcam.commit import tables as t
from trailcam.model.staged import StagedFile


def name_files(connection: Connection, files: Sequence[StagedFile], decision_id: int | None = None) -> None:
    """Names files, those of a decision or those that publishing itself has written; for publishing next."""
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
