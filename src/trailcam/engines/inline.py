"""The record of an inline test as an origin, so that it goes the way of every other record."""

import hashlib

from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.sources.fetched import Fetched


def inline(data: bytes) -> Fetched:
    """An origin without a place or a time of its own."""
    origin = Origin(
        id=f"sha256:{hashlib.sha256(data).hexdigest()}",
        name="inline test",
        source_id="inline",
        source_label="inline",
        size_bytes=len(data),
        fallback_time=Micros(0),
    )
    return Fetched(origin=origin, data=data)
