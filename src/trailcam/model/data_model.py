"""The unified names of log types, as loaded: nothing here has been executed."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One unified name: exactly one of `path`, a JSONPath into the event, and `method`, a function of the
    model's file."""

    name: str
    path: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataModel:
    """What events of some log types are called by: `event.udm("source_ip")` asks it.

    At most one that is enabled speaks for a log type.
    """

    id: str
    log_types: tuple[str, ...]
    mappings: tuple[Mapping, ...]
    path: Path
    """The file with the Python source; where there is none, that with the mappings."""
    metadata_path: Path
    body: str = field(default="", repr=False)
    """Python source with the methods; empty when no mapping has one."""
    enabled: bool = True
