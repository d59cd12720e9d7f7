"""Reads log type folders. The form of `schema.yml` is Panther's, with a few keys of ours beside it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trailcam import registry
from trailcam.errors import Problem, TrailcamError, code
from trailcam.forms import (
    ANYTHING,
    NAME,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
    Form,
    Key,
    ListOf,
    MappingOf,
    OneOf,
    Recursive,
    check,
)
from trailcam.model.logtype import SCANNERS, SHAPED_SCANNERS, Anywhere, Field, LogType, Signature
from trailcam.yaml12 import Document, read

SCHEMA_FILE = "schema.yml"

FIELD_TYPES = ("string", "int", "bigint", "float", "boolean", "timestamp", "object", "array", "json")

FIELD_FORM: Form = Form(
    "a field",
    {
        "name": Key(NAME, required=True, doc="The vendor's spelling."),
        "type": Key(OneOf(FIELD_TYPES), required=True, doc="What it holds."),
        "description": Key(TEXT, doc="One sentence."),
        "required": Key(TRUTH, doc="The vendor always writes it."),
        "column": Key(TRUTH, doc="A scalar kept in a column of its own."),
        "isEventTime": Key(TRUTH, doc="It tells when the event happened."),
        "indicators": Key(ListOf(OneOf(SCANNERS)), doc="What its text is scanned for."),
        "fields": Key(ListOf(Recursive(lambda: FIELD_FORM, "a field")), doc="Fields of an object."),
        "element": Key(Recursive(lambda: ELEMENT_FORM, "a type"), doc="Type of an array's items."),
    },
)
ELEMENT_FORM: Form = Form("an element", {key: kind for key, kind in FIELD_FORM.keys.items() if key != "name"})

SCHEMA_FORM = Form(
    "a schema",
    {
        "schema": Key(NAME, required=True, doc="Name of the log type, e.g. `Custom.Billing`."),
        "version": Key(WHOLE, doc="Becomes `p_schema_version`; 1 if absent."),
        "description": Key(NAME, required=True, doc="What this log tells, in a sentence or two."),
        "referenceURL": Key(TEXT, doc="The vendor's page."),
        "records": Key(TEXTS, doc="Envelopes around records: `Records`, `Events[].CloudTrailEvent`."),
        "identity": Key(NAME, doc="Top-level key of the vendor's id; absent when there is none."),
        "signature": Key(
            Form(
                "a signature",
                {
                    "requires": Key(TEXTS, doc="Keys that must be present."),
                    "values": Key(
                        MappingOf(ListOf(ANYTHING, 1)), doc="Keys that must hold one of the values."
                    ),
                    "excludes": Key(
                        MappingOf(ListOf(ANYTHING)), doc="Keys that must not be there, or not so."
                    ),
                    "some": Key(ListOf(NAME, 1), doc="Keys of which some must be present."),
                    "at_least": Key(WHOLE, doc="How many of `some`; 1 if absent."),
                },
            ),
            required=True,
            doc="How a record shows that it is of this log type.",
        ),
        "fields": Key(ListOf(FIELD_FORM, 1), required=True, doc="The fields."),
        "anywhere": Key(
            ListOf(
                Form(
                    "an indicator",
                    {
                        "scanner": Key(OneOf(SCANNERS), required=True, doc="What is looked for."),
                        "keys": Key(TEXTS, doc="Under which keys, `*` at an end; absent: in any text."),
                    },
                )
            ),
            doc="Indicators looked for at every depth of a record.",
        ),
    },
)
"""The form of `schema.yml`; the reference page is generated from it."""


def builtin() -> tuple[LogType, ...]:
    """The log types found by folder and entry point, sorted by name."""
    return load(registry.folders("log_type", SCHEMA_FILE))


def find(path: Path) -> tuple[Path, ...]:
    """The log type folders that a user's folder is or contains.

    Raises:
        TrailcamError: TC0101 no such folder, TC0303 no log type in it.
    """
    if not path.is_dir():
        raise TrailcamError(Problem(code=code("path_not_found"), message=f"no such folder: {path}"))
    if (path / SCHEMA_FILE).is_file():
        return (path,)
    found = tuple(sorted(schema.parent for schema in path.glob(f"*/{SCHEMA_FILE}")))
    if not found:
        raise TrailcamError(
            Problem(code=code("no_log_types"), message=f"no folder with a {SCHEMA_FILE}", path=path)
        )
    return found


def load(folders: Iterable[Path]) -> tuple[LogType, ...]:
    """The log types of these folders, sorted by name.

    Raises:
        TrailcamError: every problem of every schema at once.
    """
    problems: list[Problem] = []
    loaded: dict[str, LogType] = {}
    for folder in folders:
        try:
            document = read(folder / SCHEMA_FILE)
        except TrailcamError as error:
            problems.extend(error.problems)
            continue
        found = check(document, SCHEMA_FORM) or _cross_checks(document)
        if found:
            problems.extend(found)
            continue
        log_type = _log_type(document.value, folder)
        if log_type.name in loaded:
            problems.append(
                Problem(
                    code=code("duplicate_log_type"),
                    message=f"{log_type.name} is defined in {loaded[log_type.name].folder} too",
                    path=document.path,
                )
            )
        loaded[log_type.name] = log_type
    if problems:
        raise TrailcamError(problems)
    return tuple(loaded[name] for name in sorted(loaded))


def samples(log_type: LogType) -> dict[str, dict[str, Any]]:
    """The raw sample records of a log type by name, the file's name without `.json`."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((log_type.folder / "samples").glob("*.json"))
    }


def _cross_checks(document: Document) -> list[Problem]:
    """What the form alone cannot say."""
    schema = document.value
    problems = []
    times = [index for index, field in enumerate(schema["fields"]) if field.get("isEventTime")]
    if len(times) > 1:
        problems.append(_problem(document, ("fields", times[1]), "only one field can be the event time"))
    signature = schema["signature"]
    if not any(signature.get(key) for key in ("requires", "values", "some")):
        problems.append(_problem(document, ("signature",), "a signature must ask for something"))
    for index, rule in enumerate(schema.get("anywhere", ())):
        if not rule.get("keys") and rule["scanner"] not in SHAPED_SCANNERS:
            problems.append(
                _problem(
                    document,
                    ("anywhere", index),
                    f"{rule['scanner']} has no shape of its own, so it needs keys; "
                    f"without keys: {', '.join(SHAPED_SCANNERS)}",
                )
            )
    return problems


def _problem(document: Document, steps: tuple[str | int, ...], message: str) -> Problem:
    return Problem(code=code("bad_schema"), message=message, path=document.path, line=document.line(steps))


def _log_type(schema: dict[str, Any], folder: Path) -> LogType:
    signature = schema["signature"]
    fields = tuple(_field(field) for field in schema["fields"])
    times = [field.name for field in fields if field.event_time]
    return LogType(
        name=schema["schema"],
        version=schema.get("version", 1),
        description=schema["description"].strip(),
        reference=schema.get("referenceURL", ""),
        records=tuple(schema.get("records", ())),
        signature=Signature(
            requires=tuple(signature.get("requires", ())),
            values=_pairs(signature.get("values", {})),
            excludes=_pairs(signature.get("excludes", {})),
            some=tuple(signature.get("some", ())),
            at_least=signature.get("at_least", 1),
        ),
        event_time=times[0] if times else None,
        identity=schema.get("identity"),
        fields=fields,
        anywhere=tuple(
            Anywhere(scanner=rule["scanner"], keys=tuple(rule.get("keys", ())))
            for rule in schema.get("anywhere", ())
        ),
        folder=folder,
    )


def _pairs(mapping: dict[str, list[Any]]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    return tuple((key, tuple(values)) for key, values in mapping.items())


def _field(field: dict[str, Any]) -> Field:
    return Field(
        name=field.get("name", ""),
        type=field["type"],
        description=field.get("description", "").strip(),
        required=field.get("required", False),
        column=field.get("column", False),
        event_time=field.get("isEventTime", False),
        indicators=tuple(field.get("indicators", ())),
        fields=tuple(_field(inner) for inner in field.get("fields", ())),
        element=_field(field["element"]) if "element" in field else None,
    )
