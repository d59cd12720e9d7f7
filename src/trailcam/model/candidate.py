"""A pair of rule and event that waits for its turn, with all that the event is made of."""

from dataclasses import dataclass, field

from trailcam.model.timestamps import Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """One row of a batch, by value: it can be made again when batch, file and lookup tables are gone."""

    row_id: str
    log_type: str
    event_id: str | None
    event_time: Micros
    origin_id: str
    raw: bytes = field(repr=False)
    """The record's exact bytes, packed by zlib."""
    rest: str = field(repr=False)
    """JSON: what else the batch has of the row; see `engines.pairs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An event that a rule which keeps state is to see in its turn. Identity is (rule_id, row id)."""

    rule_id: str
    event: KeptEvent
