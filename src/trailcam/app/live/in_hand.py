"""What is in hand of what sources announced, from the announcement until it is settled.

It holds no thread and talks to no source. Whatever is announced is given out in a group, refused or given
back, and nothing else becomes of it; two announcements of one origin are one thing in hand.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trailcam.contracts.source import Blob, Notice, Source, Unreadable
from trailcam.engines.messages import WorkGroup
from trailcam.model.deadletter import DeadLetter
from trailcam.model.text import storable

GROUP_ORIGINS = 500
"""The most origins of one group."""

_MOST_HELD = 4_000

_REFUSED_AT_ONCE = 20
"""Each is a decision of its own: groups must not wait for thousands of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A source with what is set for it."""

    name: str
    source: Source
    tries: int
    finishes: bool = False
    """What it has announced is worked on to the end after a stop too: it would not come again."""


Announced = tuple[Followed, Notice]
"""An announcement with the source that made it: two sources may announce the same origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What cannot be fetched, or was announced in no known form, as a dead letter."""

    source: str
    letter: DeadLetter
    announced: Sequence[Announced]


@dataclass(slots=True)
class _Held:
    """An origin in hand, with all announcements of it that came meanwhile."""

    followed: Followed
    announced: list[Announced]
    size_bytes: int
    taken_at: float
    """By the clock."""
    whole: bool = True
    """False: its events are kept already, and some rule has not seen them."""
    blob: Blob | None = None
    ready_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class InHand:
    """Any thread may call it. A group is given out when it has `group_bytes`, or after `group_seconds`; no
    more is taken up while `ahead_bytes` are in hand."""

    group_bytes: int
    group_seconds: float
    ahead_bytes: int
    clock: Callable[[], float] = time.monotonic
    is_ending: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    """Is notified when something comes or goes; its lock is ours."""
    _held: dict[str, _Held] = field(default_factory=dict)
    _ready: dict[tuple[str, bool], deque[_Held]] = field(default_factory=dict)
    """What is at hand, by source and whether it is new as a whole; who waits longest for a turn first."""
    _refused: list[Refused] = field(default_factory=list)
    _settling: dict[str, list[Notice]] = field(default_factory=dict)
    _unnamed: dict[Notice, tuple[Followed, float]] = field(default_factory=dict)
    """Announcements whose origin is not known yet, while they are fetched, and when each was taken."""

    @property
    def has_room(self) -> bool:
        """Whether more may be taken up."""
        with self._changed:
            ahead = sum(held.size_bytes for held in self._held.values())
            return ahead < self.ahead_bytes and len(self._held) < _MOST_HELD

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that will be given out; what is given out is in hand until it is done."""
        with self._changed:
            if self.is_ending:
                return not any(held.followed.finishes for held in self._held.values())
            return not self._held and not self._unnamed and not self._refused

    def is_wanted(self, it: Followed) -> bool:
        """Whether what comes of a source is still given out."""
        return it.finishes or not self.is_ending

    def end(self) -> None:
        """Only what would not come again is still given out from here on, and that at once."""
        with self._changed:
            self.is_ending = True
            self._changed.notify_all()

    def wait_for_change(self, seconds: float) -> None:
        """Waits until something comes or goes, at most so long."""
        with self._changed:
            self._changed.wait(seconds)

    def wait_for_ready(self, seconds: float) -> bool:
        """Whether something is to be given out or refused; if not, waits for a change, at most so long."""
        with self._changed:
            if self._refused or any(self._ready.values()):
                return True
            self._changed.wait(seconds)
            return False

    # -- what comes --------------------------------------------------------------------------------------

    def take(self, it: Followed, notice: Notice, known: Mapping[str, bool]) -> bool:
        """Takes an announcement in hand; whether it has to be fetched. All others are dealt with.

        `known` are those of the origins that were read before; true where some rule has not seen one yet.
        """
        with self._changed:
            if notice.origin_id is None:
                self._unnamed[notice] = (it, self.clock())
                return True
            held = self._held.get(notice.origin_id)
            if held is not None:
                held.announced.append((it, notice))
            elif isinstance(notice, Unreadable):
                self.refuse(it, notice, notice.reason, notice.detail, raw=notice.raw)
            elif known.get(notice.origin_id) is False:
                self._settle([(it, notice)])
            else:
                whole = notice.origin_id not in known
                self._held[notice.origin_id] = _Held(
                    it, [(it, notice)], notice.size_bytes, self.clock(), whole
                )
                return True
        return False

    def have(self, it: Followed, notice: Notice, blob: Blob, *, whole: bool) -> None:
        """What was announced is here."""
        with self._changed:
            if notice.origin_id is None:
                _, taken_at = self._unnamed.pop(notice, (it, self.clock()))
                held = self._held.get(blob.origin.id)
                if held is not None:  # its bytes tell that it is in hand already
                    held.announced.append((it, notice))
                    blob.acknowledge()
                    return
                held = _Held(it, [(it, notice)], blob.origin.size_bytes, taken_at, whole)
                self._held[blob.origin.id] = held
            else:
                assert blob.origin.id == notice.origin_id, (
                    f"{it.name} gave an origin another name than before"
                )
                held = self._held[notice.origin_id]
            held.blob, held.size_bytes, held.ready_at = blob, blob.origin.size_bytes, self.clock()
            self._ready.setdefault((it.name, held.whole), deque()).append(held)
            self._changed.notify_all()

    def refuse(self, it: Followed, notice: Notice, reason: str, detail: str, *, raw: bytes = b"") -> None:
        """It will never be here: it is to be kept as a dead letter, once however often it was announced."""
        letter = DeadLetter(
            origin_id=notice.origin_id or storable(notice.name),
            origin_name=storable(notice.name),
            position=0 if raw else -1,
            size_bytes=len(raw),
            reason=reason,
            detail=storable(detail),
            raw=raw,
        )
        with self._changed:
            self._unnamed.pop(notice, None)
            held = self._held.get(letter.origin_id)
            if held is None:
                held = self._held[letter.origin_id] = _Held(it, [(it, notice)], 0, self.clock())
            elif notice.origin_id is None:
                held.announced.append((it, notice))
                return
            self._refused.append(Refused(source=it.name, letter=letter, announced=held.announced))
            self._changed.notify_all()

    # -- what goes ---------------------------------------------------------------------------------------

    def next_group(self, *, at_once: bool) -> WorkGroup | None:
        """Origins of one source that should go to a worker now: enough of them, or after long enough.

        Sources take turns, so that none waits for another that always has something.
        """
        with self._changed:
            for key, waiting in self._ready.items():
                if (
                    waiting
                    and self.is_wanted(waiting[0].followed)
                    and (at_once or self.is_ending or self._is_due(waiting))
                ):
                    self._ready[key] = self._ready.pop(key)
                    return WorkGroup(tuple(self._cut(waiting)), key[1])
        return None

    def refused(self) -> list[Refused]:
        """Some of what has to be kept as dead letters, each of them once."""
        with self._changed:
            refused, self._refused = self._refused[:_REFUSED_AT_ONCE], self._refused[_REFUSED_AT_ONCE:]
            return refused

    def refuse_again(self, refused: Refused) -> None:
        """What was refused could not be kept: it comes again by `refused`."""
        with self._changed:
            self._refused.append(refused)

    def kept(self, refused: Refused) -> None:
        """What was refused is kept: it is to be settled."""
        with self._changed:
            self._held.pop(refused.letter.origin_id, None)
            self._settle(refused.announced)

    def done(self, blob: Blob) -> None:
        """An origin is decided: it is to be settled."""
        blob.acknowledge()
        with self._changed:
            held = self._held.pop(blob.origin.id, None)
            if held is not None:
                self._settle(held.announced)

    def known(self, it: Followed, notice: Notice) -> None:
        """What was announced is decided since long: it is to be settled."""
        with self._changed:
            self._unnamed.pop(notice, None)
            self._settle([(it, notice)])

    def let_go(self, it: Followed, notice: Notice) -> list[Announced]:
        """It is not to be worked on now; all announcements of it, for whoever gives them back."""
        with self._changed:
            self._unnamed.pop(notice, None)
            held = self._held.pop(notice.origin_id or "", None)
            self._changed.notify_all()
        return held.announced if held is not None else [(it, notice)]

    def let_ready_go(self, it: Followed) -> list[Announced]:
        """The same of all that is here and was not given out."""
        with self._changed:
            left = [held for whole in (True, False) for held in self._ready.pop((it.name, whole), ())]
            blobs = [held.blob for held in left if held.blob is not None]
            for blob in blobs:
                self._held.pop(blob.origin.id, None)
        for blob in blobs:
            blob.acknowledge()
        return [pair for held in left for pair in held.announced]

    def let_all_go(self) -> list[Announced]:
        """The same of everything, at the end."""
        with self._changed:
            left = [pair for held in self._held.values() for pair in held.announced]
            left += [(it, notice) for notice, (it, _) in self._unnamed.items()]
            blobs = [held.blob for held in self._held.values() if held.blob is not None]
        for blob in blobs:
            blob.acknowledge()
        return left

    def settling(self, it: Followed) -> list[Notice]:
        """What a source has to settle, each of it once."""
        with self._changed:
            return self._settling.pop(it.name, [])

    def notices(self, it: Followed) -> list[Notice]:
        """What is in hand of a source."""
        with self._changed:
            held = [n for held in self._held.values() for by, n in held.announced if by is it]
            return held + [notice for notice, (by, _) in self._unnamed.items() if by is it]

    def held_seconds(self) -> dict[str, float]:
        """By source, for how long we have had what we have longest of it; none of what nothing is in hand."""
        with self._changed:
            taken = [(by.name, held.taken_at) for held in self._held.values() for by, _ in held.announced]
            taken += [(by.name, taken_at) for by, taken_at in self._unnamed.values()]
        now, longest = self.clock(), dict[str, float]()
        for name, taken_at in taken:
            longest[name] = max(longest.get(name, 0.0), now - taken_at)
        return longest

    def _is_due(self, waiting: deque[_Held]) -> bool:
        if len(waiting) >= GROUP_ORIGINS or self.clock() - waiting[0].ready_at >= self.group_seconds:
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

    def _settle(self, announced: Iterable[Announced]) -> None:
        """Under the lock."""
        for it, notice in announced:
            self._settling.setdefault(it.name, []).append(notice)
        self._changed.notify_all()
