"""Lookup tables that packs bring stand beside those of the settings."""

from collections.abc import Iterable
from dataclasses import replace

from trailcam.model.rule import Pack
from trailcam.settings.schema import LookupTableSettings, Settings


def with_tables(settings: Settings, packs: Iterable[Pack]) -> Settings:
    """The settings with the tables of these packs that are switched on and have a file.

    One that the settings declare under the same name stands in its place: so whoever uses the pack can bring
    rows of their own.
    """
    tables = {table.name: table for table in settings.lookup_tables}
    for pack in packs:
        for table in pack.lookup_tables:
            if table.enabled and table.file is not None:
                written = LookupTableSettings(
                    name=table.id,
                    path=table.file,
                    key=table.key,
                    selectors=table.selectors,
                    declared_in=table.path,
                )
                tables.setdefault(table.id, written)
    return replace(settings, lookup_tables=tuple(tables[name] for name in sorted(tables)))
