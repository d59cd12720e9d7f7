"""What could not be treated, kept with reason, origin and bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One undecodable stretch of an origin: it counts as one record.

    `position` is the byte offset in the decompressed origin, -1 where it is not known; `raw` the stretch as
    it lies there (its first bytes only where `size_bytes` is greater), `reason` a code of the error table.
    """

    origin_id: str
    origin_name: str
    position: int
    size_bytes: int
    reason: str
    detail: str
    raw: bytes
