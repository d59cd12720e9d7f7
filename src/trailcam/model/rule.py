"""Logic, metadata and tests of one detection, as loaded from any format; nothing here has been executed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from trailcam.model.correlation import Correlation
from trailcam.model.data_model import DataModel
from trailcam.model.lookup import DeclaredTable
from trailcam.model.query import Query
from trailcam.model.severity import Severity

DEFAULT_PERIOD_MINUTES = 60
LEAST_PERIOD_MINUTES = 5


class Kind(Enum):
    """What a rule is asked about, and by whom."""

    RULE = "rule"
    """About every event of its log types, in the line."""
    SCHEDULED_RULE = "scheduled rule"
    """About every row that a scheduled query gives."""
    POLICY = "policy"
    """About every resource of its types, in the line; its no is the match."""
    CORRELATION_RULE = "correlation rule"
    """About the matches of other rules; it has no Python."""

    @property
    def matcher(self) -> str:
        """The function that decides."""
        return "policy" if self is Kind.POLICY else "rule"

    @property
    def call(self) -> str:
        """The same, as it is called."""
        return "policy(resource)" if self is Kind.POLICY else "rule(event)"

    @property
    def matches_on(self) -> bool:
        """What the deciding function says of a match."""
        return self is not Kind.POLICY


RESOURCE = "Trailcam.Resource"
"""The log type of the documents that policies are about."""

IN_THE_LINE = frozenset({Kind.RULE, Kind.POLICY})
"""Kinds that see every event of their log types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mock:
    """A name of the rule's module replaced during one test by a `MagicMock` that returns `return_value`."""

    name: str
    return_value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One inline test. `event` is what `rule()` sees; with `log_type` set it is a raw record of that type,
    which walks the line's own decode and normalise first."""

    name: str
    expected: bool
    event: Any
    log_type: str | None = None
    mocks: tuple[Mock, ...] = ()
    settings: str = "{}"
    """JSON: values that the rule's settings have during the test."""
    enrichment: Any = None
    """The event's `p_enrichment`, whatever tables are declared; None: the event has what it brings."""
    wanted: tuple[tuple[str, Any], ...] = ()
    """What the match must have, by function: a severity's name, a title, a dedup string, the `destinations`
    as a sorted tuple, and of the `alert_context` the keys that the test names, as a mapping."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something in a rule's metadata that is no mistake of form and cannot mean what it seems to."""

    code: str
    """That of the error table."""
    message: str
    hint: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A detection: picklable, hashable by id, the same for every format.

    `body` is Python source, to be executed in a worker process only. `period_minutes` is already lifted to
    the least period (5).
    """

    id: str
    format: str
    """Name of the rule format it was loaded from: `panther`, `native`."""
    path: Path
    """The file with the Python source."""
    metadata_path: Path
    """The file with the metadata; the same as `path` for one-file formats."""
    body: str = field(repr=False)
    severity: Severity
    kind: Kind = Kind.RULE
    log_types: tuple[str, ...] = ()
    """Whose events it sees in the line; empty for a scheduled rule."""
    resource_types: tuple[str, ...] = ()
    """Whose resources a policy is about; empty is all."""
    suppressions: tuple[str, ...] = ()
    """Patterns of ids of resources that a policy leaves out; `*` is any text."""
    queries: tuple[str, ...] = ()
    """The scheduled queries whose rows a scheduled rule sees."""
    conditions: str = ""
    """JSON: the conditions that `body` was made of; empty where its author wrote it."""
    correlation: Correlation | None = None
    """What a correlation rule says of matches."""
    filters: str = ""
    """Python source with `filters(event)`: what it says no to does not reach the rule. Empty: all does."""
    enabled: bool = True
    title: str = ""
    """The display name; empty when the rule has none."""
    description: str = ""
    reference: str = ""
    runbook: str = ""
    destinations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: str = ""
    """Maturity, in its author's word."""
    reports: tuple[tuple[str, tuple[str, ...]], ...] = ()
    summary_attributes: tuple[str, ...] = ()
    period_minutes: int = DEFAULT_PERIOD_MINUTES
    threshold: int = 1
    create_alert: bool = True
    settings: str = "{}"
    """JSON: the settings that the rule's file declares, with the values they have there."""
    configured: str = "{}"
    """JSON: the values that the user gives to some of them."""
    tests: tuple[RuleTest, ...] = field(default=(), repr=False)
    remarks: tuple[Remark, ...] = field(default=(), repr=False)
    """On its metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedRule:
    """A rule that is another one, but for some of its fields; the loader makes the rule of it."""

    id: str
    base: str
    """The id of the other one."""
    fields: Mapping[str, Any] = field(repr=False)
    """Fields of `Rule` that it has of its own; each replaces the whole value."""
    made: Callable[[Any], Any] | None = field(default=None, repr=False)
    """What else becomes of the rule, after that: picklable, rule in and rule out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperModule:
    """A Python file that rules import under a name of its own."""

    id: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A named list of things by their ids, whatever kind they are of."""

    id: str
    title: str = ""
    description: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A folder of rules with all that lies beside them.

    `helper_paths` are folders whose modules the pack's rules may import by name; `helper_modules` are single
    files importable under a name of their own. Both win over the compatibility modules that Trailcam brings.
    """

    name: str
    root: Path
    rules: tuple[Rule, ...]
    helper_paths: tuple[Path, ...] = ()
    helper_modules: tuple[HelperModule, ...] = ()
    data_models: tuple[DataModel, ...] = ()
    queries: tuple[Query, ...] = ()
    lookup_tables: tuple[DeclaredTable, ...] = ()
    collections: tuple[Collection, ...] = ()
    not_loaded: tuple[tuple[str, int], ...] = ()
    """(kind of item, count) of items that lie in the folder and that this version does not run."""
