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
    _pollers: list[threading.Thread] = field(default_factory=list)
    _broken: list[BaseException] = field(default_factory=list)
    _fetchers: dict[str, ThreadPoolExecutor] = field(default_factory=dict)

    def __enter__(self) -> "Intake":
        for it in self.followed:
            self._fetchers[it.name] = ThreadPoolExecutor(
                _FETCHERS, thread_name_prefix=f"trailcam-fetch-{it.name}"
            )
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
        self._closing.wait(min(seconds, _LOOKED_EVERY_SECONDS))

    def next_group(self) -> WorkGroup | None:
        """Origins of one source that should go to a worker now: enough of them, or after long enough.

        Sources take turns, so that none waits for another that always has something.
        """
        with self._changed:
            for key, waiting in self._ready.items():
                if waiting and self._is_due(waiting):
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
                works = self._take(it, notices)
            except Exhausted:
                return
            except WorldError as error:
                self._fails(it, Part.announcements, error)
                works = False
            except CancelledError:  # nobody waits for us any more
                return
            if works:
                failures = 0
            else:
                self._stopping.wait(_PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)])
                failures += 1

    def _has_room(self) -> bool:
        with self._changed:
            ahead = sum(held.size_bytes for held in self._held.values())
            return ahead < self.ahead_bytes and len(self._held) < _MOST_HELD

    def _take(self, it: Followed, notices: Sequence[Notice]) -> bool:
        """Sorts out what was announced, and fetches what is new.

        Whether to go on at once: not when the world let none of it be fetched, for whoever went on then would
        receive all that waits, and the source counts how often.
        """
        if self._stopping.is_set():
            it.source.postpone(notices, seconds=0)
            return True
        try:
            named = [notice.origin_id for notice in notices if notice.origin_id is not None]
            known = self.known(named) if named else {}
        except WorldError:
            it.source.postpone(notices, seconds=_POSTPONED_SECONDS)
            raise
        new = [notice for notice in notices if self._is_new(it, notice, known)]
        fetching = [self._fetchers[it.name].submit(self._fetch, it, notice) for notice in new]
        worked = [fetched.result() for fetched in fetching]
        return any(worked) or not worked

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

    def _fetch(self, it: Followed, notice: Notice) -> bool:
        """Whether the world let us."""
        try:
            blob = it.source.fetch(notice, spool=self.spool)
        except NotFetched as error:
            self._answers(it, Part.objects)
            self._not_fetched(it, notice, error)
            return True
        except WorldError as error:
            self._fails(it, Part.objects, error)
            self._give_back(it, notice)
            return False
        self._answers(it, Part.objects)
        try:
            known = self.known([blob.origin.id]) if notice.origin_id is None else {}
        except WorldError as error:
            blob.acknowledge()
            self._fails(it, Part.announcements, error)
            self._give_back(it, notice)
            return False
        if known.get(blob.origin.id) is False:
            blob.acknowledge()
            with self._changed:
                self._unnamed.pop(notice, None)
                self._decided([(it, notice)])
        else:
            self._have(it, notice, blob, whole=blob.origin.id not in known)
        return True

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
            if in_hand and self.clock() - held_at >= it.source.hold_seconds:
                held_at = self.clock()
                it.source.hold(in_hand)
            elif not in_hand:
                held_at = self.clock()
            if last:
                return

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
            news = self.conditions[it.name].answers(part, now=self.now())
        if news:
            self.told("source works again", source=it.name, part=part.value)

    def _fails(self, it: Followed, part: Part, error: WorldError) -> None:
        problem = error.problems[0]
        with self._changed:
            news = self.conditions[it.name].fails(part, problem.message, now=self.now())
        if news:
            self.told("source fails", source=it.name, part=part.value, code=problem.code, why=problem.message)

    def _thread(self, does: Callable[[Followed], None], it: Followed) -> threading.Thread:
        def watched(*arguments: Any) -> None:
            try:
                does(*arguments)
            except BaseException as error:
                self._broken.append(error)
                self.stop()

        return threading.Thread(target=watched, args=(it,), name=f"trailcam-{it.name}", daemon=True)
