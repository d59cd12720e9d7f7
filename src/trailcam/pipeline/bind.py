"""Binds alerts, which last, to windows, which are computed anew: pure, whatever the order of arguments."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trailcam.model.timestamps import Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What becomes of alerts; windows go by their start."""

    bound: Mapping[str, Micros] = field(default_factory=dict)
    """Alert to its window."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Alert to the alert that survives in the window of both."""
    retracted: Sequence[str] = ()
    """Alerts whose window is gone."""


def bind(shared: Mapping[str, Mapping[Micros, int]], *, ages: Mapping[str, tuple[int, Micros]]) -> Binding:
    """Each alert goes to the window it shares most matches with; of those that meet there, one survives.

    `shared`: alert to the windows that qualify and hold matches of it, with how many. `ages`: alert to what
    sorts it by when it was opened. Ties: the older window; the older alert, then the smaller id.
    """
    guests: dict[Micros, list[str]] = defaultdict(list)
    retracted = []
    for alert, windows in shared.items():
        held = {start: count for start, count in windows.items() if count > 0}
        if held:
            guests[min(held, key=lambda start: (-held[start], start))].append(alert)
        else:
            retracted.append(alert)
    bound = {}
    merged: dict[str, str] = {}
    for start, alerts in guests.items():
        survivor = min(alerts, key=lambda alert: (-shared[alert][start], ages[alert], alert))
        bound[survivor] = start
        merged |= {alert: survivor for alert in alerts if alert != survivor}
    return Binding(bound=bound, merged=merged, retracted=sorted(retracted))
