"""Writes the audit logs of a simulated AWS organisation, as they would lie in its bucket.

One seed gives the same records in the same files on every machine and with every version of Python; files are
packed by zlib, so two builds of it that pack differently differ in the packed bytes and in nothing else.
Memory holds the events of five minutes and what is late; the stories are in it as a whole.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.timestamps import MINUTE, SECOND, Micros, to_rfc3339
from trailcam.testing import habit, story
from trailcam.testing.chance import Chance
from trailcam.testing.delivery import SLOT, Delivery, Parcel, slot_of
from trailcam.testing.guardduty import Finding
from trailcam.testing.habit import Routine
from trailcam.testing.intel import greynoise
from trailcam.testing.place import clear
from trailcam.testing.record import Act, record, written
from trailcam.testing.simulation import Simulation, Told
from trailcam.testing.story import Scene, Story

UNTIL = Micros(1_772_496_000 * SECOND)
"""2026-03-03T00:00:00Z: a Monday has ended. Fixed, so that a seed means the same tomorrow."""
SEED = 1
EVENTS = 20_000
HOURS = 24

MOST_HOURS = 31 * 24
MOST_EVENTS = 10_000_000

_EARLIEST = Micros(1_384_300_800 * SECOND)
"""2013-11-13T00:00:00Z: CloudTrail begins."""
_LATEST = Micros(7_258_118_400 * SECOND)
"""2200-01-01T00:00:00Z: whatever is delivered later still has a time that can be written down."""
_HOUR = 60 * MINUTE
_DAY = 24 * _HOUR


def simulate(
    folder: Path,
    *,
    seed: int = SEED,
    until: Micros = UNTIL,
    events: int = EVENTS,
    hours: int = HOURS,
    stories: Sequence[str] | None = None,
    force: bool = False,
) -> Simulation:
    """Writes logs of the `hours` before `until` into a folder, which is made if it is not there.

    `events` is about how many everyday events there are; the stories come on top, all of them when None.
    They are told on the latest day on which most of them lie in the period.
    `force` replaces an earlier simulation.

    Raises:
        TrailcamError: TC0104 a number is out of range, TC0105 there is no such story, TC0901 the folder holds
            other things, TC0902 it holds a simulation and `force` is not given.
        OSError: the folder cannot be written.
    """
    _check(events=events, hours=hours, until=until)
    chosen = story.chosen(None if stories is None else tuple(stories))
    clear(folder, force=force)
    start = Micros(until - hours * _HOUR)
    midnight = story.day_of(chosen, start=start, until=until)
    told = [_Telling(one, midnight, seed) for one in chosen if story.fits(one, midnight, start, until)]
    acts = sorted((act for one in told for act in one.acts), key=lambda pair: pair[0].at)
    delivery = Delivery(folder, until=until, chance=Chance(seed, "delivery"))
    everyday = _everyday(seed, events, start=start, until=until)
    words = Chance(seed, "records")
    of_stories = Chance(seed, "records of stories")
    by_id = {one.story.id: one for one in told}
    at = 0
    for slot, drawn in everyday:
        for act in drawn:
            delivery.send(act.place, act.at, Parcel(written(record(act, words)), None))
        while at < len(acts) and slot_of(acts[at][0].at) <= slot:
            act, name = acts[at]
            made = record(act, of_stories)
            by_id[name].event_ids.append(made["eventID"])
            delivery.send(act.place, act.at, Parcel(written(made), name))
            at += 1
        delivery.close(slot)
    delivery.export((one, telling.story.id) for telling in told for one in telling.findings)
    made_of = Simulation(
        folder=folder,
        seed=seed,
        start=start,
        until=until,
        files=delivery.files,
        events=delivery.events,
        copies=delivery.copies,
        findings=sum(len(one.findings) for one in told),
        size_bytes=delivery.size_bytes,
        stories=tuple(one.told(sorted(delivery.paths[one.story.id])) for one in told),
        left_out=tuple(one.id for one in chosen if one.id not in by_id),
    )
    _write_beside(made_of)
    return made_of


class _Telling:
    """A story while it is told."""

    def __init__(self, one: Story, midnight: Micros, seed: int) -> None:
        self.story = one
        self.starts = Micros(midnight + one.start_minute * MINUTE)
        self.acts: list[tuple[Act, str]] = []
        self.findings: list[Finding] = []
        self.event_ids: list[str] = []
        scene = Scene(starts=self.starts, chance=Chance(seed, "story", one.id))
        for happening in one.tell(scene):
            if isinstance(happening, Finding):
                self.findings.append(happening)
            else:
                self.acts.append((happening, one.id))

    def told(self, paths: Sequence[Path]) -> Told:
        """What became of it."""
        return Told(
            id=self.story.id,
            title=self.story.title,
            tells=self.story.tells,
            malicious=self.story.malicious,
            starts=self.starts,
            ends=Micros(self.starts + self.story.minutes * MINUTE),
            event_ids=tuple(self.event_ids),
            finding_ids=tuple(dict.fromkeys(one.body["id"] for one in self.findings)),
            paths=tuple(paths),
        )


def _everyday(seed: int, events: int, *, start: Micros, until: Micros) -> Iterator[tuple[int, list[Act]]]:
    """The everyday events of each slot, about as many in all as were asked for."""
    known = habit.known()
    routines = [Routine(one, start=start, chance=Chance(seed, "habit", one.name)) for one in known]
    jitter = Chance(seed, "jitter")
    slots = range(slot_of(start), slot_of(Micros(until - 1)) + 1)
    pieces = [(slot, max(slot * SLOT, start), min((slot + 1) * SLOT, until)) for slot in slots]
    busy = sum(one.busy(*_hour_of(begins)) * (ends - begins) for _, begins, ends in pieces for one in known)
    owed = [0.0] * len(routines)
    for slot, begins, ends in pieces:
        drawn: list[Act] = []
        for number, routine in enumerate(routines):
            share = routine.habit.busy(*_hour_of(begins)) * (ends - begins) * events / busy
            owed[number] += share * (0.5 + jitter.random())
            count = max(int(owed[number]), 0)
            moments = sorted(begins + int(routine.chance.random() * (ends - begins)) for _ in range(count))
            for moment in moments:
                if owed[number] < 1:  # what began a session has taken its part
                    break
                acts = routine.act(Micros(moment))
                owed[number] -= len(acts)
                drawn += acts
        yield slot, drawn


def _hour_of(at: int) -> tuple[int, int]:
    """Hour of the day and day of the week, Monday is 0."""
    return at % _DAY // _HOUR, (at // _DAY + 3) % 7  # 1970 began on a Thursday


def _write_beside(made: Simulation) -> None:
    seen = to_rfc3339(made.until)[:10]
    rows = "".join(json.dumps(row) + "\n" for row in greynoise(seen))
    for name, text in (("intel/greynoise.jsonl", rows), ("stories.json", _pretty(made.to_json()))):
        path = made.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _check(*, events: int, hours: int, until: Micros) -> None:
    wrong = []
    if not 0 <= events <= MOST_EVENTS:
        wrong.append(f"the number of events must be from 0 to {MOST_EVENTS:,}; found {events:,}")
    if not 1 <= hours <= MOST_HOURS:
        wrong.append(f"the number of hours must be from 1 to {MOST_HOURS}; found {hours:,}")
    if not _EARLIEST <= until <= _LATEST:
        period = f"{to_rfc3339(_EARLIEST)} to {to_rfc3339(_LATEST)}"
        wrong.append(f"the end must be from {period}; found {to_rfc3339(until)}")
    if wrong:
        raise TrailcamError(Problem(code=code("bad_option"), message=message) for message in wrong)
