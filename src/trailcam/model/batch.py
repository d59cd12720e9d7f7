"""Events of one log type from one group of origins, in columns; every row knows its origin and position."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trailcam.model.event import PantherEvent, UnifiedNames
from trailcam.model.origin import Origin
from trailcam.model.standard_fields import is_reserved
from trailcam.model.timestamps import Micros, to_panther


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """n rows; every column has n entries in the order of (origin, position).

    `origins` are the origins of the batch; `origin` indexes them. `position`: byte offset in the unpacked
    origin, ascending within one. `raw`: the record's exact bytes. `row_id`: 32 hex digits. `event_id`: the
    vendor's id or None. `event_time`: microseconds UTC; `time_from_origin` tells that the record named none.
    `indicators`: the non-empty `p_any_*` lists of each row. `values`: what the grammar reads from `raw`,
    never changed. `enrichment`: the `p_enrichment` of each row or None, empty where no table was asked. An
    empty batch has n = 0.
    """

    log_type: str
    schema_version: int
    parse_time: Micros
    origins: tuple[Origin, ...]
    origin: Sequence[int]
    position: Sequence[int]
    raw: Sequence[bytes] = field(repr=False)
    row_id: Sequence[str] = field(repr=False)
    event_id: Sequence[str | None] = field(repr=False)
    event_time: Sequence[Micros] = field(repr=False)
    time_from_origin: Sequence[bool] = field(repr=False)
    indicators: Sequence[dict[str, list[str]]] = field(repr=False)
    values: Sequence[dict[str, Any]] = field(repr=False)
    enrichment: Sequence[dict[str, Any] | None] = field(default=(), repr=False)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.row_id)

    def event(self, row: int, names: UnifiedNames | None = None) -> PantherEvent:
        """The row as rules see it: the vendor's fields and nulls as they are, the `p_*` fields beside them.

        `names` are the unified names of its log type. A vendor's key that would pass for a `p_*` field of
        ours is left out here; `raw` has it.
        """
        origin = self.origins[self.origin[row]]
        fields = {key: value for key, value in self.values[row].items() if not is_reserved(key)}
        fields["p_event_time"] = to_panther(self.event_time[row])
        fields["p_parse_time"] = to_panther(self.parse_time)
        fields["p_log_type"] = self.log_type
        fields["p_row_id"] = self.row_id[row]
        fields["p_schema_version"] = self.schema_version
        fields["p_source_id"] = origin.source_id
        fields["p_source_label"] = origin.source_label
        fields["p_source_file"] = origin.name
        fields.update(self.indicators[row])
        if self.enrichment and self.enrichment[row] is not None:
            fields["p_enrichment"] = self.enrichment[row]
        return PantherEvent(fields, names)
