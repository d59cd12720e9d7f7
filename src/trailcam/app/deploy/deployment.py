"""A version of the rules that can come into force, and one that cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

from trailcam.app.deploy.record import By
from trailcam.app.load import Loaded
from trailcam.errors import Problem, TrailcamError, WorldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A version of the rules that can come into force: loaded from its copy, and tested."""

    id: str
    by: By
    pack: str
    """The version of its rules together, as it stands with every match."""
    loaded: Loaded
    rules: Mapping[str, str]
    """Versions of rules by id."""
    sources: tuple[str, ...]
    content: str
    over: str | None = None
    """Id of what it may take the place of, empty for nothing; None where somebody asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A version that does not come into force; what is in force goes on."""

    by: By
    problems: tuple[Problem, ...]
    id: str = ""
    """As the record names it; empty where there is nothing to be recorded."""
    world: bool = False
    """Something outside failed, and the packs may be well."""

    def error(self) -> TrailcamError:
        """The problems, to be raised."""
        return (WorldError if self.world else TrailcamError)(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a server begins with. `refused`: the packs are not well, and the last version goes on instead."""

    deployment: Deployment
    refused: Refused | None = None
