"""What workers are started with, from what was loaded and the settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from trailcam.app.load import Loaded
from trailcam.engines.messages import Limits, Setup, Staging
from trailcam.model.data_model import DataModel
from trailcam.model.lookup import LookupTable
from trailcam.model.rule import Pack
from trailcam.settings.schema import Settings


def engine_setup(
    loaded: Loaded,
    settings: Settings,
    *,
    lookups: Sequence[LookupTable] = (),
    destinations: Sequence[str] = (),
    staging: Staging | None = None,
    keeps: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Setup:
    """The packs, rules and log types that were loaded, under the limits of the settings."""
    limits = settings.limits
    return Setup(
        packs=tuple(map(_importable, loaded.packs)),
        rules=tuple(rule for rule in loaded.rules if rule.correlation is None),
        log_types=loaded.log_types,
        limits=Limits(
            origin_bytes=limits.origin_bytes,
            record_bytes=limits.record_bytes,
            worker_bytes=limits.worker_bytes,
            rule_seconds=limits.rule_seconds,
        ),
        lookups=tuple(lookups),
        data_models=_models(loaded.packs),
        destinations=tuple(destinations),
        staging=staging,
        keeps=dict(keeps),
    )


def _importable(pack: Pack) -> Pack:
    """A pack with nothing but what rules import: its rules go to workers by themselves, and only those that
    run there."""
    return replace(pack, rules=(), data_models=(), queries=(), lookup_tables=(), collections=())


def _models(packs: Iterable[Pack]) -> tuple[DataModel, ...]:
    """The data models that are switched on; one that several packs share is there once."""
    found = {
        model.metadata_path.resolve(): model for pack in packs for model in pack.data_models if model.enabled
    }
    return tuple(found.values())
