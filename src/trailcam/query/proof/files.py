"""The decided files against what was written: size, digest, rows."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(slots=True)
class Looked:
    """What became of the files."""

    whole: set[str] = field(default_factory=set)
    """Paths of those that were read, and are as they were written."""
    missing: list[str] = field(default_factory=list)


def files(
    decided: Sequence[Any],
    *,
    warehouse: Path,
    read: Callable[[Any], bool],
    progress: Callable[[int, int], None],
) -> Looked:
    """Whether every decided file is there and as it was written.

    `decided` are rows of `staged_file`. All are looked at; those that `read` says yes to are read to the end.
    `progress` is told bytes.
    """
    looked = Looked()
    everything = sum(file.size_bytes for file in decided if read(file))
    done = 0
    for file in decided:
        wrong = _wrong(warehouse / file.path, file, whole=read(file))
        if wrong:
            looked.missing.append(f"{file.path}: {wrong}")
        elif read(file):
            looked.whole.add(file.path)
        if read(file):
            done += file.size_bytes
            progress(done, everything)
    return looked


def _wrong(path: Path, file: Any, *, whole: bool) -> str:
    try:
        found = path.stat().st_size
        if found != file.size_bytes:
            return f"{found:,} bytes, {file.size_bytes:,} were written"
        if whole:
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            if digest != file.digest:
                return "its bytes are not those that were written"
        held = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read: {error}"
    return "" if held == file.rows else f"{held:,} rows, {file.rows:,} were written"
