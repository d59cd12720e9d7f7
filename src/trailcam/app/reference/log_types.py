"""The page of log types."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trailcam.app.reference.markdown import anchor, bullets, head, page, table, words
from trailcam.model.logtype import Field, LogType
from trailcam.model.standard_fields import STANDARD_FIELDS

_OF_RULES = {
    "p_enrichment": "What [lookup tables](../lookup-tables.md) say of it; only rules see it.",
}


def log_types(known: Sequence[LogType]) -> str:
    """The page of log types: a section for each with its fields, and the fields that every event has."""
    lines = head(
        "Log types",
        "For those who write rules: what an event can hold.",
        "A field is in an event as the vendor wrote it, nulls included.",
        "A field that the record lacks is absent.",
        "Beside them stand the [fields that Trailcam sets](#fields-that-trailcam-sets).",
    )
    lines += bullets(f"[{log_type.name}](#{anchor(log_type.name)})" for log_type in known)
    for log_type in known:
        lines += _log_type(log_type)
    lines += [
        "## Fields that Trailcam sets",
        "",
        "The `p_any_*` lists are sorted, without repeats, and absent when empty.",
        "Times are text of the form `YYYY-MM-DD HH:MM:SS.fffffffff`.",
        "",
        *table(
            ("field", "holds"),
            ((f"`{name}`", meaning) for name, meaning in sorted({**STANDARD_FIELDS, **_OF_RULES}.items())),
        ),
    ]
    return page(lines)


def _log_type(log_type: LogType) -> Iterator[str]:
    yield from (f"## {log_type.name}", "", log_type.description)
    if log_type.reference:
        yield f"The vendor's page: <{log_type.reference}>."
    yield ""
    facts = [
        ("schema version", str(log_type.version)),
        ("records lie in", words(log_type.records) or "no envelope: each value is a record"),
        ("event time", words([log_type.event_time]) if log_type.event_time else "that of the file"),
        ("identity", words([log_type.identity]) if log_type.identity else "the place in the file"),
        ("updates told apart by", words([log_type.revision]) if log_type.revision else ""),
        ("one id is", "a thing that changes" if log_type.changing else ""),
        ("keys", "in any case" if log_type.any_case else ""),
        ("must have", words(log_type.signature.requires)),
        ("must hold", _values(log_type.signature.values, " or ")),
        ("must not have", _values(log_type.signature.excludes, " or ")),
        (f"has {log_type.signature.at_least} or more of", words(log_type.signature.some)),
        ("looked for everywhere", _anywhere(log_type)),
    ]
    yield from table(("", ""), ((name, value) for name, value in facts if value))
    yield "In the table, `[]` stands for each item of a list."
    yield ""
    yield from table(
        ("field", "type", "always", "indicators", "holds"),
        (
            (
                f"`{path}`",
                type_of(field),
                "yes" if field.required else "",
                words(field.indicators),
                field.description,
            )
            for path, field in _paths(log_type.fields)
        ),
    )


def _paths(fields: Iterable[Field], above: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        path = f"{above}{field.name}"
        yield path, field
        inner, marks = field, ""
        while inner.element is not None:
            inner, marks = inner.element, f"{marks}[]"
        yield from _paths(inner.fields, f"{path}{marks}.")


def type_of(field: Field) -> str:
    """The type of a field, that of its items with it."""
    return f"array of {type_of(field.element)}" if field.element is not None else field.type


def _values(pairs: Iterable[tuple[str, tuple[Any, ...]]], joint: str) -> str:
    return "; ".join(
        f"`{key}`" + (f" = {joint.join(f'`{value}`' for value in values)}" if values else "")
        for key, values in pairs
    )


def _anywhere(log_type: LogType) -> str:
    return "; ".join(
        f"{rule.scanner} under {words(rule.keys)}" if rule.keys else f"{rule.scanner} in any text"
        for rule in log_type.anywhere
    )
