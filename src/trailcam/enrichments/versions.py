"""Tables with their versions, opened when they are first asked: the time of an event tells which answers."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from trailcam import registry
from trailcam.contracts.enrichment import Row, Snapshot
from trailcam.enrichments.kept import damaged, fault
from trailcam.model.lookup import LookupTable
from trailcam.model.timestamps import Micros

_MOST_OPEN = 16
"""Versions of one table that are open at once: some pages of memory and a file each."""


@dataclass(frozen=True, slots=True)
class VersionedLookup:
    """A table for the events of one log type; see `trailcam.contracts.enrichment.Lookup`."""

    table: str
    selectors: tuple[str, ...]
    versions: "_Versions"

    def row(self, value: str, time: Micros) -> Row | None:
        """The row that the version in force at `time` has for a value; None when it has none."""
        return self.versions.at(time).row(value)


def lookups(tables: Iterable[LookupTable]) -> dict[str, list[VersionedLookup]]:
    """The tables by log type, sorted by name; nothing is opened yet."""
    found: dict[str, list[VersionedLookup]] = {}
    for table in sorted(tables, key=lambda table: table.name):
        versions = _Versions(table)
        for log_type, selectors in table.selectors:
            found.setdefault(log_type, []).append(VersionedLookup(table.name, selectors, versions))
    return found


class _Versions:
    """The versions of one table, some of them open."""

    def __init__(self, table: LookupTable) -> None:
        self._table = table
        self._since = [version.since for version in table.versions]
        self._open: dict[int, Snapshot] = {}

    def at(self, time: Micros) -> Snapshot:
        """The last version that began at `time` or before, else the earliest later one."""
        number = max(bisect_right(self._since, time) - 1, 0)
        snapshot = self._open.pop(number, None) or self._read(number)
        self._open[number] = snapshot  # the last that was asked stands last
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
        return snapshot

    def _read(self, number: int) -> Snapshot:
        version = self._table.versions[number]
        form = registry.load("lookup_format", self._table.format)
        if not form.KEYED and fault(version.path, version.digest):  # the copy itself is asked
            raise damaged(version.path)
        snapshot: Snapshot = form.read(version.path, version.index)
        return snapshot
