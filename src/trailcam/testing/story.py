"""Stories: what happens on one day, at fixed hours, across the everyday events."""

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module

from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.model.timestamps import MINUTE, SECOND, Micros
from trailcam.testing import stories
from trailcam.testing.call import Call
from trailcam.testing.caller import Caller
from trailcam.testing.chance import Chance
from trailcam.testing.guardduty import Finding
from trailcam.testing.record import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens, in words and in events."""

    id: str = ""
    """The name of its file; `known` sets it."""
    title: str
    tells: str
    """What happened and when, in UTC, in a sentence or two."""
    starts: str
    """The minute of the day at which it begins, `HH:MM` in UTC."""
    minutes: int
    """It has ended so many minutes later."""
    malicious: bool = True
    """It is a part of the breach; else it looks like one and is none."""
    tell: Callable[["Scene"], Iterator[Act | Finding]]

    @property
    def start_minute(self) -> int:
        """Minutes from midnight to its beginning."""
        hours, _, minutes = self.starts.partition(":")
        return int(hours) * 60 + int(minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """When and with what chance a story is told."""

    starts: Micros
    chance: Chance

    def after(self, seconds: float) -> Micros:
        """The moment so many seconds after the story's beginning."""
        return Micros(self.starts + int(seconds * SECOND))

    def act(self, seconds: float, caller: Caller, call: Call, *, region: str) -> Act:
        """A call, so many seconds after the story's beginning."""
        return Act(self.after(seconds), caller, call, region)


def known() -> tuple[Story, ...]:
    """All stories that lie in `stories/`, in the order of their hours."""
    names = [module.name for module in pkgutil.iter_modules(stories.__path__)]
    found = [_named(name, import_module(f"{stories.__name__}.{name}").STORY) for name in names]
    return tuple(sorted(found, key=lambda story: (story.start_minute, story.id)))


def chosen(ids: tuple[str, ...] | None) -> tuple[Story, ...]:
    """The stories with these ids, in the order of their hours; all of them when None.

    Raises:
        TrailcamError: TC0105 there is none of an id.
    """
    by_id = {story.id: story for story in known()}
    unknown = [one for one in ids or () if one not in by_id]
    if unknown:
        raise TrailcamError(
            Problem(
                code=code("unknown_component"),
                message=f'there is no story "{one}"; known: {", ".join(by_id)}',
                hint=nearest(one, by_id) or "leave --stories out for all of them, or say none",
            )
            for one in unknown
        )
    return tuple(story for story in by_id.values() if ids is None or story.id in ids)


def day_of(told: tuple[Story, ...], *, start: Micros, until: Micros) -> Micros:
    """The midnight of the day on which most of the stories fit into a period, the latest such day."""
    day = 1_440 * MINUTE
    midnights = range(start // day * day, until, day)
    return Micros(
        max(
            midnights, key=lambda midnight: (sum(fits(one, midnight, start, until) for one in told), midnight)
        )
    )


def fits(story: Story, midnight: int, start: Micros, until: Micros) -> bool:
    """Whether a story lies in a period as a whole, when it is told on the day of this midnight."""
    begins = midnight + story.start_minute * MINUTE
    return start <= begins and begins + story.minutes * MINUTE <= until


def _named(name: str, story: Story) -> Story:
    return replace(story, id=name)
