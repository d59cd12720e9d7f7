"""Versions of lookup tables against what the state says of them, and their indexes against the versions."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trailcam import registry
from trailcam.contracts.enrichment import LookupFormat
from trailcam.enrichments.index import ENDING, Index, same
from trailcam.enrichments.kept import fault
from trailcam.errors import TrailcamError, WorldError, cannot_write


def lookups(versions: Sequence[Any], *, folder: Path, scratch: Path) -> list[str]:
    """What is wrong with the files of versions, in words; `versions` are rows of `lookup_version`.

    Each index is made anew in `scratch`, and must have the same rows.
    """
    told = {}
    for version in versions:
        wrong = fault(folder / version.path, version.digest)
        if wrong:
            told[version.path] = _words(version.path, version, wrong)
            continue
        for index in sorted((folder / version.path).parent.glob(f"{version.digest}.*{ENDING}")):
            if not _agrees(index, folder / version.path, scratch):
                name = index.relative_to(folder).as_posix()
                told[name] = _words(name, version, "an index that has other rows; remove it, and run again")
    return list(told.values())


def _words(name: str, version: Any, wrong: str) -> str:
    return f"lookups/{name}, a version of the lookup table {version.name}: {wrong}"


def _agrees(index: Path, version: Path, scratch: Path) -> bool:
    try:
        if not index.stat().st_size:  # of a form that is asked itself
            return True
        with closing(Index(index)) as opened:
            form, key = opened.made()
        module: LookupFormat = registry.load("lookup_format", form)
    except FileNotFoundError:  # it can be made anew
        return True
    except (sqlite3.Error, TypeError, TrailcamError):  # damaged, or no index at all
        return False
    try:
        with TemporaryDirectory(dir=scratch, prefix="proof-") as folder:
            anew = Path(folder) / "index"
            module.prepare(version, key=key, named=version, target=anew)
            return same(index, anew)
    except OSError as error:
        raise cannot_write(error, "an index to compare with", path=scratch) from None
    except WorldError:
        raise
    except (sqlite3.Error, TrailcamError):
        return False
