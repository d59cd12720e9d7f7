"""A lookup table as it is declared, with the versions that its file has had."""

import re
from dataclasses import dataclass
from pathlib import Path

from trailcam.model.timestamps import Micros

TABLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ -]{0,99}")
"""What a table may be called: its versions lie in a folder of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupVersion:
    """One content of a table's file: in force for events from `since` on, until the next one."""

    since: Micros
    path: Path
    """The copy in the home, which never changes."""
    index: Path
    """What makes it quick to ask, as the table is declared now; made anew from the copy where it is gone."""
    digest: str
    """SHA-256 of the copy, 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """A table that events are looked up in; picklable."""

    name: str
    format: str
    """Name of the format in `trailcam.enrichments.formats`."""
    key: str
    """The column by which a row is found; empty where the format has a key of its own."""
    selectors: tuple[tuple[str, tuple[str, ...]], ...]
    """Log type to the fields of its events whose values are looked up."""
    versions: tuple[LookupVersion, ...] = ()
    """By `since`, ascending; one at least where events are looked up."""

    def selectors_of(self, log_type: str) -> tuple[str, ...]:
        """The fields of a log type that are looked up; empty when there are none."""
        return next((fields for name, fields in self.selectors if name == log_type), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTable:
    """A lookup table that lies beside rules: what it is asked for, and its file where it brings one."""

    id: str
    path: Path
    """The file that declares it."""
    key: str
    selectors: tuple[tuple[str, tuple[str, ...]], ...]
    """Log type to the fields of its events whose values are looked up."""
    file: Path | None = None
    """The rows; None where somebody else is to bring them: an object that is fetched, a query."""
    enabled: bool = True
