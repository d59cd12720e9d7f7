"""Where events come from, as far as their log type tells: the source, an account, a region."""

from typing import NamedTuple

from trailcam.model.timestamps import Micros


class Place(NamedTuple):
    """Empty where the events tell no account or region."""

    source: str
    account: str
    region: str


class Seen(NamedTuple):
    """What has come from a place."""

    events: int
    last: Micros
    """The time of the latest event."""

    def plus(self, other: "Seen") -> "Seen":
        """Both together."""
        return Seen(self.events + other.events, max(self.last, other.last))
