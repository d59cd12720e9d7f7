"""A file of a lake table that holds what came of a group, visible to nobody until it is decided."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A Parquet file, complete and on disk; its name is never used again."""

    path: str
    """Relative to the warehouse: `<table>/data/<day>/<name>.parquet`."""
    table: str
    day: int
    """Days since 1970-01-01; all its rows lie in it."""
    rows: int
    size_bytes: int
    digest: str
    """SHA-256 of its bytes, hexadecimal: that of `SHA256SUMS` in a backup too."""
