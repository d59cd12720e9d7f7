"""How a moment is told: to the second, which is enough for who looks for a reason."""

from trailcam.model.timestamps import SECOND, Micros, to_rfc3339


def told(at: int) -> str:
    """RFC 3339, UTC.

    >>> told(1_772_000_000_123_456)
    '2026-02-25T06:13:20Z'
    """
    return to_rfc3339(Micros(at - at % SECOND))
