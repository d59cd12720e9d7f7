"""What turns a stream of bytes into records."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as the vendor wrote it.

    `position` is the byte offset of the entry in the unpacked origin, `raw` its exact bytes without
    surrounding white space, `value` what the reference grammar reads from them: a mapping.
    """

    position: int
    raw: bytes
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A stretch that holds no record; `reason` is a code of the error table. One stretch, one dead letter."""

    position: int
    raw: bytes
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A document around records: `key` holds their list; with `text_key`, each element holds its record as
    text under that key; with `single`, `key` holds one record and no list."""

    key: str
    text_key: str | None = None
    single: bool = False

    @classmethod
    def parse(cls, path: str) -> "Envelope":
        """From the form of a schema: `Records`, `Events[].CloudTrailEvent` or `detail{}`."""
        if path.endswith("{}"):
            return cls(path.removesuffix("{}"), single=True)
        key, _, text_key = path.partition("[].")
        return cls(key, text_key or None)


class Unpackable(Exception):
    """The stream ended in damage: what came before it is good. `reason` is a code of the error table."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Codec(Protocol):
    """Splits an unpacked stream into records and undecodable stretches, in order of position.

    Total: every byte that is not white space, separator or envelope lies in exactly one of them. The split
    does not depend on how the stream is cut into chunks.
    """

    def __call__(
        self,
        chunks: Iterable[bytes],
        *,
        envelopes: Sequence[Envelope],
        recognise: Callable[[dict[str, Any]], bool],
        record_limit: int,
    ) -> Iterator[Record | Undecodable]:
        """`recognise` tells whether a value is a whole record: where a stretch is broken, reading goes on at
        the next one. `record_limit` bounds one record and one stretch, in bytes."""
        ...
