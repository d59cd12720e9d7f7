"""The version of what was loaded: of each rule, of the correlation rules, of all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailcam.app.load import Loaded
from trailcam.commit.correlation_rules import CorrelationRule, correlation_rules
from trailcam.model.correlation import fields_kept
from trailcam.model.lookup import LookupTable
from trailcam.rules.versions import pack_version, rule_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """`rules` are those that see events, by id; `keeps` are the fields of their matches that are kept for
    `correlations`."""

    rules: dict[str, str]
    correlations: tuple[CorrelationRule, ...]
    keeps: dict[str, tuple[str, ...]]

    @property
    def every(self) -> dict[str, str]:
        """By id, those of all rules that run."""
        return self.rules | {it.rule.id: it.version for it in self.correlations}

    @property
    def pack(self) -> str:
        """That of all of them together."""
        return pack_version(self.every)


def versions_of(loaded: Loaded, lookups: Sequence[LookupTable] = ()) -> Versions:
    """The versions of what was loaded, under these lookup tables."""
    keeps = fields_kept(loaded.correlated)
    return Versions(
        rules=rule_versions(loaded.packs, loaded.rules, loaded.log_types, lookups, keeps=keeps),
        correlations=correlation_rules(loaded.correlations, keeps=keeps),
        keeps=keeps,
    )
