"""One kind of log with one schema, named as Panther names it: `AWS.CloudTrail`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCANNERS = (
    "actor_id", "aws_account_id", "aws_arn", "aws_instance_id", "aws_tag", "domain", "email", "hostname",
    "ip", "md5", "net_addr", "sha1", "sha256", "trace_id", "url", "username",
)  # fmt: skip
"""What a text can be scanned for, by the names Panther's schemas use."""

SHAPED_SCANNERS = ("aws_arn", "aws_instance_id", "email", "ip", "md5", "sha1", "sha256")
"""Those that may be applied to any text, whatever its key: what they find has a shape of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a log type: `type` as in Panther's schemas; a sentence says what it holds."""

    name: str
    type: str
    description: str = ""
    required: bool = False
    column: bool = False
    """A scalar that rules are chosen by and the lake keeps in a column of its own."""
    event_time: bool = False
    indicators: tuple[str, ...] = ()
    fields: "tuple[Field, ...]" = ()
    element: "Field | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a record shows that it is of a log type, by its top-level keys alone.

    `requires`: all present. `values`: each present with one of the values. `excludes`: none present, or
    present with none of the values. `some`: at least `at_least` of them present. `any_case`: a key is there
    in whatever case the record writes it.
    """

    requires: tuple[str, ...] = ()
    values: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    excludes: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    some: tuple[str, ...] = ()
    at_least: int = 1
    any_case: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Anywhere:
    """Indicators wherever they lie in a record: under `keys` (with `*` at an end), or in any text that has
    the scanner's shape (`keys` empty)."""

    scanner: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogType:
    """A schema with what decode and normalise need; picklable."""

    name: str
    version: int
    description: str
    reference: str
    records: tuple[str, ...]
    """Envelopes around records: `Records`, `Events[].CloudTrailEvent`."""
    signature: Signature
    event_time: str | None
    """The top-level key of the event time."""
    identity: str | None
    """The top-level key of the vendor's own id; with it a row's id is the hash of its bytes."""
    revision: str | None = None
    """The top-level key that tells updates under one id apart; None when an id means one record."""
    changing: bool = False
    """What stands under one id is a thing that changes: different records of one id are no conflict."""
    account: str | None = None
    """The top-level key of the account that an event comes from."""
    region: str | None = None
    """The top-level key of the region that an event comes from."""
    any_case: bool = False
    """The vendor writes one key in several cases, so keys are looked for in any."""
    fields: tuple[Field, ...]
    anywhere: tuple[Anywhere, ...]
    folder: Path

    def value(self, record: Mapping[str, Any], name: str) -> Any:
        """What a record holds under a top-level key of the schema; None when it lacks the key."""
        return record.get(spelling(record, name) if self.any_case else name)


def spelling(record: Mapping[str, Any], name: str) -> str:
    """The key as a record writes it: `name` itself, else the first that differs from it in case alone.

    >>> spelling({"Id": 1, "ID": 2}, "id"), spelling({"Id": 1, "id": 2}, "id"), spelling({}, "id")
    ('Id', 'id', 'id')
    """
    if name in record:
        return name
    lower = name.lower()
    return next((key for key in record if key.lower() == lower), name)
