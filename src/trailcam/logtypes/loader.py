"""Reads log type folders. The form of `schema.yml` is Panther's, with a few keys of ours beside it."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from trailcam import registry
from trailcam.errors import Problem, TrailcamError, code, nearest
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
from trailcam.yaml12 import Document, Steps, read, read_text

SCHEMA_FILE = "schema.yml"

SCALAR_TYPES = ("string", "int", "bigint", "float", "boolean", "timestamp")

FIELD_TYPES = (*SCALAR_TYPES, "object", "array", "json")

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
ELEMENT_FORM: Form = Form(
    "an element",
    {key: FIELD_FORM.keys[key] for key in ("type", "description", "indicators", "fields", "element")},
)

SCHEMA_FORM = Form(
    "a schema",
    {
        "schema": Key(NAME, required=True, doc="Name of the log type, e.g. `Custom.Billing`."),
        "version": Key(WHOLE, doc="Becomes `p_schema_version`; 1 if absent."),
        "description": Key(NAME, required=True, doc="What this log tells, in a sentence or two."),
        "referenceURL": Key(TEXT, doc="The vendor's page."),
        "records": Key(
            TEXTS, doc="Envelopes around records: `Records`, `Events[].CloudTrailEvent`, `detail{}`."
        ),
        "identity": Key(NAME, doc="Top-level key of the vendor's id; absent when there is none."),
        "revision": Key(
            NAME, doc="Top-level key that changes with each update under one id: an update is no conflict."
        ),
        "changing": Key(
            TRUTH, doc="An id is that of a thing that changes: each state of it is an event, and no conflict."
        ),
        "place": Key(
            Form(
                "a place",
                {
                    "account": Key(NAME, doc="Top-level key of the account."),
                    "region": Key(NAME, doc="Top-level key of the region."),
                },
            ),
            doc="Where an event comes from: a place that falls silent against its habit is told of.",
        ),
        "any_case": Key(TRUTH, doc="The vendor writes one key in several cases: keys are looked for in any."),
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
    """The raw sample records of a log type by name, the file's name without `.json`.

    Raises:
        TrailcamError: TC0214 or TC0304 for every sample that is not JSON.
    """
    found = {}
    problems = []
    for path in sorted((log_type.folder / "samples").glob("*.json")):
        try:
            found[path.stem] = json.loads(read_text(path))
        except json.JSONDecodeError as error:
            message = f"the sample is not JSON: {error.msg}"
            problems.append(
                Problem(
                    code=code("bad_sample"), message=message, path=path, line=error.lineno, column=error.colno
                )
            )
    if problems:
        raise TrailcamError(problems)
    return found


def _cross_checks(document: Document) -> list[Problem]:
    """What the form alone cannot say, in the order of the lines."""
    schema = document.value
    problems = [
        *_field_problems(document, schema["fields"], ("fields",)),
        *_identity_problems(document, schema),
        *_signature_problems(document, schema["signature"]),
        *_anywhere_problems(document, schema.get("anywhere", ())),
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)


def _field_problems(
    document: Document, fields: list[dict[str, Any]], steps: Steps, *, listed: bool = False
) -> Iterator[Problem]:
    """`listed`: the fields are those of a list's items, of which a record has many."""
    names: set[str] = set()
    times = 0
    for index, field in enumerate(fields):
        here: Steps = (*steps, index)
        name, kind = field["name"], field["type"]
        if name in names:
            yield _problem(document, here, f'field "{name}" is declared twice')
        names.add(name)
        if field.get("column") and (listed or kind not in SCALAR_TYPES):
            what = "lies in a list" if listed else f"is of type {kind}"
            yield _problem(document, here, f'a column holds one scalar a record, but "{name}" {what}')
        if field.get("isEventTime"):
            times += 1
            if len(steps) > 1 or kind != "timestamp":
                yield _problem(
                    document, here, f'the event time is a timestamp at the top of the record; "{name}" is not'
                )
            elif times > 1:
                yield _problem(document, here, "only one field can be the event time")
        yield from _type_problems(document, field, here, listed=listed)


def _type_problems(
    document: Document, field: dict[str, Any], here: Steps, *, listed: bool
) -> Iterator[Problem]:
    for key, kind in (("fields", "object"), ("element", "array")):
        if key in field and field["type"] != kind:
            yield _problem(document, here, f"`{key}` needs the type {kind}, not {field['type']}")
    if "fields" in field:
        yield from _field_problems(document, field["fields"], (*here, "fields"), listed=listed)
    if "element" in field:
        yield from _type_problems(document, field["element"], (*here, "element"), listed=True)


def _identity_problems(document: Document, schema: dict[str, Any]) -> Iterator[Problem]:
    names = [field["name"] for field in schema["fields"]]
    for key in ("identity", "revision"):
        if key in schema and schema[key] not in names:
            yield _problem(
                document,
                (key,),
                f'{key} is "{schema[key]}", which is not among the fields at the top',
                nearest(schema[key], names),
            )
    if "revision" in schema and "identity" not in schema:
        yield _problem(document, ("revision",), "a revision is one of an id: it needs `identity`")
    if "changing" in schema and "identity" not in schema:
        yield _problem(document, ("changing",), "what changes stands under an id: it needs `identity`")


def _signature_problems(document: Document, signature: dict[str, Any]) -> Iterator[Problem]:
    if not any(signature.get(key) for key in ("requires", "values", "some")):
        yield _problem(document, ("signature",), "a signature must ask for something")
    some = len(signature.get("some", ()))
    if "at_least" in signature and not 1 <= signature["at_least"] <= some:
        yield _problem(
            document,
            ("signature", "at_least"),
            f"at_least must be from 1 to the length of `some`, {some}; found {signature['at_least']}",
        )


def _anywhere_problems(document: Document, rules: Iterable[dict[str, Any]]) -> Iterator[Problem]:
    for index, rule in enumerate(rules):
        here: Steps = ("anywhere", index)
        if not rule.get("keys") and rule["scanner"] not in SHAPED_SCANNERS:
            yield _problem(
                document,
                here,
                f"{rule['scanner']} has no shape of its own, so it needs keys; "
                f"without keys: {', '.join(SHAPED_SCANNERS)}",
            )
        for key in rule.get("keys", ()):
            if "*" in key.strip("*") or key.count("*") > 1 or not key.strip("*"):
                yield _problem(document, here, f'a key has one `*` at most, at an end; found "{key}"')


def _problem(document: Document, steps: Steps, message: str, hint: str = "") -> Problem:
    return Problem(
        code=code("bad_schema"), message=message, path=document.path, line=document.line(steps), hint=hint
    )


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
            any_case=schema.get("any_case", False),
        ),
        event_time=times[0] if times else None,
        identity=schema.get("identity"),
        account=schema.get("place", {}).get("account"),
        region=schema.get("place", {}).get("region"),
        revision=schema.get("revision"),
        changing=schema.get("changing", False),
        any_case=schema.get("any_case", False),
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
