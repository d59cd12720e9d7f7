"""Keeps what workers have staged: decides it group by group, and says what has to be worked on again."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ulid import ULID

from trailcam.app.home import Home
from trailcam.commit.decide import AlreadyDecided, decide
from trailcam.commit.group import Group, Purpose, Treated, Unseen
from trailcam.commit.ledger import Ledger
from trailcam.commit.naming import FilesGone
from trailcam.commit.stage import Stager
from trailcam.contracts.source import Blob
from trailcam.engines.local import GroupResult
from trailcam.engines.messages import WorkGroup
from trailcam.errors import cannot_write, code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.place import Place, Seen, add
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import BEGINNING, Micros
from trailcam.sources import files

UNFINISHED = frozenset(
    code(name)
    for name in (
        "origin_unreadable",
        "origin_changed",
        "too_large_unpacked",
        "record_exhausts_memory",
        "worker_lost",
    )
)
"""Reasons of dead letters behind which there may be more: their origin is read again when it comes again."""

MOST_STAGED = 3
"""How often a group is staged whose files do not stay."""


@dataclass(slots=True)
class Keeper:
    """Decides what workers have staged, group by group."""

    home: Home
    run_id: str
    pack: str
    rules: Mapping[str, str]
    ledger: Ledger
    stager: Stager
    now: Callable[[], float]
    done: Callable[[Blob], None] = lambda blob: blob.acknowledge()
    """Called for each blob whose origin is decided."""
    followed_since: Micros | None = None
    """Since when sources are followed; None where nobody follows, and what comes tells nothing of habits."""
    records: int = 0
    matches: int = 0
    bytes_done: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    """How often the staged files of a group did not stay, by its first origin."""

    def keep(self, result: GroupResult) -> Sequence[WorkGroup]:
        """Decides a group and lets go of its blobs; gives back what has to be worked on again.

        Raises:
            WorldError: the state cannot be written; TC0613 staged files do not stay, however often.
        """
        events: Counter[str] = Counter()
        letters: Counter[tuple[str, str]] = Counter()
        for chunk in result.chunks:
            events.update(chunk.events)
            letters.update(chunk.letters)
        letters.update((letter.origin_id, letter.reason) for letter in result.dead_letters)
        whole = result.group.whole
        staged: list[StagedFile] = []
        if whole:
            staged += self._stage_letters(result.dead_letters, result.parse_time)
        treated = [
            _treated(blob.origin, events, letters, whole=whole, run_id=self.run_id)
            for blob in result.group.blobs
        ]
        missed = Counter[Unseen]() if whole else self._missed(treated, letters)
        group = self.group(result, treated, files=staged, missed=missed)
        try:
            self.decide(group)
        except AlreadyDecided as decided:
            return self._rest(result.group, treated, decided.keys)
        except FilesGone:
            first = result.group.blobs[0].origin.id
            self.gone[first] += 1
            if self.gone[first] >= MOST_STAGED:
                raise
            return [result.group]
        self.records += sum(each.records for each in treated)
        self.matches += len(group.matches)
        self.bytes_done += sum(blob.origin.size_bytes for blob in result.group.blobs)
        for blob in result.group.blobs:
            self.done(blob)
        return ()

    def group(
        self,
        result: GroupResult,
        treated: Sequence[Treated],
        *,
        files: Sequence[StagedFile] = (),
        missed: Mapping[Unseen, int] = MappingProxyType({}),
    ) -> Group:
        """What came of a group, to be decided; `files` and `missed` beside those of its chunks."""
        not_run = Counter(
            Unseen(pair.rule_id, pair.origin_id, pair.reason)
            for chunk in result.chunks
            for pair in chunk.not_run
        )
        return Group(
            run_id=self.run_id,
            pack=self.pack,
            rules=self.rules,
            treated=treated,
            files=[*(file for chunk in result.chunks for file in chunk.files), *files],
            matches=[match for chunk in result.chunks for match in chunk.matches],
            errors=[error for chunk in result.chunks for error in chunk.errors],
            not_run=not_run | Counter(missed),
            candidates=[candidate for chunk in result.chunks for candidate in chunk.candidates],
            places=_places(result) if self.followed_since is not None else {},
            followed_since=self.followed_since or BEGINNING,
        )

    def decide(self, group: Group) -> None:
        """Decides it now; see `trailcam.commit.decide`."""
        now = Micros(int(self.now() * 1_000_000))
        decide(self.home.database, group, warehouse=self.home.iceberg.warehouse, now=now)

    def _missed(self, treated: Sequence[Treated], letters: Counter[tuple[str, str]]) -> Counter[Unseen]:
        """What rules have missed of known origins that could not be read again to their end: all of it."""
        broken = {each.origin.id for each in treated if each.purpose is Purpose.PART}
        standing = self.ledger.look_up(sorted(broken))
        events = self.ledger.events(sorted(broken))
        missed: Counter[Unseen] = Counter()
        for origin_id, reason in letters:
            if origin_id in broken and reason in UNFINISHED:
                for rule_id in standing[origin_id]:
                    missed[Unseen(rule_id, origin_id, reason)] = events[origin_id]
        return missed

    def refuse(self, letters: Sequence[DeadLetter], *, source: str = files.SOURCE) -> None:
        """Keeps what is told of origins that cannot be read at all; each of them once."""
        parse_time = Micros(int(self.now() * 1_000_000))
        for letter in letters:
            origin = Origin(
                id=letter.origin_id,
                name=letter.origin_name,
                source_id=source,
                source_label=source,
                size_bytes=0,
                fallback_time=Micros(0),
            )
            treated = Treated(
                origin=origin, purpose=Purpose.PART, events=0, dead_letters=1, part=letter.reason
            )
            group = Group(
                run_id=self.run_id,
                pack="",
                rules={},
                treated=[treated],
                files=self._stage_letters([letter], parse_time),
                matches=(),
                errors=(),
                not_run={},
            )
            self._decide_again(group, treated)
            self.records += 1

    def _decide_again(self, group: Group, treated: Treated) -> None:
        """Decides what is told of an origin, even if the same was told before and was answered."""
        try:
            self.decide(group)
        except AlreadyDecided:
            answered = self.ledger.last_answer(treated.origin.id)
            if answered is None:
                self.ledger.note(self.run_id, [treated.origin.id])
            else:
                anew = replace(treated, part=f"{treated.part} {answered}")
                self._decide_again(replace(group, treated=[anew]), anew)

    def _rest(
        self, group: WorkGroup, treated: Sequence[Treated], known: frozenset[str]
    ) -> Sequence[WorkGroup]:
        """A group without the origins that somebody else has decided meanwhile; those of them again that some
        rule of this run has not seen."""
        left: list[Blob] = []
        decided: list[Blob] = []
        for blob, each in zip(group.blobs, treated, strict=True):
            (decided if each.key(self.pack) in known else left).append(blob)
        standing = self.ledger.look_up([blob.origin.id for blob in decided]) if group.whole else {}
        again = [blob for blob in decided if standing.get(blob.origin.id)]
        done = [blob for blob in decided if blob not in again]
        self.ledger.note(self.run_id, [blob.origin.id for blob in done])
        for blob in done:
            self.done(blob)
            self.bytes_done += blob.origin.size_bytes
        rest = (WorkGroup(tuple(left), group.whole), WorkGroup(tuple(again), whole=False))
        return [group for group in rest if group.blobs]

    def _stage_letters(self, letters: Sequence[DeadLetter], parse_time: Micros) -> list[StagedFile]:
        try:
            return list(self.stager.letters(letters, str(ULID()), parse_time=parse_time))
        except OSError as error:
            raise cannot_write(error, "a file of the lake", path=self.home.path) from None


def _places(result: GroupResult) -> dict[Place, Seen]:
    found: dict[Place, Seen] = {}
    for chunk in result.chunks:
        for place, seen in chunk.places.items():
            add(found, place, seen)
    return found


def _treated(
    origin: Origin, events: Counter[str], letters: Counter[tuple[str, str]], *, whole: bool, run_id: str
) -> Treated:
    reasons = {reason: count for (origin_id, reason), count in letters.items() if origin_id == origin.id}
    purpose, part = (Purpose.WHOLE, "") if whole else (Purpose.RULES, run_id)
    if reasons.keys() & UNFINISHED:
        # Who comes as far again and is stopped by the same has nothing new to tell.
        outcome = [f"{reason}:{count}" for reason, count in sorted(reasons.items())]
        purpose, part = Purpose.PART, " ".join([str(events[origin.id]), *outcome, "" if whole else "rules"])
    return Treated(
        origin=origin,
        purpose=purpose,
        events=events[origin.id] if whole else 0,
        dead_letters=sum(reasons.values()) if whole else 0,
        part=part.rstrip(),
    )
