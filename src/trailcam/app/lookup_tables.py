"""Lookup tables as they are declared, held against the forms and log types that there are."""

from collections.abc import Iterator, Sequence

from trailcam import registry
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.model.logtype import Field, LogType
from trailcam.model.lookup import LookupTable
from trailcam.model.standard_fields import STANDARD_FIELDS, is_reserved
from trailcam.settings.schema import LookupTableSettings, Settings


def declared(settings: Settings, log_types: Sequence[LogType]) -> tuple[LookupTable, ...]:
    """The tables that are declared, by name, still without versions.

    Raises:
        TrailcamError: TC0103 with every format, key, log type and selector that cannot be meant.
    """
    known = {log_type.name: log_type for log_type in log_types}
    problems = [
        Problem(
            code=code("bad_setting"),
            message=f"[lookup_tables.{table.name}]: {message}",
            path=settings.file,
            hint=hint,
        )
        for table in settings.lookup_tables
        for message, hint in _wrong(table, known)
    ]
    if problems:
        raise TrailcamError(problems)
    return tuple(
        LookupTable(name=table.name, format=_format(table), key=table.key, selectors=table.selectors)
        for table in settings.lookup_tables
    )


def _format(table: LookupTableSettings) -> str:
    """The name of the format; empty when neither `format` nor the file's ending names one."""
    names = registry.names("lookup_format")
    if table.format:
        return table.format if table.format in names else ""
    ending = table.path.suffix.lower()
    return next((name for name in names if ending in registry.load("lookup_format", name).SUFFIXES), "")


def _wrong(table: LookupTableSettings, known: dict[str, LogType]) -> Iterator[tuple[str, str]]:
    """(message, hint) of everything that cannot be meant."""
    formats = ", ".join(registry.names("lookup_format"))
    name = _format(table)
    if table.format and not name:
        near = nearest(table.format, registry.names("lookup_format")) or f"one of {formats}"
        yield f'there is no format "{table.format}"', near
    elif not name:
        yield f'the ending of "{table.path.name}" tells no format', f"name one with `format`: {formats}"
    elif bool(table.key) != registry.load("lookup_format", name).KEYED:
        if table.key:
            yield f"a file of the format {name} has a key of its own", "take `key` out"
        else:
            yield f"a file of the format {name} needs `key`", "name the column by which a row is found"
    for log_type, selectors in table.selectors:
        schema = known.get(log_type)
        if schema is None:
            near = nearest(log_type, known)
            if near:  # else its schema may come with --log-types, in another run
                yield f'unknown log type "{log_type}"', near
            continue
        for selector in selectors:
            hint = _astray(selector, schema)
            if hint is not None:
                yield f'{log_type} has no field "{selector}"', hint


def _astray(selector: str, log_type: LogType) -> str | None:
    """A hint where a selector leads to no field of a log type; None where it leads to one."""
    first, *rest = selector.split(".")
    if is_reserved(first):
        lists = [name for name in STANDARD_FIELDS if name.startswith("p_any_")]
        return None if selector in lists else nearest(selector, lists) or f"lists are {', '.join(lists)}"
    fields: Sequence[Field] = log_type.fields
    for step in (first, *rest):
        found = next((field for field in fields if field.name == step), None)
        if found is None:
            names = [field.name for field in fields]
            return nearest(step, names) or "docs/reference/log-types.md has its fields"
        while found.element is not None:
            found = found.element
        if not found.fields:  # what lies deeper is not declared
            return None
        fields = found.fields
    return None
