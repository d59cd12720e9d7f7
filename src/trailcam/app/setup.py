"""What workers are started with, from what was loaded and the settings."""

from collections.abc import Sequence

from trailcam.app.load import Loaded
from trailcam.engines.messages import Limits, Setup, Staging
from trailcam.model.lookup import LookupTable
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings


def engine_setup(
    loaded: Loaded,
    settings: Settings,
    *,
    now: float,
    lookups: Sequence[LookupTable] = (),
    staging: Staging | None = None,
) -> Setup:
    """`now` in seconds gives `p_parse_time` and nothing else."""
    limits = settings.limits
    return Setup(
        packs=loaded.packs,
        rules=loaded.rules,
        log_types=loaded.log_types,
        limits=Limits(
            origin_bytes=limits.origin_bytes,
            record_bytes=limits.record_bytes,
            worker_bytes=limits.worker_bytes,
            rule_seconds=limits.rule_seconds,
        ),
        parse_time=Micros(int(now * 1_000_000)),
        lookups=tuple(lookups),
        staging=staging,
    )
