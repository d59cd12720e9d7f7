"""Turns the windows of a rule past its hourly limit into one alert about the storm: pure, order-free.

A storm hides nothing: its windows stay, no longer qualifying, and the storm's window names their matches.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from trailcam.model.timestamps import MINUTE, Micros, to_rfc3339
from trailcam.model.window import Window, WindowKey
from trailcam.pipeline.window import window_order

ALERTS_PER_HOUR = 1_000

_HOUR = 60 * MINUTE


def limit_storms(windows: Iterable[Window], *, limit: int = ALERTS_PER_HOUR) -> list[Window]:
    """All windows, in `window_order`, where no rule has more than `limit` qualifying ones in a clock hour.

    Hours are UTC, and a window counts in that of its start, a rule's error windows with its others. The first
    `limit` by (start, first row id) stay as they are. The rest come back with `qualifies` False, and one more
    window of the kind `storm` stands for them. Storms in `windows` pass through, so doing it twice changes
    nothing. `windows` holds all windows of the hours and rules in question, or the count is too small.
    """
    limited: list[Window] = []
    alerting: dict[tuple[str, Micros], list[Window]] = defaultdict(list)
    for window in windows:
        if window.qualifies and window.key.kind != "storm":
            alerting[window.key.rule_id, _hour_of(window)].append(window)
        else:
            limited.append(window)
    for of_hour in alerting.values():
        of_hour.sort(key=_alert_order)
        limited += of_hour[:limit]
        rest = of_hour[limit:]
        if rest:
            limited += [replace(window, qualifies=False) for window in rest]
            limited.append(_storm(rest, limit=limit))
    return sorted(limited, key=window_order)


def _storm(rest: Sequence[Window], *, limit: int) -> Window:
    rule_id = rest[0].key.rule_id
    hour = _hour_of(rest[0])
    written = to_rfc3339(hour)
    return Window(
        key=WindowKey(rule_id, f"storm:{written}", 60, limit, "storm"),
        start=hour,
        end=Micros(hour + _HOUR),
        title=f"{rule_id} made {limit + len(rest):,} alerts in the hour from {written}: "
        f"the {len(rest):,} after the first {limit:,} are this one",
        severity=max(window.severity for window in rest),
        row_ids=tuple(dict.fromkeys(row_id for window in rest for row_id in window.row_ids)),
        qualifies=True,
    )


def _hour_of(window: Window) -> Micros:
    return Micros(window.start - window.start % _HOUR)


def _alert_order(window: Window) -> tuple[Micros, str, WindowKey]:
    # A row may open a match window and error windows of the same rule: the key settles what comes first.
    return (window.start, window.row_ids[0], window.key)
