"""What could not be treated, kept with reason, origin and bytes."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One undecodable stretch of an origin: it counts as one record.

    `position` is the byte offset in the decompressed origin, `raw` the stretch as it lies there
    (its first bytes only where `size_bytes` is greater), `reason` a code of the error table.
    """

    origin_id: str
    origin_name: str
    position: int
    size_bytes: int
    reason: str
    detail: str
    raw: bytes

    @property
    def id(self) -> str:
        """The same stretch of the same origin has the same id, however often it is read."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{self.origin_id}\n{self.position}\n{self.size_bytes}\n".encode())
        digest.update(self.raw)
        return digest.hexdigest()
