"""How records come to a bucket: a file every five minutes, some late, some twice, none in order.

Source: the CloudTrail user guide, "CloudTrail log file examples" on names and times of delivery, and what
real buckets hold.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from trailcam.model.timestamps import EPOCH, MINUTE, Micros
from trailcam.testing.chance import Chance
from trailcam.testing.guardduty import Finding

SLOT = 5 * MINUTE

_LATE = 0.12
"""The share of records that miss the file of their time: most by one file, a few by many."""
_TWICE = 0.03
"""The share of records that are delivered again, in a later file."""
_HELD_BACK = 0.015
"""The share of files that come late as a whole."""
_MOST_SLOTS_LATE = 14

_LEVEL = 3
"""Half the time of zlib's own choice, for files that are a tenth larger."""
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name, no time, no system: the same on every machine."""


class Parcel(NamedTuple):
    """A record on its way, and the story it belongs to."""

    raw: bytes
    story: str | None
    copy: bool = False
    """It was delivered before."""


class Delivery:
    """Writes the files of a period, one five minutes after another, and holds what is late until then."""

    def __init__(self, folder: Path, *, until: Micros, chance: Chance) -> None:
        self._folder = folder
        self._chance = chance
        self._open = 0
        self._last = slot_of(Micros(until - 1))
        self._until = until
        self._waiting: dict[int, dict[tuple[str, str], list[Parcel]]] = defaultdict(lambda: defaultdict(list))
        self._held_back: dict[int, list[tuple[str, str, list[Parcel]]]] = defaultdict(list)
        self._made: set[Path] = set()
        self.files = 0
        self.size_bytes = 0
        self.events = 0
        self.copies = 0
        self.paths: dict[str, set[Path]] = defaultdict(set)
        """Where the records of each story lie."""

    def send(self, place: tuple[str, str], at: Micros, parcel: Parcel) -> None:
        """Takes one record for the trail of an account and region."""
        arrives = min(max(slot_of(at), self._open) + self._delay(), self._last)
        self._waiting[arrives][place].append(parcel)
        self.events += 1
        if self._chance.random() < _TWICE and arrives < self._last:
            again = min(arrives + self._chance.between(1, 6), self._last)
            self._waiting[again][place].append(parcel._replace(copy=True))
            self.copies += 1

    def close(self, slot: int) -> None:
        """Writes the files of one slot; what is sent for it later goes into the next."""
        self._open = slot + 1
        for place, parcels in sorted(self._waiting.pop(slot, {}).items()):
            self._chance.shuffle(parcels)
            if all(parcel.copy for parcel in parcels):  # such a file could have the bytes of another
                self._put_off(slot, place, parcels)
            elif self._chance.random() < _HELD_BACK and slot < self._last:
                comes = min(slot + self._chance.between(3, _MOST_SLOTS_LATE), self._last)
                self._held_back[comes].append((*place, parcels))
            else:
                self._write(slot, *place, parcels)
        for account, region, parcels in self._held_back.pop(slot, ()):
            self._write(slot, account, region, parcels)

    def export(self, findings: Iterable[tuple[Finding, str]]) -> None:
        """Writes findings of GuardDuty with their stories, a file each."""
        for finding, story in findings:
            raw = json.dumps(finding.body, separators=(",", ":")).encode() + b"\n"
            moment = EPOCH + timedelta(microseconds=finding.at)
            folder = f"AWSLogs/{finding.account}/GuardDuty/{finding.region}/{moment:%Y/%m/%d}"
            self.paths[story].add(self._pack(folder, f"{self._chance.uuid()}.jsonl.gz", raw))

    def _delay(self) -> int:
        drawn = self._chance.random()
        if drawn >= _LATE:
            return 0
        return 1 if drawn < _LATE * 0.8 else self._chance.between(2, _MOST_SLOTS_LATE)

    def _put_off(self, slot: int, place: tuple[str, str], copies: list[Parcel]) -> None:
        """Copies wait until there is something new to travel with; in the end they stay at home."""
        if slot < self._last:
            self._waiting[slot + 1][place] += copies
        else:
            self.copies -= len(copies)

    def _write(self, slot: int, account: str, region: str, parcels: list[Parcel]) -> None:
        moment = EPOCH + timedelta(microseconds=min((slot + 1) * SLOT, self._until))
        unique = self._chance.letters(16)
        name = f"{account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
        folder = f"AWSLogs/{account}/CloudTrail/{region}/{moment:%Y/%m/%d}"
        raw = b'{"Records":[' + b",".join([parcel.raw for parcel in parcels]) + b"]}"
        path = self._pack(folder, name, raw)
        for parcel in parcels:
            if parcel.story is not None:
                self.paths[parcel.story].add(path)

    def _pack(self, folder: str, name: str, raw: bytes) -> Path:
        parent = self._folder / folder
        if parent not in self._made:
            parent.mkdir(parents=True, exist_ok=True)
            self._made.add(parent)
        packed = gzipped(raw)
        with (parent / name).open("xb") as file:
            file.write(packed)
        self.files += 1
        self.size_bytes += len(packed)
        return parent / name


def slot_of(at: Micros) -> int:
    """The number of the five minutes that a moment lies in."""
    return at // SLOT


def gzipped(raw: bytes) -> bytes:
    """The bytes as a gzip file that holds neither time nor system."""
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = squeeze.compress(raw) + squeeze.flush()
    tail = zlib.crc32(raw).to_bytes(4, "little") + (len(raw) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join((_GZIP_HEAD, body, tail))
