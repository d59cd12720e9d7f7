"""A source whose origins tests announce, and that fails when tests say so."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from trailcam.app.live.in_hand import Followed, InHand
from trailcam.app.live.intake import Intake
from trailcam.contracts.source import Blob, Notice, Unreadable
from trailcam.errors import Problem, WorldError, code
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros


@dataclass(eq=False)
class Thing:
    """What is announced until it is settled. `id` None: only its bytes tell it."""

    name: str
    data: bytes
    id: str | None
    tries: int = 0
    hidden_until: float = 0.0


@dataclass(frozen=True)
class Held:
    """A blob in memory; `given_back` is called when it is acknowledged."""

    origin: Origin
    data: bytes
    acknowledged: list[str]

    def acknowledge(self) -> None:
        """Notes it."""
        self.acknowledged.append(self.origin.id)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Its bytes."""
        yield iter((self.data,))


@dataclass(eq=False)
class Fake:
    """See `trailcam.contracts.source.Source`. What is received is hidden for `hidden_seconds`, like in a queue.

    `receiving` and `fetching` are called before either is done, and may raise or wait.
    """

    label: str = "fake"
    pollers: int = 1
    hold_seconds: float = 60.0
    hidden_seconds: float = 60.0
    at_once: int = 10
    receiving: Callable[[], None] = lambda: None
    fetching: Callable[[Notice], None] = lambda _: None
    things: dict[str, Thing] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    postponed: list[tuple[str, float]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    closed: int = 0
    received: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def announce(
        self, name: str, data: bytes = b"{}", *, id: str | None = "", tries: int = 0
    ) -> Thing:  # as in Origin
        """From now on it is announced; by its name, unless it has another identity, or none."""
        with self.lock:
            thing = self.things[name] = Thing(name, data, name if id == "" else id, tries)
        return thing

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """See the contract."""
        self.receiving()
        until = time.monotonic() + wait_seconds
        while True:
            with self.lock:
                self.received += 1
                now = time.monotonic()
                visible = [it for it in self.things.values() if it.hidden_until <= now][: self.at_once]
                for thing in visible:
                    thing.hidden_until = now + self.hidden_seconds
                    thing.tries += 1
                if visible or now >= until:
                    return [self.notice(it) for it in visible]
            time.sleep(0.005)

    def notice(self, thing: Thing) -> Notice:
        """Its announcement."""
        told: dict[str, Any] = {
            "name": thing.name,
            "origin_id": thing.id,
            "size_bytes": len(thing.data),
            "tries": thing.tries,
            "receipt": thing,
        }
        if thing.name.startswith("unreadable"):
            return Unreadable(**told, reason=code("notice_unreadable"), detail="it is none", raw=thing.data)
        return Notice(**told)

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:  # it lies in memory
        """See the contract."""
        self.fetching(notice)
        thing: Thing = notice.receipt
        with self.lock:
            self.fetched.append(thing.name)
        origin = Origin(
            id=identity(thing),
            name=thing.name,
            source_id=self.label,
            source_label=self.label,
            size_bytes=len(thing.data),
            fallback_time=Micros(0),
        )
        return Held(origin, thing.data, self.acknowledged)

    def hold(self, notices: Sequence[Notice]) -> None:
        """See the contract."""
        with self.lock:
            for notice in notices:
                self.held.append(notice.name)
                notice.receipt.hidden_until = time.monotonic() + self.hidden_seconds

    def settle(self, notices: Sequence[Notice]) -> None:
        """See the contract."""
        with self.lock:
            for notice in notices:
                self.settled.append(notice.name)
                if self.things.get(notice.name) is notice.receipt:
                    del self.things[notice.name]

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:
        """See the contract."""
        with self.lock:
            for notice in notices:
                self.postponed.append((notice.name, seconds))
                notice.receipt.hidden_until = time.monotonic() + seconds

    def close(self) -> None:
        """See the contract."""
        self.closed += 1


def identity(thing: Thing) -> str:
    """That which it is announced by, or that of its bytes."""
    return thing.id or f"sha256:{sha256(thing.data).hexdigest()}"


def out_of_order(what: str = "source_unreachable") -> WorldError:
    """What a source raises that cannot be reached."""
    return WorldError(Problem(code=code(what), message="out of order"))


def intake_of(*sources: Fake, tries: int = 3, **asked: Any) -> Intake:
    """An intake that gives out at once what it has."""
    limits: dict[str, Any] = {"group_bytes": 1 << 20, "group_seconds": 0.0, "ahead_bytes": 1 << 20}
    limits |= {name: asked.pop(name) for name in (*limits, "clock") if name in asked}
    made: dict[str, Any] = {
        "followed": [Followed(name=it.label, source=it, tries=tries) for it in sources],
        "spool": Path("/nonexistent"),
        "known": lambda _: {},
        "told": lambda *_, **__: None,
        "hand": InHand(**limits),
        "wait_seconds": 0.02,
    }
    return Intake(**made | asked)


def until(condition: Callable[[], Any], *, seconds: float = 10) -> Any:
    """Waits until something is true; what it is then."""
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.002)
    return found
