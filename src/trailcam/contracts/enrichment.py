"""What adds context to events: tables that answer a value with a row."""

from pathlib import Path
from typing import Any, Protocol

from trailcam.model.timestamps import Micros

Row = dict[str, Any]
"""What a table says of a value: what JSON can hold, the caller's own to change."""


class Snapshot(Protocol):
    """One content of a table, which does not change while it is open."""

    def row(self, value: str) -> Row | None:
        """The row for a value; None when the table has none. Never raises, whatever the value."""
        ...


class Lookup(Protocol):
    """A table as the line asks it, for the events of one log type."""

    @property
    def table(self) -> str:
        """Its name: the key in `p_enrichment`."""
        ...

    @property
    def selectors(self) -> tuple[str, ...]:
        """The fields whose values are looked up, as dotted paths; each is one key under the table's name."""
        ...

    def row(self, value: str, time: Micros) -> Row | None:
        """The row that the version in force at `time` has for a value; None when it has none."""
        ...


class LookupFormat(Protocol):
    """A module that reads files of one form."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:  # noqa: N802  # a constant of the module
        """The endings by which a file shows this form, lower case."""
        ...

    @property
    def KEYED(self) -> bool:  # noqa: N802  # a constant of the module
        """Whether rows are found by a column, which has to be named; else the file has a key of its own."""
        ...

    def prepare(self, path: Path, *, key: str, named: Path | str, target: Path) -> None:
        """Looks at a file to its last byte, and writes to `target` its index, or an empty file where the
        form is one itself. `named` is what errors call the file.

        Raises:
            TrailcamError: TC0701 to TC0703, all problems at once.
            WorldError: TC0504 where a process of its own looks at the file, and was ended from elsewhere.
            OSError: `target` cannot be written.
        """
        ...

    def read(self, path: Path, index: Path) -> Snapshot:
        """Opens a file that was looked at, with the index that was written then."""
        ...
