"""Writes a new component with a test that fails until the component is written.

The files are made in memory, so that nothing is written when one of them is already there.
"""

import json
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trailcam import registry
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.logtypes import loader as logtypes
from trailcam.rules.values import RULE_ID
from trailcam.yaml12 import written as in_yaml

_LOG_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written, in order, and what to do next: sentences that end in a command or a path."""

    files: tuple[Path, ...]
    next_steps: tuple[str, ...]


def new_rule(rule_id: str, *, rule_format: str, folder: Path) -> Written:
    """A rule of this id, whose first inline test fails until `rule` is written.

    Raises:
        TrailcamError: TC0104 the id is none or names no file, TC0105 there is no such format, TC0107 a file
            is already there.
        WorldError: TC0106.
    """
    if not RULE_ID.accepts(rule_id):
        raise refused(f"the id of a rule must be {RULE_ID.expected}; found {rule_id!r}")
    stem = file_name(rule_id)
    files = registry.load("rule_format", rule_format).template(rule_id, stem)
    written = write_files(folder, files)
    python = next(path for path in written if path.suffix == ".py")
    return Written(
        files=written,
        next_steps=(
            f"write the condition in {python}",
            f"see its first test pass: {shlex.join(['trailcam', 'test', str(folder), '--rules', rule_id])}",
        ),
    )


def new_log_type(name: str, *, folder: Path) -> Written:
    """A log type of this name with two samples, whose expected events are still missing.

    Raises:
        TrailcamError: TC0104 the name is none, TC0107 a file is already there, TC0302 the name is taken.
        WorldError: TC0106.
    """
    if not _LOG_TYPE.fullmatch(name):
        raise refused(f"a log type is named like Custom.Billing: words of A-Z with dots; found {name!r}")
    home = folder / file_name(name)
    for known in logtypes.builtin():
        if known.name == name and known.folder.resolve() != home.resolve():
            message = f"there is a log type {name}, which comes with Trailcam"
            raise TrailcamError(Problem(code=code("duplicate_log_type"), message=message, path=known.folder))
    written = write_files(home, _log_type(name))
    if folder.resolve() in _built_in_places():
        last = f"write what is expected, then review it: pytest tests/contract -k {name} --update-golden"
    else:
        command = ["trailcam", "run", str(home / "samples"), "--log-types", str(folder)]
        last = f"see them read: {shlex.join(command)}"
    return Written(
        files=written,
        next_steps=(
            f"describe the fields of the log in {home / logtypes.SCHEMA_FILE}",
            f"put records of your own into {home / 'samples'}",
            last,
        ),
    )


def file_name(name: str) -> str:
    """The file or folder name of a component: `Custom.BillingEvent` gives `custom_billing_event`.

    Raises:
        TrailcamError: TC0104 the name has neither letters nor digits.
    """
    words = [word for part in _WORD.findall(name) for word in _HUMP.split(part)]
    if not words:
        raise refused(f"the name needs letters or digits, so that a file can be named by it; found {name!r}")
    return "_".join(words).lower()


def write_files(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Writes all files, path in the folder to text, or none if one is there.

    Raises:
        TrailcamError: TC0107 for each file that is there.
        WorldError: TC0106.
    """
    paths = {folder / name: text for name, text in files.items()}
    there = [path for path in paths if os.path.lexists(path)]
    if there:
        raise TrailcamError(
            Problem(code=code("already_there"), message="the file is already there", path=path)
            for path in there
        )
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        message = f"cannot write the file: {error.strerror}"
        raise WorldError(Problem(code=code("cannot_write"), message=message, path=path)) from None
    return tuple(paths)


def _built_in_places() -> set[Path]:
    """Folders whose log types are found without being named."""
    return {found.parent.resolve() for found in registry.folders("log_type", logtypes.SCHEMA_FILE)}


def refused(message: str, *, hint: str = "see trailcam new --help") -> TrailcamError:
    """TC0104 for a name that is none."""
    return TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))


# -- what is written ---------------------------------------------------------------------------------------


def _log_type(name: str) -> dict[str, str]:
    return {
        logtypes.SCHEMA_FILE: f"""\
schema: {in_yaml(name)}
version: 1
description: Say in one sentence what this log tells.
referenceURL: https://example.com/ # the vendor's page

# The top-level key of the vendor's own id. Without one, remove the line: then a row is known by its place.
identity: id

# How a record shows that it is of this log type and of no other.
signature:
  requires: [id, time]
  values:
    product: [{in_yaml(name)}]

fields:
  - name: product
    type: string
    required: true
    column: true
    description: The product that wrote the record.
  - name: id
    type: string
    required: true
    column: true
    description: The id that the product gives to each record.
  - name: time
    type: timestamp
    required: true
    column: true
    isEventTime: true
    description: When it happened, in UTC.
  - name: actor
    type: string
    column: true
    indicators: [username]
    description: Who did it.
  - name: action
    type: string
    required: true
    column: true
    description: What was done.
  - name: address
    type: string
    column: true
    indicators: [ip]
    description: Where the request came from.
""",
        "samples/first.json": _sample(name, "1", "alice", "open", "192.0.2.7"),
        "samples/second.json": _sample(name, "2", "bob", "refuse", "198.51.100.20"),
    }


def _sample(name: str, number: str, actor: str, action: str, address: str) -> str:
    record = {
        "product": name,
        "id": number,
        "time": f"2024-05-06T08:10:0{number}Z",
        "actor": actor,
        "action": action,
        "address": address,
    }
    return json.dumps(record, indent=2) + "\n"
