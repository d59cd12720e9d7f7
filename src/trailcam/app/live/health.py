"""What Trailcam says of itself goes through the line like everything else, as events with rules over them."""

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trailcam.contracts.source import Blob, Notice
from trailcam.errors import WorldError
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros, to_rfc3339
from trailcam.sources.fetched import Fetched

NAME = "trailcam"
"""The source of such events."""

PACK = Path("trailcam_health")
"""The rules over them, which come with Trailcam."""


_WAIT_SECONDS = 1.0
"""Nothing is saved by waiting longer, and a stop waits for it."""


class _Said(NamedTuple):
    data: bytes
    time: Micros
    kept: Callable[[], None]


class Health:
    """A source that announces what is said to it; see `trailcam.contracts.source.Source`.

    The same happening said again is the same event: its bytes are made of nothing but what is said.
    """

    pollers = 1
    hold_seconds = 3600.0

    def __init__(self) -> None:
        self._waiting: deque[_Said] = deque()
        self._said: set[str] = set()
        self._unkept: list[Callable[[], None]] = []
        """Of what is decided, what could not be noted yet."""
        self._changed = threading.Condition()

    def say(
        self,
        kind: str,
        subject: str,
        message: str,
        *,
        time: Micros,
        kept: Callable[[], None] = lambda: None,
        **more: str,
    ) -> None:
        """Says that something is so since `time`; `kept` is called when that is decided."""
        about = {"kind": kind, "subject": subject, "time": to_rfc3339(time), **more, "message": message}
        id_ = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
        with self._changed:
            if id_ not in self._said:
                self._said.add(id_)
                data = json.dumps({"trailcamHealth": "1", "id": id_, **about}).encode()
                self._waiting.append(_Said(data, time, kept))
                self._changed.notify_all()

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """See `trailcam.contracts.source.Source`."""
        self._keep()
        with self._changed:
            if not self._waiting:
                self._changed.wait(min(wait_seconds, _WAIT_SECONDS))
            notices = [_notice(said, 1) for said in self._waiting]
            self._waiting.clear()
            return notices

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:  # noqa: ARG002  # it is small
        """See `trailcam.contracts.source.Source`."""
        said: _Said = notice.receipt
        origin = Origin(
            id=notice.origin_id or "",
            name="what Trailcam says of itself",
            source_id=NAME,
            source_label=NAME,
            size_bytes=len(said.data),
            fallback_time=said.time,
        )
        return Fetched(origin=origin, data=said.data)

    def hold(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`: nobody else has them."""

    def settle(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`."""
        with self._changed:
            self._unkept += [notice.receipt.kept for notice in notices]
        self._keep()

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:  # noqa: ARG002  # it does not fail
        """See `trailcam.contracts.source.Source`."""
        with self._changed:
            self._waiting.extend(notice.receipt for notice in notices)

    def close(self) -> None:
        """See `trailcam.contracts.source.Source`."""

    def _keep(self) -> None:
        """Notes what is decided; what the state refuses to take now is tried again the next time."""
        with self._changed:
            unkept, self._unkept = self._unkept, []
        for number, kept in enumerate(unkept):
            try:
                kept()
            except WorldError:
                with self._changed:
                    self._unkept += unkept[number:]
                return


def _notice(said: _Said, tries: int) -> Notice:
    digest = hashlib.sha256(said.data).hexdigest()
    return Notice(
        name="what Trailcam says of itself",
        origin_id=f"sha256:{digest}",
        size_bytes=len(said.data),
        tries=tries,
        receipt=said,
    )


def with_health(packs: Sequence[Any]) -> tuple[Any, ...]:
    """Packs with the rules over what Trailcam says of itself."""
    return tuple(packs) if PACK in packs else (*packs, PACK)
