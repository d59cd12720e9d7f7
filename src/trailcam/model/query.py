"""A query in SQL that lies beside rules: kept by name, or run on a schedule for the rules that ask for it."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a query runs: exactly one of `cron` (five fields, UTC) and `rate_minutes`."""

    cron: str = ""
    rate_minutes: int = 0
    timeout_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A saved query, or with a `schedule` a scheduled one.

    `texts` are (dialect, SQL): the dialect is empty where the file names none. `lookback_seconds` is how far
    back it looks, 0 where it says so itself.
    """

    id: str
    path: Path
    texts: tuple[tuple[str, str], ...] = field(repr=False)
    description: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = True
    lookback_seconds: int = 0
    schedule: Schedule | None = None
