"""How it stands with the sources that are followed: when they answered, and what does not work since when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

STEADY_SECONDS = 10.0
"""A part works again when it has not failed for so long: one that fails now and then is told of once."""


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
    in_vain: int = 0
    """How many objects were not fetched at the first try, and are tried again."""
    _failed_at: dict[Part, float] = field(default_factory=dict)
    """When a part failed last, on the clock that never jumps."""
    _worked_at: dict[Part, float] = field(default_factory=dict)

    def answers(self, part: Part, *, now: float, clock: float) -> None:
        """Notes that a part works."""
        self.asked_at = now
        self._worked_at[part] = clock

    def fails(self, part: Part, message: str, *, now: float, clock: float) -> bool:
        """Notes that a part does not work; whether that is news."""
        self._failed_at[part] = clock
        known = self.faults.get(part)
        self.faults = {**self.faults, part: (message, now if known is None else known[1])}
        return known is None

    def has_worked(self, part: Part, *, since: float) -> bool:
        """Whether a part worked after a moment of the clock."""
        return self._worked_at.get(part, since) > since

    def recovered(self, *, clock: float) -> list[Part]:
        """Takes out the parts that work again, and gives them: they answer, or nothing is left in vain."""
        over = [part for part in self.faults if self._is_over(part, clock)]
        if over:
            self.faults = {part: said for part, said in self.faults.items() if part not in over}
        return over

    def _is_over(self, part: Part, clock: float) -> bool:
        failed_at = self._failed_at[part]
        works = not self.in_vain if part is Part.objects else self.has_worked(part, since=failed_at)
        return works and clock - failed_at >= STEADY_SECONDS
