"""Lookup tables as they are declared, held against the forms and log types that there are."""

from collections.abc import Iterator, Sequence

from trailcam import registry
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.logtypes.loader import SCALAR_TYPES
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
            message=f"{table.name if table.declared_in else f'[lookup_tables.{table.name}]'}: {message}",
            path=table.declared_in or settings.file,
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
    if not table.selectors:
        yield "its selectors name no log type, so nothing would be looked up", 'say "LOG TYPE" = ["field"]'
    for log_type, selectors in table.selectors:
        schema = known.get(log_type)
        near = nearest(log_type, known)
        if schema is None and near:  # else its schema may come with --log-types, in another run
            yield f'unknown log type "{log_type}"', near
            continue
        for selector in selectors:
            if not all(selector.split(".")):
                yield f'{log_type}: "{selector}" has an empty step', "one dot stands between two keys"
            elif schema is not None:
                yield from _astray(selector, schema)


def _astray(selector: str, log_type: LogType) -> Iterator[tuple[str, str]]:
    """(message, hint) of a selector that never leads to a value; nothing where it may lead to one."""
    steps = selector.split(".")
    if is_reserved(steps[0]):
        lists = [name for name in STANDARD_FIELDS if name.startswith("p_any_")]
        if selector not in lists:
            hint = nearest(selector, lists) or f"lists are {', '.join(lists)}"
            yield f'{log_type.name} has no field "{selector}"', hint
        return
    fields: Sequence[Field] = log_type.fields
    for number, step in enumerate(steps, start=1):
        found = next((field for field in fields if field.name == step), None)
        if found is None:
            hint = nearest(step, [field.name for field in fields])
            message = f'{log_type.name} has no field "{selector}"'
            yield message, hint or "docs/reference/log-types.md has its fields"
            return
        item = found
        while item.element is not None:
            item = item.element
        if item.type in SCALAR_TYPES and number < len(steps):
            above = ".".join(steps[:number])
            message = f'{log_type.name}: "{selector}" leads below "{above}", which is of type {item.type}'
            yield message, f'name "{above}" itself'
            return
        if not item.fields and number < len(steps):  # what lies deeper is not declared
            return
        fields = item.fields
    if item.type == "object":
        kind = "an object" if item is found else "a list of objects"
        example = next((field.name for field in fields if field.type in SCALAR_TYPES), "")
        hint = f'name a field in it, such as "{selector}.{example}"' if example else "name a field in it"
        yield f'{log_type.name}: "{selector}" is {kind}, and objects are never looked up', hint
