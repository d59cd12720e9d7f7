"""How it stands with the sources that are followed: when they answered, and what does not work since when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """The two halves of a source, of which one may work without the other."""

    announcements = "announcements"
    objects = "objects"


@dataclass(slots=True)
class Condition:
    """How it stands with a source. Times are seconds by the wall clock.

    Whoever changes it holds a lock; anyone may look: `faults` is replaced, never changed.
    """

    asked_at: float | None = None
    """When it last answered."""
    announced_at: float | None = None
    faults: Mapping[Part, tuple[str, float]] = field(default_factory=dict)
    """What does not work now, in words, and since when."""

    def answers(self, part: Part, *, now: float) -> bool:
        """Notes that a part works; whether it did not before."""
        self.asked_at = now
        failed = part in self.faults
        if failed:
            self.faults = {other: fault for other, fault in self.faults.items() if other is not part}
        return failed

    def fails(self, part: Part, message: str, *, now: float) -> bool:
        """Notes that a part does not work; whether it did before."""
        known = self.faults.get(part)
        self.faults = {**self.faults, part: (message, now if known is None else known[1])}
        return known is None
