"""Receives what sources announce, brings it here, and has it ready in groups; settles what is decided.

Threads receive, fetch, hold and settle; everything else is called by one thread, that of whoever gives out
the groups. What is held is settled, refused or given back: nothing else becomes of it, unless we die, and
then its source announces it again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from trailcam.contracts.source import Blob, Exhausted, NotFetched, Notice, Source, Unreadable
from trailcam.engines.messages import WorkGroup
from trailcam.errors import WorldError
from trailcam.model.deadletter import DeadLetter
from trailcam.model.text import storable

GROUP_ORIGINS = 500
"""The most origins of one group."""

_MOST_HELD = 4_000
_FETCHERS = 16
_PATIENCE_SECONDS = 10.0
_PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""How long a source that does not answer is left alone, again and again."""

_POSTPONED_SECONDS = 30.0
_LONGEST_POSTPONED_SECONDS = 900.0
_SETTLED_EVERY_SECONDS = 0.2

Known = Callable[[Sequence[str]], Mapping[str, bool]]
"""Those of the origins that were read before; true where some rule has not seen one of them yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A source with what is set for it."""

    name: str
    source: Source
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What cannot be fetched, or was announced in no known form, as a dead letter."""

    source: str
    letter: DeadLetter
    notices: Sequence[Notice]


@dataclass(slots=True)
class Condition:
    """How it stands with a source."""

    asked_at: float | None = None
    """When it last answered, by the wall clock in seconds."""
    announced_at: float | None = None
    faults: dict["Part", tuple[str, float]] = field(default_factory=dict)
    """What does not work now, in words, and since when."""


class Part(StrEnum):
    """The two halves of a source, of which one may work without the other."""

    announcements = "announcements"
    objects = "objects"


@dataclass(slots=True)
class _Held:
    """An origin in hand, with all announcements of it that came meanwhile."""

    followed: Followed
    notices: list[Notice]
    size_bytes: int
    whole: bool = True
    """False: its events are kept already, and some rule has not seen them."""
    blob: Blob | None = None
    ready_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class Intake:
    """What is followed, and what is in hand of it.

    `told` is called with words and values of what a person may want to know of: (event, values).
    """

    followed: Sequence[Followed]
    spool: Path
    known: Known
    told: Callable[..., None]
    group_bytes: int
    group_seconds: float
    ahead_bytes: int
    wait_seconds: float
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    conditions: dict[str, Condition] = field(default_factory=dict)
    _held: dict[str, _Held] = field(default_factory=dict)
    _ready: dict[tuple[str, bool], deque[_Held]] = field(default_factory=dict)
    """What is at hand, by source and whether it is new as a whole."""
    _refused: list[Refused] = field(default_factory=list)
    _settling: dict[str, list[Notice]] = field(default_factory=dict)
    _unnamed: dict[Notice, str] = field(default_factory=dict)
    """Announcements whose origin is not known yet, while they are fetched."""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _pollers: list[threading.Thread] = field(default_factory=list)
    _broken: list[BaseException] = field(default_factory=list)
    _fetchers: ThreadPoolExecutor | None = None

    def __enter__(self) -> "Intake":
        self._fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="trailcam-fetch")
        for it in self.followed:
            self.conditions[it.name] = Condition()
            self._ready |= {(it.name, whole): deque() for whole in (True, False)}
            self._settling[it.name] = []
            self._threads.append(self._thread(self._settle, it))
            self._pollers += [self._thread(self._poll, it) for _ in range(it.source.pollers)]
        for thread in (*self._threads, *self._pollers):
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is still in hand is given back at once, so that nobody has to wait for it."""
        self.stop()
        for thread in self._pollers:
            thread.join(timeout=self.wait_seconds + 5)
        if self._fetchers is not None:
            self._fetchers.shutdown(cancel_futures=True)
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=_PATIENCE_SECONDS)
        for it in self.followed:
            left = [held for held in self._held.values() if held.followed is it]
            it.source.postpone([notice for held in left for notice in held.notices], seconds=0)
            for held in left:
                if held.blob is not None:
                    held.blob.acknowledge()
            it.source.close()

    def stop(self) -> None:
        """Nothing new is received from here on; what is in hand is given out without waiting for more."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    @property
    def is_drained(self) -> bool:
        """Whether nothing is in hand, and nothing more will come."""
        if self._is_receiving:
            return False
        with self._changed:
            return not self._held and not self._unnamed and not self._refused

    @property
    def _is_receiving(self) -> bool:
        return any(thread.is_alive() for thread in self._pollers)

    def wait(self, seconds: float) -> None:
        """Waits until something may be ready, at most so long.

        Raises:
            BaseException: what has ended one of our threads: a defect, which must not go unseen.
        """
        if self._broken:
            raise self._broken[0]
        with self._changed:
            if not self._refused and not any(self._ready.values()):
                self._changed.wait(seconds)
                return
        self._stopping.wait(min(seconds, 0.05))

    def next_group(self) -> WorkGroup | None:
        """Origins of one source that should go to a worker now: enough of them, or after long enough."""
        with self._changed:
            for (_, whole), waiting in self._ready.items():
                if waiting and self._is_due(waiting):
                    return WorkGroup(tuple(self._cut(waiting)), whole)
        return None

    def refused(self) -> list[Refused]:
        """What has to be kept as dead letters, each of them once; it is settled by `settle`."""
        with self._changed:
            refused, self._refused = self._refused, []
            return refused

    def refuse_again(self, refused: Refused) -> None:
        """What was refused could not be kept: it comes again by `refused`."""
        with self._changed:
            self._refused.append(refused)

    def settle(self, refused: Refused) -> None:
        """What was refused is kept."""
        with self._changed:
            for key in (refused.letter.origin_id, *(it.origin_id or "" for it in refused.notices)):
                self._held.pop(key, None)
            self._settling[refused.source] += refused.notices

    def done(self, blob: Blob) -> None:
        """An origin is decided."""
        blob.acknowledge()
        with self._changed:
            held = self._held.pop(blob.origin.id, None)
            if held is not None:
                self._settling[held.followed.name] += held.notices
            self._changed.notify_all()

    # -- groups ------------------------------------------------------------------------------------------

    def _is_due(self, waiting: deque[_Held]) -> bool:
        if self._stopping.is_set() or not self._is_receiving or len(waiting) >= GROUP_ORIGINS:
            return True
        if self.clock() - waiting[0].ready_at >= self.group_seconds:
            return True
        return sum(held.size_bytes for held in waiting) >= self.group_bytes

    def _cut(self, waiting: deque[_Held]) -> Iterable[Blob]:
        size = 0
        for _ in range(min(len(waiting), GROUP_ORIGINS)):
            held = waiting.popleft()
            size += held.size_bytes
            if held.blob is not None:
                yield held.blob
            if size >= self.group_bytes:
                return

    # -- receiving ---------------------------------------------------------------------------------------

    def _poll(self, it: Followed) -> None:
        failures = 0
        while not self._stopping.is_set():
            if not self._has_room():
                with self._changed:
                    self._changed.wait(1.0)
                continue
            try:
                notices = it.source.receive(wait_seconds=self.wait_seconds)
                self._answers(it, Part.announcements)
                if notices:
                    self.conditions[it.name].announced_at = self.now()
                self._take(it, notices)
                failures = 0
            except Exhausted:
                return
            except WorldError as error:
                self._fails(it, Part.announcements, error)
                self._stopping.wait(_PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)])
                failures += 1

    def _has_room(self) -> bool:
        with self._changed:
            ahead = sum(held.size_bytes for held in self._held.values())
            return ahead < self.ahead_bytes and len(self._held) < _MOST_HELD

    def _take(self, it: Followed, notices: Sequence[Notice]) -> None:
        """Sorts out what was announced, and fetches what is new."""
        if self._stopping.is_set():
            it.source.postpone(notices, seconds=0)
            return
        try:
            named = [notice.origin_id for notice in notices if notice.origin_id is not None]
            known = self.known(named) if named else {}
        except WorldError:
            it.source.postpone(notices, seconds=_POSTPONED_SECONDS)
            raise
        new = [notice for notice in notices if self._is_new(it, notice, known)]
        assert self._fetchers is not None
        for fetched in [self._fetchers.submit(self._fetch, it, notice) for notice in new]:
            fetched.result()

    def _is_new(self, it: Followed, notice: Notice, known: Mapping[str, bool]) -> bool:
        """Whether it has to be fetched; all others are dealt with."""
        with self._changed:
            if isinstance(notice, Unreadable):
                self._refuse(it, notice, notice.reason, notice.detail, raw=notice.raw)
            elif notice.origin_id is None:
                self._unnamed[notice] = it.name
                return True
            elif notice.origin_id in self._held:
                self._held[notice.origin_id].notices.append(notice)
            elif known.get(notice.origin_id) is False:
                self._settling[it.name].append(notice)
            else:
                whole = notice.origin_id not in known
                self._held[notice.origin_id] = _Held(it, [notice], notice.size_bytes, whole)
                return True
        return False

    def _fetch(self, it: Followed, notice: Notice) -> None:
        try:
            blob = it.source.fetch(notice, spool=self.spool)
            known = self.known([blob.origin.id]) if notice.origin_id is None else {}
            if known.get(blob.origin.id) is False:
                blob.acknowledge()
                with self._changed:
                    self._unnamed.pop(notice, None)
                    self._settling[it.name].append(notice)
                return
        except NotFetched as error:
            if notice.tries >= it.tries:
                with self._changed:
                    self._unnamed.pop(notice, None)
                    self._refuse(it, notice, error.reason, error.detail)
                return
            self.told("not fetched", source=it.name, what=notice.name, tries=notice.tries, why=error.detail)
            self._give_back(it, notice)
        except WorldError as error:
            self._fails(it, Part.objects, error)
            self._give_back(it, notice)
        else:
            self._answers(it, Part.objects)
            self._have(it, notice, blob, whole=blob.origin.id not in known)

    def _have(self, it: Followed, notice: Notice, blob: Blob, *, whole: bool) -> None:
        with self._changed:
            self._unnamed.pop(notice, None)
            held = self._held.get(notice.origin_id or blob.origin.id)
            if held is not None and notice not in held.notices:  # its bytes tell that it is in hand already
                held.notices.append(notice)
                blob.acknowledge()
                return
            if held is None:
                held = _Held(it, [notice], blob.origin.size_bytes, whole)
            if blob.origin.id != notice.origin_id:
                self._held.pop(notice.origin_id or "", None)
            self._held[blob.origin.id] = held
            held.blob, held.size_bytes, held.ready_at = blob, blob.origin.size_bytes, self.clock()
            self._ready[it.name, held.whole].append(held)
            self._changed.notify_all()

    def _give_back(self, it: Followed, notice: Notice) -> None:
        with self._changed:
            self._unnamed.pop(notice, None)
            held = self._held.pop(notice.origin_id or "", None)
        seconds = min(_LONGEST_POSTPONED_SECONDS, _POSTPONED_SECONDS * 2 ** min(notice.tries - 1, 10))
        it.source.postpone(held.notices if held is not None else [notice], seconds=seconds)

    def _refuse(self, it: Followed, notice: Notice, reason: str, detail: str, *, raw: bytes = b"") -> None:
        """Under the lock."""
        held = self._held.get(notice.origin_id or "")
        letter = DeadLetter(
            origin_id=notice.origin_id or storable(notice.name),
            origin_name=storable(notice.name),
            position=0 if raw else -1,
            size_bytes=len(raw),
            reason=reason,
            detail=storable(detail),
            raw=raw,
        )
        notices = held.notices if held is not None else [notice]
        self._refused.append(Refused(source=it.name, letter=letter, notices=notices))
        if held is None:
            self._held[letter.origin_id] = _Held(it, notices, 0)
        self._changed.notify_all()

    # -- holding and settling ----------------------------------------------------------------------------

    def _settle(self, it: Followed) -> None:
        held_at = self.clock()
        while True:
            last = self._closing.wait(_SETTLED_EVERY_SECONDS)
            with self._changed:
                settling, self._settling[it.name] = self._settling[it.name], []
                in_hand = [n for held in self._held.values() if held.followed is it for n in held.notices]
                in_hand += [notice for notice, name in self._unnamed.items() if name == it.name]
            if settling:
                it.source.settle(settling)
            if in_hand and self.clock() - held_at >= it.source.hold_seconds:
                held_at = self.clock()
                it.source.hold(in_hand)
            elif not in_hand:
                held_at = self.clock()
            if last:
                return

    # -- how it stands -----------------------------------------------------------------------------------

    def _answers(self, it: Followed, part: Part) -> None:
        condition = self.conditions[it.name]
        condition.asked_at = self.now()
        if condition.faults.pop(part, None) is not None:
            self.told("source works again", source=it.name, part=part.value)

    def _fails(self, it: Followed, part: Part, error: WorldError) -> None:
        faults = self.conditions[it.name].faults
        problem = error.problems[0]
        if part not in faults:
            self.told("source fails", source=it.name, part=part.value, code=problem.code, why=problem.message)
        faults[part] = (problem.message, faults[part][1] if part in faults else self.now())

    def _thread(self, does: Callable[[Followed], None], it: Followed) -> threading.Thread:
        def watched(*arguments: Any) -> None:
            try:
                does(*arguments)
            except BaseException as error:
                self._broken.append(error)
                self.stop()

        return threading.Thread(target=watched, args=(it,), name=f"trailcam-{it.name}", daemon=True)
