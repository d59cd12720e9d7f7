"""Keeps what comes of dead letters that were read again: a derived origin, in the place of the old ones."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from trailcam.app.keeper import MOST_STAGED, UNFINISHED, Keeper
from trailcam.commit.decide import AlreadyDecided
from trailcam.commit.group import Purpose, Treated
from trailcam.commit.naming import FilesGone
from trailcam.commit.standing import Standing
from trailcam.contracts.source import Blob
from trailcam.engines.local import GroupResult
from trailcam.engines.messages import WorkGroup


@dataclass(slots=True)
class Mender:
    """Decides groups of `KeptLetters`. An origin of which nothing has become an event is left as it was."""

    keeper: Keeper
    standing: Mapping[str, Standing]
    """What counted of each origin before."""
    done: Callable[[Blob], None]
    gone: Counter[str] = field(default_factory=Counter)
    """How often staged files did not stay, by the first origin of their group."""

    def keep(self, result: GroupResult) -> Sequence[WorkGroup]:
        """Decides a group; gives back what has to be worked on again.

        Raises:
            WorldError: the state cannot be written; TC0613 staged files do not stay, however often.
        """
        blobs = result.group.blobs
        treated = {blob.origin.id: self._treated(blob, result) for blob in blobs}
        changed = [blob for blob in blobs if treated[blob.origin.id] is not None]
        if len(changed) < len(blobs):  # the files of a group are kept whole: without those that stay dead
            return self._again(blobs, changed)
        entries = [each for each in treated.values() if each is not None]
        try:
            self.keeper.decide(self.keeper.group(result, entries))
        except AlreadyDecided as decided:  # somebody else reads them again too
            keys = [each.key(self.keeper.pack) for each in entries]
            left = [blob for blob, key in zip(blobs, keys, strict=True) if key not in decided.keys]
            return self._again(blobs, left)
        except FilesGone:
            first = blobs[0].origin.id
            self.gone[first] += 1
            if self.gone[first] >= MOST_STAGED:
                raise
            return [result.group]
        self.keeper.records += sum(each.records for each in entries)
        self.keeper.matches += sum(len(chunk.matches) for chunk in result.chunks)
        self._finish(blobs)
        return ()

    def _again(self, blobs: Sequence[Blob], left: Sequence[Blob]) -> Sequence[WorkGroup]:
        self._finish([blob for blob in blobs if blob not in left])
        return [WorkGroup(tuple(left))] if left else ()

    def _finish(self, blobs: Sequence[Blob]) -> None:
        self.keeper.ledger.note(self.keeper.run_id, [blob.origin.id for blob in blobs])
        for blob in blobs:
            self.done(blob)

    def _treated(self, blob: Blob, result: GroupResult) -> Treated | None:
        """The entry of an origin; None where nothing has changed, or it could not be read to its end."""
        origin_id = blob.origin.id
        events = sum(chunk.events.get(origin_id, 0) for chunk in result.chunks)
        letters: Counter[str] = Counter(
            letter.reason for letter in result.dead_letters if letter.origin_id == origin_id
        )
        for chunk in result.chunks:
            for (its, reason), count in chunk.letters.items():
                if its == origin_id:
                    letters[reason] += count
        last = self.standing[origin_id].letters
        if letters.keys() & UNFINISHED or not (events or letters.total() < last.dead_letters):
            return None
        return Treated(
            origin=blob.origin,
            purpose=Purpose.MENDED,
            events=events,
            dead_letters=letters.total(),
            part=str(last.decision_id),
        )
