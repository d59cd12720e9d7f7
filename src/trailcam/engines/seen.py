"""Where events of a chunk come from: how many of each account and region, and how late the last one was."""

from collections.abc import Mapping
from typing import Any

from trailcam.model.logtype import LogType
from trailcam.model.place import Place, Seen, add
from trailcam.model.timestamps import AHEAD, BEGINNING
from trailcam.pipeline.normalize import Chunk

_LONGEST_PLACE = 64


def seen(chunk: Chunk, log_types: Mapping[str, LogType]) -> dict[Place, Seen]:
    """What was seen of each place; `log_types` by name. Times too far ahead are not believed."""
    found: dict[Place, Seen] = {}
    for batch in chunk.batches:
        log_type = log_types[batch.log_type]
        for row, value in enumerate(batch.values):
            source = batch.origins[batch.origin[row]].source_id
            account, region = (_text(value, log_type, key) for key in (log_type.account, log_type.region))
            time = batch.event_time[row]
            last = time if time <= batch.parse_time + AHEAD else BEGINNING
            add(found, Place(source, account, region), Seen(1, last))
    return found


def _text(record: Mapping[str, Any], log_type: LogType, key: str | None) -> str:
    """A text that may name a place: log content is hostile, and a place is a row in the state."""
    value = log_type.value(record, key) if key is not None else None
    return value if isinstance(value, str) and len(value) <= _LONGEST_PLACE and value.isascii() else ""
