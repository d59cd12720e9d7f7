"""Single pairs of rule and event, for rules that keep state: kept as what they are made of, and run in turn.

An event is kept by value and made again by value: the record's bytes, and beside them what the batch had of
the row. So neither a file that is gone, nor a log type or lookup table that has changed since, shows in it.
"""

import json
import zlib
from collections.abc import Callable
from decimal import Decimal

from trailcam.codecs.json_grammar import decode
from trailcam.model.batch import EventBatch
from trailcam.model.candidate import KeptEvent
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.rules.keyvalue import Item

_LEVEL = 1
"""Of packing: higher ones cost more than they save on a record."""


def keep(batch: EventBatch, row: int) -> KeptEvent:
    """A row of a batch, so that it can be made again."""
    origin = batch.origins[batch.origin[row]]
    rest = {
        "schema_version": batch.schema_version,
        "parse_time": batch.parse_time,
        "position": batch.position[row],
        "time_from_origin": batch.time_from_origin[row],
        "indicators": batch.indicators[row],
        "enrichment": batch.enrichment[row] if batch.enrichment else None,
        "origin": {
            "name": origin.name,
            "source_id": origin.source_id,
            "source_label": origin.source_label,
            "size_bytes": origin.size_bytes,
            "fallback_time": origin.fallback_time,
        },
    }
    return KeptEvent(
        row_id=batch.row_id[row],
        log_type=batch.log_type,
        event_id=batch.event_id[row],
        event_time=batch.event_time[row],
        origin_id=origin.id,
        raw=zlib.compress(batch.raw[row], _LEVEL),
        rest=json.dumps(rest, separators=(",", ":")),
    )


def origin_of(event: KeptEvent) -> Origin:
    """Where it came from."""
    told = json.loads(event.rest)["origin"]
    told["fallback_time"] = Micros(told["fallback_time"])
    return Origin(id=event.origin_id, **told)


def batch_of(event: KeptEvent) -> EventBatch:
    """A batch of this one event.

    Raises:
        Refused: the grammar is a later one, and does not accept the bytes any more.
    """
    rest = json.loads(event.rest)
    raw = zlib.decompress(event.raw)
    return EventBatch(
        log_type=event.log_type,
        schema_version=rest["schema_version"],
        parse_time=Micros(rest["parse_time"]),
        origins=(origin_of(event),),
        origin=[0],
        position=[rest["position"]],
        raw=[raw],
        row_id=[event.row_id],
        event_id=[event.event_id],
        event_time=[event.event_time],
        time_from_origin=[rest["time_from_origin"]],
        indicators=[rest["indicators"]],
        values=[decode(raw)],
        enrichment=[rest["enrichment"]] if rest["enrichment"] is not None else (),
    )


class Overlay:
    """A `KeyValueStore` over one that is asked from afar: what is written stays here until it is taken."""

    def __init__(self, written: dict[str, Item], ask: Callable[[str], Item | None]) -> None:
        self._items: dict[str, Item | None] = dict(written)
        self._ask = ask
        self._new: dict[str, Item] = {}

    def load(self, key: str) -> Item | None:
        """See `KeyValueStore`."""
        key = str.__str__(key)
        if key not in self._items:
            self._items[key] = self._ask(key)
        return self._items[key]

    def save(self, key: str, item: Item) -> None:
        """See `KeyValueStore`; values of a rule's own classes become plain ones, as on any disk."""
        key = str.__str__(key)
        self._items[key] = self._new[key] = _plain(item)

    def taken(self) -> dict[str, Item]:
        """What was written since it was last asked."""
        taken, self._new = self._new, {}
        return taken


def _plain(item: Item) -> Item:
    return Item(
        count=None if item.count is None else Decimal(str(item.count)),
        strings=frozenset(map(str.__str__, item.strings)),
        dictionary=None if item.dictionary is None else str.__str__(item.dictionary),
        expires_at=None if item.expires_at is None else int(item.expires_at),
    )
