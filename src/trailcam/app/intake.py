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

_STEADY_SECONDS = 10.0
"""A source works again when it has not failed for so long: one that fails now and then is told of once."""

_LEAST_ATTEMPTS = 3
"""How often at least one object is fetched before it is given back for a fault of the world."""

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
    finishes: bool = False
    """What it has announced is worked on to the end after a stop too: it would not come again."""


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
    faults: Mapping["Part", tuple[str, float]] = field(default_factory=dict)
    """What does not work now, in words, and since when; never changed, but replaced."""
    failed_at: dict["Part", float] = field(default_factory=dict)
    """When it failed last, on the clock that never jumps."""
    worked_at: dict["Part", float] = field(default_factory=dict)
    in_vain: int = 0
    """How many objects are to be fetched again in a while."""


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
    _pollers: list[tuple[Followed, threading.Thread]] = field(default_factory=list)
    _broken: list[BaseException] = field(default_factory=list)
    _fetchers: dict[str, ThreadPoolExecutor] = field(default_factory=dict)
    """By source: one that does not answer takes no thread of another."""

    def __enter__(self) -> "Intake":
        for it in self.followed:
            self._fetchers[it.name] = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="trailcam-fetch")
            self.conditions[it.name] = Condition()
            self._ready |= {(it.name, whole): deque() for whole in (True, False)}
            self._settling[it.name] = []
            self._threads.append(self._thread(self._settle, it))
            self._pollers += [(it, self._thread(self._poll, it)) for _ in range(it.source.pollers)]
        for thread in [*self._threads, *[thread for _poller, thread in self._pollers]]:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is still in hand is given back at once, so that nobody has to wait for it."""
        self.stop()
        for _poller, thread in self._pollers:
            thread.join(timeout=self.wait_seconds + 5)
        for fetchers in self._fetchers.values():
            fetchers.shutdown(cancel_futures=True)
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=_PATIENCE_SECONDS)
        for it in self.followed:
            left = [held for held in self._held.values() if held.followed is it]
            unnamed = [notice for notice, name in self._unnamed.items() if name == it.name]
            self._let_go(it, left, unnamed)
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
        self._stopping.wait(min(seconds, 0.05))

    def next_group(self) -> WorkGroup | None:
        """Origins of one source that should go to a worker now: enough of them, or after long enough."""
        with self._changed:
            for (_, whole), waiting in self._ready.items():
                if waiting and self._is_wanted(waiting[0].followed) and self._is_due(waiting):
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
        for fetched in [self._fetchers[it.name].submit(self._fetch, it, notice) for notice in new]:
            with suppress(CancelledError):  # we end: what was not fetched is given back
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
            others_come = condition.worked_at.get(Part.objects, begun) > begun
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
            if notice.tries >= it.tries:
                with self._changed:
                    self._unnamed.pop(notice, None)
                    self._refuse(it, notice, error.reason, error.detail)
                return
            self.told("not fetched", source=it.name, what=notice.name, tries=notice.tries, why=error.detail)
            self._give_back(it, notice)
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
                self._settling[it.name].append(notice)
            return
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
        seconds = seconds if self._is_wanted(it) else 0
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
            for whole in (True, False):
                self._ready[it.name, whole].clear()
            for held in left:
                if held.blob is not None:
                    self._held.pop(held.blob.origin.id, None)
        self._let_go(it, left)

    def _let_go(self, it: Followed, left: Sequence[_Held], more: Sequence[Notice] = ()) -> None:
        notices = [*(notice for held in left for notice in held.notices), *more]
        if notices:
            it.source.postpone(notices, seconds=0)
        for held in left:
            if held.blob is not None:
                held.blob.acknowledge()

    # -- how it stands -----------------------------------------------------------------------------------

    def _answers(self, it: Followed, part: Part) -> None:
        condition = self.conditions[it.name]
        with self._changed:
            condition.asked_at = self.now()
            condition.worked_at[part] = self.clock()

    def _fails(self, it: Followed, part: Part, error: WorldError) -> None:
        condition = self.conditions[it.name]
        problem = error.problems[0]
        with self._changed:
            condition.failed_at[part] = self.clock()
            known = condition.faults.get(part)
            since = known[1] if known is not None else self.now()
            condition.faults = {**condition.faults, part: (problem.message, since)}
        if known is None:
            self.told("source fails", source=it.name, part=part.value, code=problem.code, why=problem.message)

    def _see_recovery(self, it: Followed) -> None:
        """Tells of what works again: it answers, or nothing is left that it does not give."""
        condition = self.conditions[it.name]
        with self._changed:
            over = [part for part in condition.faults if self._is_over(condition, part)]
            condition.faults = {part: said for part, said in condition.faults.items() if part not in over}
        for part in over:
            self.told("source works again", source=it.name, part=part.value)

    def _is_over(self, condition: Condition, part: Part) -> bool:
        failed_at = condition.failed_at[part]
        if part is Part.objects:
            works = not condition.in_vain
        else:
            works = condition.worked_at.get(part, failed_at) > failed_at
        return works and self.clock() - failed_at >= _STEADY_SECONDS

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
