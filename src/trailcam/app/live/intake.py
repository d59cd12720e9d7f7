"""Receives what sources announce and brings it here; holds it at its source while it is in hand, and settles
it there when it is decided.

Threads receive, fetch, hold and settle; everything else is called by one thread, that of whoever gives out
the groups. What is in hand when we die is announced again by its source.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trailcam.app.live.conditions import Condition, Part
from trailcam.app.live.in_hand import Announced, Followed, InHand
from trailcam.contracts.source import Exhausted, NotFetched, Notice
from trailcam.engines.messages import WorkGroup
from trailcam.errors import WorldError

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


@dataclass(slots=True, kw_only=True)
class Intake:
    """What is followed, and in `hand` what is in hand of it.

    `told` is called with words and values of what a person may want to know of: (event, values).
    """

    followed: Sequence[Followed]
    hand: InHand
    spool: Path
    known: Known
    told: Callable[..., None]
    wait_seconds: float
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    conditions: dict[str, Condition] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Of the conditions."""
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
        self._postpone(self.hand.let_all_go(), seconds=0)
        for it in self.followed:
            it.source.close()

    def stop(self) -> None:
        """Nothing new is received from here on, and what was not given out yet goes back to its source at
        once; only what would not come again is still given out."""
        self._stopping.set()
        self.hand.end()

    @property
    def is_drained(self) -> bool:
        """Whether nothing more has to be given out, and nothing more will come."""
        ending = self._stopping.is_set()
        if any(thread.is_alive() and (it.finishes or not ending) for it, thread in self._pollers):
            return False
        return self.hand.is_empty

    def wait(self, seconds: float) -> None:
        """Waits until something may be ready, at most so long.

        Raises:
            BaseException: what has ended one of our threads: a defect, which must not go unseen.
        """
        if self._broken:
            raise self._broken[0]
        if self.hand.wait_for_ready(seconds):
            self._closing.wait(min(seconds, _LOOKED_EVERY_SECONDS))

    def next_group(self) -> WorkGroup | None:
        """What should go to a worker now."""
        return self.hand.next_group(at_once=not any(thread.is_alive() for _, thread in self._pollers))

    # -- receiving ---------------------------------------------------------------------------------------

    def _poll(self, it: Followed) -> None:
        failures = 0
        while not self._stopping.is_set():
            if not self.hand.has_room:
                self.hand.wait_for_change(1.0)
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
            try:
                self._take(it, it.source.receive(wait_seconds=0))
            except WorldError as error:
                self._fails(it, Part.announcements, error)

    def _take(self, it: Followed, notices: Sequence[Notice]) -> None:
        """Sorts out what was announced, and fetches what is new."""
        if not self.hand.is_wanted(it):
            it.source.postpone(notices, seconds=0)
            return
        try:
            named = [notice.origin_id for notice in notices if notice.origin_id is not None]
            known = self.known(named) if named else {}
        except WorldError:
            it.source.postpone(notices, seconds=_POSTPONED_SECONDS)
            raise
        new = [notice for notice in notices if self.hand.take(it, notice, known)]
        begun = self.clock()
        fetching = [self._start_fetching(it, notice, begun=begun) for notice in new]
        wait([fetched for fetched in fetching if fetched is not None], timeout=_PATIENCE_SECONDS)
        self._wait_while_in_vain(self.conditions[it.name], begun=begun)

    def _wait_while_in_vain(self, condition: Condition, *, begun: float) -> None:
        """While nothing can be fetched, more is asked for now and then only: it may be what can be."""
        while condition.in_vain and not condition.has_worked(Part.objects, since=begun):
            if self.clock() - begun >= _PATIENCE_SECONDS or self._stopping.wait(_LOOKED_EVERY_SECONDS):
                return

    def _start_fetching(
        self, it: Followed, notice: Notice, *, begun: float, failures: int = 0
    ) -> "Future[None] | None":
        """None: we end, and it is given back with all that is in hand."""
        with suppress(RuntimeError):
            return self._fetchers[it.name].submit(
                self._watched, partial(self._fetch, it, notice, begun=begun, failures=failures)
            )
        return None

    def _fetch(self, it: Followed, notice: Notice, *, begun: float, failures: int) -> None:
        """Has it here, refused, or given back, or will try again behind all others that wait to be fetched.

        While nothing at all can be fetched, what is in hand stays there and is tried again and again: a queue
        that is asked for more and more counts how often, and puts aside what it was asked for too often.
        """
        condition = self.conditions[it.name]
        try:
            self._fetch_once(it, notice)
        except WorldError as error:
            self._fails(it, Part.objects, error)
            if not failures:
                self._try_in_vain(condition, 1)
            failures += 1
            others_come = condition.has_worked(Part.objects, since=begun)
            if self.hand.is_wanted(it) and not (others_come and failures >= _LEAST_ATTEMPTS):
                self._stopping.wait(_pause_after(failures - 1))
                self._start_fetching(it, notice, begun=begun, failures=failures)
                return
            self._give_back(it, notice)
        if failures:
            self._try_in_vain(condition, -1)

    def _try_in_vain(self, condition: Condition, more: int) -> None:
        with self._lock:
            condition.in_vain += more

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
            self.hand.known(it, notice)
            return
        self.hand.have(it, notice, blob, whole=blob.origin.id not in known)

    def _not_fetched(self, it: Followed, notice: Notice, error: NotFetched) -> None:
        if notice.tries >= it.tries:
            self.hand.refuse(it, notice, error.reason, error.detail)
            return
        self.told("not fetched", source=it.name, what=notice.name, tries=notice.tries, why=error.detail)
        self._give_back(it, notice)

    def _give_back(self, it: Followed, notice: Notice) -> None:
        seconds = min(_LONGEST_POSTPONED_SECONDS, _POSTPONED_SECONDS * 2 ** min(notice.tries - 1, 10))
        self._postpone(self.hand.let_go(it, notice), seconds=seconds if self.hand.is_wanted(it) else 0)

    # -- holding and settling ----------------------------------------------------------------------------

    def _settle(self, it: Followed) -> None:
        held_at = self.clock()
        while True:
            last = self._closing.wait(_SETTLED_EVERY_SECONDS)
            if settling := self.hand.settling(it):
                it.source.settle(settling)
            if not self.hand.is_wanted(it):  # what is here goes back: somebody else may take it up now
                self._postpone(self.hand.let_ready_go(it), seconds=0)
            in_hand = self.hand.notices(it)
            if in_hand and self.clock() - held_at >= it.source.hold_seconds:
                held_at = self.clock()
                it.source.hold(in_hand)
            elif not in_hand:
                held_at = self.clock()
            self._see_recovery(it)
            if last:
                return

    def _postpone(self, announced: Sequence[Announced], *, seconds: float) -> None:
        for it in self.followed:
            if notices := [notice for by, notice in announced if by is it]:
                it.source.postpone(notices, seconds=seconds)

    # -- how it stands -----------------------------------------------------------------------------------

    def _answers(self, it: Followed, part: Part) -> None:
        with self._lock:
            self.conditions[it.name].answers(part, now=self.now(), clock=self.clock())

    def _fails(self, it: Followed, part: Part, error: WorldError) -> None:
        problem = error.problems[0]
        with self._lock:
            condition = self.conditions[it.name]
            news = condition.fails(part, problem.message, now=self.now(), clock=self.clock())
        if news:
            self.told("source fails", source=it.name, part=part.value, code=problem.code, why=problem.message)

    def _see_recovery(self, it: Followed) -> None:
        with self._lock:
            over = self.conditions[it.name].recovered(clock=self.clock())
        for part in over:
            self.told("source works again", source=it.name, part=part.value)

    def _thread(self, does: Callable[[Followed], None], it: Followed) -> threading.Thread:
        return threading.Thread(
            target=self._watched, args=(partial(does, it),), name=f"trailcam-{it.name}", daemon=True
        )

    def _watched(self, does: Callable[[], None]) -> None:
        """A defect in a thread ends us: it must not go unseen."""
        try:
            does()
        except BaseException as error:
            self._broken.append(error)
            self.stop()


def _pause_after(failures: int) -> float:
    return _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]
