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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Dead letters of one origin whose bytes adjoin and are one text, to be read again.

    With `again` false they are to stay as they are.
    """

    letters: tuple[DeadLetter, ...]
    again: bool

    @property
    def position(self) -> int:
        """Where it begins in the unpacked origin."""
        return self.letters[0].position

    @property
    def raw(self) -> bytes:
        """All of its bytes."""
        return b"".join(letter.raw for letter in self.letters)
