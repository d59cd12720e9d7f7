"""What a simulation wrote: counts, places, and the truth about its stories."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailcam.model.timestamps import Micros, to_rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story as it was told."""

    id: str
    title: str
    tells: str
    malicious: bool
    starts: Micros
    ends: Micros
    event_ids: tuple[str, ...]
    """`eventID` of its CloudTrail records, in the order of their times."""
    finding_ids: tuple[str, ...]
    """`id` of its GuardDuty findings, each once."""
    paths: tuple[Path, ...]
    """Files that hold any of these, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What was written into a folder."""

    folder: Path
    seed: int
    start: Micros
    until: Micros
    files: int
    """Log files: of CloudTrail and of GuardDuty."""
    events: int
    """Distinct CloudTrail events."""
    copies: int
    """CloudTrail records that were delivered once more."""
    findings: int
    """Lines that GuardDuty exported."""
    size_bytes: int
    """Of the log files, packed."""
    stories: tuple[Told, ...]
    """In the order of their hours."""
    left_out: tuple[str, ...]
    """Ids of the stories whose hours do not lie in the period."""

    @property
    def records(self) -> int:
        """CloudTrail records in all files."""
        return self.events + self.copies

    @property
    def logs(self) -> Path:
        """The folder that holds log files and nothing else."""
        return self.folder / "AWSLogs"

    def to_json(self) -> dict[str, Any]:
        """All of it for other programs; paths are relative to the folder."""
        return {
            "seed": self.seed,
            "start": to_rfc3339(self.start),
            "until": to_rfc3339(self.until),
            "files": self.files,
            "records": self.records,
            "events": self.events,
            "copies": self.copies,
            "findings": self.findings,
            "size_bytes": self.size_bytes,
            "stories": [
                {
                    "id": told.id,
                    "title": told.title,
                    "tells": told.tells,
                    "malicious": told.malicious,
                    "starts": to_rfc3339(told.starts),
                    "ends": to_rfc3339(told.ends),
                    "event_ids": told.event_ids,
                    "finding_ids": told.finding_ids,
                    "paths": [path.relative_to(self.folder).as_posix() for path in told.paths],
                }
                for told in self.stories
            ],
            "left_out": self.left_out,
        }
