"""The versions of lookup tables against what the state says of them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def lookups(versions: Sequence[Any], *, folder: Path) -> list[str]:
    """What is wrong with the files of versions, in words; `versions` are rows of `lookup_version`."""
    told = {}
    for version in versions:
        wrong = _wrong(folder / version.path, version)
        if wrong:
            told[version.path] = (
                f"lookups/{version.path}, a version of the lookup table {version.name}: {wrong}"
            )
    return list(told.values())


def _wrong(path: Path, version: Any) -> str:
    try:
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if digest == version.digest else "its bytes are not those that were kept"
