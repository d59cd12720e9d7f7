"""Receives what sources announce, brings it here, and has it ready in groups; settles what is decided.

Threads receive, fetch, hold and settle; everything else is called by one thread, that of whoever gives out
the groups. What is held is settled, refused or given back: nothing else becomes of it, unless we die, and
then its source announces it again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailcam.app.conditions import Condition, Part
from trailcam.contracts.source import Blob, Exhausted, NotFetched, Notice, Source, Unreadable
from trailcam.engines.messages import WorkGroup
from trailcam.errors import WorldError
from trailcam.model.deadletter import DeadLetter
from trailcam.model.text import storable

GROUP_ORIGINS = 500
"""The most origins of one group."""

_MOST_HELD = 4_000
_FETCHERS = 16
"""Threads of each source, so that one that hangs holds up no other."""

_PATIENCE_SECONDS = 10.0
_PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""How long a source that does not answer is left alone, again and again."""

_LEAST_ATTEMPTS = 3
"""How often at least one object is fetched before it is given back for a fault of the world."""

_POSTPONED_SECONDS = 30.0
_LONGEST_POSTPONED_SECONDS = 900.0
_SETTLED_EVERY_SECONDS = 0.2

_LOOKED_EVERY_SECONDS = 0.05

Known = Callable[[Sequence[str]], Mapping[str, bool]]
"""Those of the origins that were read before; true where some rule has not seen one of them yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A source with what is set for it."""

    name: str
    source: Source
    tries: int
    finishes: bool = False
    """What it has announced is worked on to the end after a stop too: it would not come again."""


_Announced = tuple[Followed, Notice]
"""An announcement with the source that made it: two sources may announce the same origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What cannot be fetched, or was announced in no known form, as a dead letter."""

    source: str
    letter: DeadLetter
    announced: Sequence[_Announced]


@dataclass(slots=True)
class _Held:
    """An origin in hand, with all announcements of it that came meanwhile."""

    followed: Followed
    announced: list[_Announced]
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
    """What is at hand, by source and whether it is new as a whole; who waits longest for a turn first."""
    _refused: list[Refused] = field(default_factory=list)
    _settling: dict[str, list[Notice]] = field(default_factory=dict)
    _unnamed: dict[Notice, Followed] = field(default_factory=dict)
    """Announcements whose origin is not known yet, while they are fetched."""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _pollers: list[tuple[Followed, threading.Thread]] = field(default_factory=list)
    _broken: list[BaseException] = field(default_factory=list)
    _fetchers: dict[str, ThreadPoolExecutor] = field(default_factory=dict)
    """By source: one that does not answer takes no thread of another."""

    def __enter__(self) -> "Intake":
        for it in self.followed:
            self._fetchers[it.name] = ThreadPoolExecutor(
                _FETCHERS, thread_name_prefix=f"trailcam-fetch-{it.name}"
            )
            self.conditions[it.name] = Condition()
            self._ready |= {(it.name, whole): deque() for whole in (True, False)}
            self._settling[it.name] = []
            self._threads.append(self._thread(self._settle, it))
            self._pollers += [(it, self._thread(self._poll, it)) for _ in range(it.source.pollers)]
        for started in (*self._threads, *(poller for _, poller in self._pollers)):
            started.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is still in hand is given back at once, so that nobody has to wait for it."""
        self.stop()
        for _poller_of, poller in self._pollers:
            poller.join(timeout=self.wait_seconds + 5)
        for fetchers in self._fetchers.values():
            fetchers.shutdown(cancel_futures=True)
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=_PATIENCE_SECONDS)
        with self._changed:
            left = [pair for held in self._held.values() for pair in held.announced]
            left += [(it, notice) for notice, it in self._unnamed.items()]
            blobs = [held.blob for held in self._held.values() if held.blob is not None]
        self._postpone(left, seconds=0)
        for blob in blobs:
            blob.acknowledge()
        for it in self.followed:
            it.source.close()

    def stop(self) -> None:
        """Nothing new is received from here on, and what was not given out yet goes back to its source at
        once; only what would not come again is still given out."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    @property
    def is_drained(self) -> bool:
        """Whether nothing more has to be given out, and nothing more will come."""
        stopping = self._stopping.is_set()
        if any(thread.is_alive() and (it.finishes or not stopping) for it, thread in self._pollers):
            return False
        with self._changed:
            if stopping:
                return not any(held.followed.finishes for held in self._held.values())
            return not self._held and not self._unnamed and not self._refused

    @property
    def _is_receiving(self) -> bool:
        return any(thread.is_alive() for _, thread in self._pollers)

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
        self._closing.wait(min(seconds, _LOOKED_EVERY_SECONDS))

    def next_group(self) -> WorkGroup | None:
        """Origins of one source that should go to a worker now: enough of them, or after long enough.

        Sources take turns, so that none waits for another that always has something.
        """
        with self._changed:
            for key, waiting in self._ready.items():
                if waiting and self._is_wanted(waiting[0].followed) and self._is_due(waiting):
                    self._ready[key] = self._ready.pop(key)
                    return WorkGroup(tuple(self._cut(waiting)), key[1])
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
            self._held.pop(refused.letter.origin_id, None)
            self._decided(refused.announced)
            self._changed.notify_all()

    def done(self, blob: Blob) -> None:
        """An origin is decided."""
        blob.acknowledge()
        with self._changed:
            held = self._held.pop(blob.origin.id, None)
            if held is not None:
                self._decided(held.announced)
            self._changed.notify_all()

    # -- groups ------------------------------------------------------------------------------------------

    def _is_wanted(self, it: Followed) -> bool:
        """Whether what comes of a source is still given out."""
        return it.finishes or not self._stopping.is_set()

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
                self._stopping.wait(_pause_after(failures))
                failures += 1
        if it.finishes:
            self._take(it, it.source.receive(wait_seconds=0))

    def _has_room(self) -> bool:
        with self._changed:
            ahead = sum(held.size_bytes for held in self._held.values())
            return ahead < self.ahead_bytes and len(self._held) < _MOST_HELD

    def _take(self, it: Followed, notices: Sequence[Notice]) -> None:
        """Sorts out what was announced, and fetches what is new."""
        if not self._is_wanted(it):
            it.source.postpone(notices, seconds=0)
            return
        try:
            named = [notice.origin_id for notice in notices if notice.origin_id is not None]
            known = self.known(named) if named else {}
        except WorldError:
            it.source.postpone(notices, seconds=_POSTPONED_SECONDS)
            raise
        new = [notice for notice in notices if self._is_new(it, notice, known)]
        fetching = [self._fetchers[it.name].submit(self._fetch, it, notice) for notice in new]
        for fetched in fetching:
            with suppress(CancelledError):  # we end: what was not fetched is given back
                fetched.result()

    def _is_new(self, it: Followed, notice: Notice, known: Mapping[str, bool]) -> bool:
        """Whether it has to be fetched; all others are dealt with."""
        with self._changed:
            held = self._held.get(notice.origin_id or "")
            if notice.origin_id is None:
                self._unnamed[notice] = it
                return True
            if held is not None:
                held.announced.append((it, notice))
            elif isinstance(notice, Unreadable):
                self._refuse(it, notice, notice.reason, notice.detail, raw=notice.raw)
            elif known.get(notice.origin_id) is False:
                self._decided([(it, notice)])
            else:
                whole = notice.origin_id not in known
                self._held[notice.origin_id] = _Held(it, [(it, notice)], notice.size_bytes, whole)
                return True
        return False

    def _fetch(self, it: Followed, notice: Notice) -> None:
        """Has it here, refused, or given back.

        While nothing at all can be fetched, what is in hand stays there and is tried again and again: a queue
        that is asked for more and more counts how often, and puts aside what it was asked for too often.
        """
        condition = self.conditions[it.name]
        begun = self.clock()
        failures = 0
        while True:
            try:
                self._fetch_once(it, notice)
            except WorldError as error:
                self._fails(it, Part.objects, error)
            else:
                return
            failures += 1
            others_come = condition.has_worked(Part.objects, since=begun)
            if not self._is_wanted(it) or (others_come and failures >= _LEAST_ATTEMPTS):
                self._give_back(it, notice)
                return
            with self._changed:
                condition.in_vain += 1
            self._stopping.wait(_pause_after(failures - 1))
            with self._changed:
                condition.in_vain -= 1

    def _fetch_once(self, it: Followed, notice: Notice) -> None:
        try:
            blob = it.source.fetch(notice, spool=self.spool)
        except NotFetched as error:
            self._answers(it, Part.objects)
            self._not_fetched(it, notice, error)
            return
        self._answers(it, Part.objects)
        try:
            known = self.known([blob.origin.id]) if notice.origin_id is None else {}
        except WorldError:
            blob.acknowledge()
            raise
        if known.get(blob.origin.id) is False:
            blob.acknowledge()
            with self._changed:
                self._unnamed.pop(notice, None)
                self._decided([(it, notice)])
            return
        self._have(it, notice, blob, whole=blob.origin.id not in known)

    def _not_fetched(self, it: Followed, notice: Notice, error: NotFetched) -> None:
        if notice.tries >= it.tries:
            with self._changed:
                self._unnamed.pop(notice, None)
                self._refuse(it, notice, error.reason, error.detail)
            return
        self.told("not fetched", source=it.name, what=notice.name, tries=notice.tries, why=error.detail)
        self._give_back(it, notice)

    def _have(self, it: Followed, notice: Notice, blob: Blob, *, whole: bool) -> None:
        with self._changed:
            if notice.origin_id is None:
                self._unnamed.pop(notice, None)
                held = self._held.get(blob.origin.id)
                if held is not None:  # its bytes tell that it is in hand already
                    held.announced.append((it, notice))
                    blob.acknowledge()
                    return
                held = _Held(it, [(it, notice)], blob.origin.size_bytes, whole)
                self._held[blob.origin.id] = held
            else:
                assert blob.origin.id == notice.origin_id, (
                    f"{it.name} gave an origin another name than before"
                )
                held = self._held[notice.origin_id]
            held.blob, held.size_bytes, held.ready_at = blob, blob.origin.size_bytes, self.clock()
            self._ready[it.name, held.whole].append(held)
            self._changed.notify_all()

    def _give_back(self, it: Followed, notice: Notice) -> None:
        with self._changed:
            self._unnamed.pop(notice, None)
            held = self._held.pop(notice.origin_id or "", None)
            self._changed.notify_all()
        seconds = min(_LONGEST_POSTPONED_SECONDS, _POSTPONED_SECONDS * 2 ** min(notice.tries - 1, 10))
        seconds = seconds if self._is_wanted(it) else 0
        self._postpone(held.announced if held is not None else [(it, notice)], seconds=seconds)

    def _refuse(self, it: Followed, notice: Notice, reason: str, detail: str, *, raw: bytes = b"") -> None:
        """Under the lock."""
        letter = DeadLetter(
            origin_id=notice.origin_id or storable(notice.name),
            origin_name=storable(notice.name),
            position=0 if raw else -1,
            size_bytes=len(raw),
            reason=reason,
            detail=storable(detail),
            raw=raw,
        )
        held = self._held.get(letter.origin_id)
        if held is None:
            held = self._held[letter.origin_id] = _Held(it, [(it, notice)], 0)
        elif notice.origin_id is None:
            held.announced.append((it, notice))
            return
        self._refused.append(Refused(source=it.name, letter=letter, announced=held.announced))
        self._changed.notify_all()

    # -- holding and settling ----------------------------------------------------------------------------

    def _settle(self, it: Followed) -> None:
        held_at = self.clock()
        while True:
            last = self._closing.wait(_SETTLED_EVERY_SECONDS)
            with self._changed:
                settling, self._settling[it.name] = self._settling[it.name], []
                in_hand = [n for held in self._held.values() for by, n in held.announced if by is it]
                in_hand += [notice for notice, by in self._unnamed.items() if by is it]
            if settling:
                it.source.settle(settling)
            if not self._is_wanted(it):
                self._give_ready_back(it)
            if in_hand and self.clock() - held_at >= it.source.hold_seconds:
                held_at = self.clock()
                it.source.hold(in_hand)
            elif not in_hand:
                held_at = self.clock()
            self._see_recovery(it)
            if last:
                return

    def _give_ready_back(self, it: Followed) -> None:
        """What is here and was not given out goes back: somebody else may take it up now."""
        with self._changed:
            left = [held for whole in (True, False) for held in self._ready[it.name, whole]]
            for held in left:
                if held.blob is not None:
                    self._held.pop(held.blob.origin.id, None)
            for whole in (True, False):
                self._ready[it.name, whole].clear()
        self._postpone([pair for held in left for pair in held.announced], seconds=0)
        for held in left:
            if held.blob is not None:
                held.blob.acknowledge()

    def _decided(self, announced: Sequence[_Announced]) -> None:
        """Under the lock: has them settled soon."""
        for it, notice in announced:
            self._settling[it.name].append(notice)

    def _postpone(self, announced: Sequence[_Announced], *, seconds: float) -> None:
        for it in self.followed:
            if notices := [notice for by, notice in announced if by is it]:
                it.source.postpone(notices, seconds=seconds)

    # -- how it stands -----------------------------------------------------------------------------------

    def _answers(self, it: Followed, part: Part) -> None:
        with self._changed:
            self.conditions[it.name].answers(part, now=self.now(), clock=self.clock())

    def _fails(self, it: Followed, part: Part, error: WorldError) -> None:
        problem = error.problems[0]
        with self._changed:
            condition = self.conditions[it.name]
            news = condition.fails(part, problem.message, now=self.now(), clock=self.clock())
        if news:
            self.told("source fails", source=it.name, part=part.value, code=problem.code, why=problem.message)

    def _see_recovery(self, it: Followed) -> None:
        with self._changed:
            over = self.conditions[it.name].recovered(clock=self.clock())
        for part in over:
            self.told("source works again", source=it.name, part=part.value)

    def _thread(self, does: Callable[[Followed], None], it: Followed) -> threading.Thread:
        def watched(*arguments: Any) -> None:
            try:
                does(*arguments)
            except BaseException as error:
                self._broken.append(error)
                self.stop()

        return threading.Thread(target=watched, args=(it,), name=f"trailcam-{it.name}", daemon=True)


def _pause_after(failures: int) -> float:
    return _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]
