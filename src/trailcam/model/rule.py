"""Logic, metadata and tests of one detection, as loaded from any format; nothing here has been executed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailcam.model.severity import Severity

DEFAULT_PERIOD_MINUTES = 60
LEAST_PERIOD_MINUTES = 5


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
    wanted: tuple[tuple[str, str], ...] = ()
    """What the match must have: of `severity`, `title` and `dedup`, those that the test names."""
    line: int = 0


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
    log_types: tuple[str, ...]
    severity: Severity
    enabled: bool = True
    title: str = ""
    """The display name; empty when the rule has none."""
    description: str = ""
    reference: str = ""
    runbook: str = ""
    destinations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A folder of rules with the helper modules they import.

    `helper_paths` are folders whose modules the pack's rules may import by name; `helper_modules` are single
    files importable under a name of their own. Both win over the compatibility modules that Trailcam brings.
    """

    name: str
    root: Path
    rules: tuple[Rule, ...]
    helper_paths: tuple[Path, ...] = ()
    helper_modules: tuple[tuple[str, Path], ...] = ()
    not_loaded: tuple[tuple[str, int], ...] = ()
    """(kind of item, count) of items that lie in the folder and that this version does not run."""
