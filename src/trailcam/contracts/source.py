"""Where bytes come from: blobs, and the sources that are followed live."""

import typing
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol

from trailcam.forms import Form
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros

if typing.TYPE_CHECKING:  # workers import this file, and SQLAlchemy is most of what they would import
    from trailcam.state.database import Database


class Blob(Protocol):
    """One origin that can be read, any number of times, from any process."""

    @property
    def origin(self) -> Origin:
        """Its identity; the same bytes have the same one."""
        ...

    def acknowledge(self) -> None:
        """What came of it is decided, and a crash loses nothing any more: it need not be kept for us."""
        ...

    def open(self) -> AbstractContextManager[Iterator[bytes]]:
        """Its bytes as they lie there, in chunks of at most 1 MiB.

        Raises, here or while iterating:
            Unpackable: TC0401 it cannot be read any more, TC0413 its bytes are not those of its identity.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Notice:
    """That something is there to be read: one origin, announced by a source."""

    name: str
    """What a person calls it."""
    origin_id: str | None
    """Its identity; None where only its bytes tell."""
    size_bytes: int
    """As it was announced; 0 where that is not known."""
    tries: int
    """How often it has been announced by now, at least; 1 is the first time."""
    receipt: Any
    """What the source knows it by."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unreadable(Notice):
    """An announcement that cannot be read; `reason` is a code of the error table, `raw` what was said."""

    reason: str
    detail: str
    raw: bytes


class NotFetched(Exception):
    """What was announced cannot be had, and not for a fault of the world between: it is gone, or refused to
    us. `reason` is a code of the error table. After some tries it is a dead letter."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Exhausted(Exception):
    """A source has come to its end: all it announced is settled, and nothing more will come."""


class Source(Protocol):
    """A source that is followed live. All of it may be called from several threads at once.

    What is received is the receiver's until it is settled, or postponed; until then `hold` is called for it
    now and then. Whoever dies holding something has lost nothing: the source announces it again, here or to
    another process.
    """

    @property
    def pollers(self) -> int:
        """How many threads may call `receive` at once."""
        ...

    @property
    def hold_seconds(self) -> float:
        """How often `hold` is called for what is in hand."""
        ...

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """What is announced by now, else what comes within so many seconds; nothing when nothing comes.

        Raises:
            WorldError: the source cannot be reached, or refuses; it may be tried again.
            Exhausted: it has an end, and that is reached.
        """
        ...

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:
        """The origin, at hand: its blob can be opened in any process, and needs no credentials. What is large
        lies in `spool` until it is acknowledged.

        Raises:
            NotFetched: it is gone, or refused.
            WorldError: the world failed; it may be tried again.
        """
        ...

    def hold(self, notices: Sequence[Notice]) -> None:
        """These are still being worked on. Never raises: what is not held comes again, which costs time."""
        ...

    def settle(self, notices: Sequence[Notice]) -> None:
        """These are decided. Never raises: what is not settled comes again and is passed over."""
        ...

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:
        """These are given back, to be announced again after so many seconds. Never raises."""
        ...

    def close(self) -> None:
        """Lets go of what it has open."""
        ...


class Plants(Protocol):
    """A source that can be given something to announce, to see whether it comes through."""

    def plant(self, data: bytes) -> None:
        """Puts a small file of logs where the source finds what it announces; it takes the last one's place.
        Called by one thread at a time, which is nobody else's and may be held up.

        Raises:
            WorldError: it is refused.
        """
        ...


class Grade(IntEnum):
    """How it stands with what was looked at; the higher, the worse."""

    OK = 0
    WARNING = 1
    UNKNOWN = 2
    """It could not be looked at: something between us and it fails."""
    BROKEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one look at a source; no secret stands in it."""

    check: str
    """What was looked at, in a word or two."""
    grade: Grade
    found: str
    """A part of a sentence, without a full stop."""
    cure: str = ""
    """What to do; empty where nothing is to be done."""
    because: str = ""
    """What stands behind "nothing arrives because"; empty where this does not keep anything from arriving."""
    arrives: bool = False
    """Whether it shows that what is there does arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known of a source beside its settings, for whoever looks into it."""

    tries: int
    database: "Database | None"
    """None where nothing was ever kept."""
    read: Callable[[Sequence[str]], Collection[str]]
    """Those of the origins, by their identities, that were read."""
    names: Sequence[str]
    """What was read last of this source, the newest first, as a person calls it."""
    places: Sequence[str] = ()
    """Where a person says that it should come from; a type that knows no places passes over them."""
    peek: bool = False
    """Whether announcements may be looked at, which others may notice."""
    now: Micros


class SourceType(Protocol):
    """A module of one type of live source."""

    @property
    def FORM(self) -> Form:  # noqa: N802  # a constant of the module
        """The keys of its settings, beside those that every source has."""
        ...

    def open_source(self, name: str, options: dict[str, Any], *, database: "Database") -> Source:
        """A source by its settings, which have been checked against the form. Nothing is reached for yet.

        `database` is for a source that has to remember what it has read, because nobody else does.
        """
        ...

    def examine(self, name: str, options: dict[str, Any], *, surroundings: Surroundings) -> Iterator[Finding]:
        """Looks at all that a source needs, in the order in which things come here; changes nothing.

        Whatever cannot be looked at is a finding, and no exception.
        """
        ...
