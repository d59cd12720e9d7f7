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
    """The time of the latest event; `BEGINNING` where none is believed."""

    def plus(self, other: "Seen") -> "Seen":
        """Both together."""
        return Seen(self.events + other.events, max(self.last, other.last))


def add(found: dict[Place, Seen], place: Place, seen: Seen) -> None:
    """Adds what was seen to what is found of a place, if anything."""
    found[place] = found[place].plus(seen) if place in found else seen
