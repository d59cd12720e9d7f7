"""The dead letters of one origin as something to read: from the lake into the spool, and from there again."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trailcam.errors import cannot_write, code
from trailcam.model.deadletter import DeadLetter, Stretch
from trailcam.model.origin import Origin

_CUT = frozenset(code(name) for name in ("record_too_large", "json_broken", "json_truncated"))
"""Reasons of dead letters that may end inside of something: what adjoins them may be the rest of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetters:
    """A blob: dead letters that stand of an origin, by position, in a file of the spool.

    `origin` is that of the dead letters, so that what is read of them has the identity it would have had.
    """

    origin: Origin
    path: Path
    most_bytes: int
    """Up to where dead letters that adjoin are put together."""

    def acknowledge(self) -> None:
        """Removes its file."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """See `trailcam.contracts.source.Blob`."""
        yield (letter.raw for letter, _ in self._letters() if letter.raw)

    def stretches(self) -> Iterator[Stretch]:
        """The dead letters in order of position; those that adjoin and may belong together as one."""
        held: list[DeadLetter] = []
        is_again = False
        for letter, again in self._letters():
            if held and not self._belong_together(held, letter):
                yield Stretch(letters=tuple(held), again=is_again)
                held, is_again = [], False
            held.append(letter)
            is_again |= again
        if held:
            yield Stretch(letters=tuple(held), again=is_again)

    def _belong_together(self, held: list[DeadLetter], letter: DeadLetter) -> bool:
        last = held[-1]
        size = letter.position + len(letter.raw) - held[0].position
        adjoins = bool(last.raw) and last.position + len(last.raw) == letter.position
        return adjoins and last.reason in _CUT and size <= self.most_bytes

    def _letters(self) -> Iterator[tuple[DeadLetter, bool]]:
        with self.path.open("rb") as file:
            while line := file.readline():
                head = json.loads(line)
                again, length = head.pop("again"), head.pop("length")
                raw = file.read(length)
                yield (
                    DeadLetter(origin_id=self.origin.id, origin_name=self.origin.name, raw=raw, **head),
                    again,
                )


def keep_letters(
    origin: Origin,
    letters: Iterable[tuple[DeadLetter, bool]],
    *,
    spool: Path,
    most_bytes: int,
) -> KeptLetters:
    """Writes dead letters of an origin, in order of position, each with whether it is to be read again.

    Raises:
        WorldError: the spool cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
            for letter, again in letters:
                head = {
                    "position": letter.position,
                    "size_bytes": letter.size_bytes,
                    "reason": letter.reason,
                    "detail": letter.detail,
                    "length": len(letter.raw),
                    "again": again,
                }
                file.write(json.dumps(head).encode() + b"\n" + letter.raw)
    except OSError as error:
        raise cannot_write(error, "a copy of dead letters to read them from", path=spool) from None
    return KeptLetters(origin=origin, path=Path(file.name), most_bytes=most_bytes)
