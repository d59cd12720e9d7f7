"""The smallest thing that arrives whole: one object, file, message or request."""

from dataclasses import dataclass

from trailcam.model.timestamps import Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where records came from, with an identity that survives renaming, copying and redelivery.

    `id` is the content digest for local files and stdin (`sha256:<hex>`): the same bytes are the same origin.
    `fallback_time` is what a record without a readable time gets: the time in the name, else last-modified.
    """

    id: str
    name: str
    """What a person calls it: a path, a bucket and key, `stdin`."""
    source_id: str
    source_label: str
    size_bytes: int
    fallback_time: Micros
