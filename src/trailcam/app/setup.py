"""What workers are started with, from what was loaded and the settings."""

from collections.abc import Sequence

from trailcam.app.load import Loaded
from trailcam.engines.messages import Limits, Setup, Staging
from trailcam.model.lookup import LookupTable
from trailcam.settings.schema import Settings


def engine_setup(
    loaded: Loaded,
    settings: Settings,
    *,
    lookups: Sequence[LookupTable] = (),
    staging: Staging | None = None,
) -> Setup:
    """The packs, rules and log types that were loaded, under the limits of the settings."""
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
        lookups=tuple(lookups),
        staging=staging,
    )
