"""What kind of run has decided something: of what is past, nobody is told."""

from enum import StrEnum


class RunKind(StrEnum):
    """Why a run went over origins."""

    run = "run"
    """`trailcam run`: files that somebody named."""
    live = "live"
    """`trailcam serve` or `trailcam worker`: what sources announced."""
    backfill = "backfill"
    """`trailcam backfill`: the past, of which alerts are recorded and not delivered."""
    retry = "retry"
    """`trailcam dead-letters retry`."""
