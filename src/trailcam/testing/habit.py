"""Habits: who calls what, at which hours, from where, and how often in vain."""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from trailcam.model.timestamps import MINUTE, Micros
from trailcam.testing import habits
from trailcam.testing.call import Builder, Call, Place, refused
from trailcam.testing.caller import Caller
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.record import Act

Hours: TypeAlias = tuple[float, ...]
"""How busy each hour of a day is, in UTC; only the proportions count."""

ALWAYS: Hours = (1.0,) * 24
OFFICE_EAST: Hours = (*(0.02,) * 13, 0.5, 1.0, 1.0, 0.9, 0.6, 0.8, 1.0, 1.0, 0.8, 0.4, 0.1)
"""Nine to five in New York, with a break at noon."""
OFFICE_WEST: Hours = (0.8, 0.4, 0.1, *(0.02,) * 13, 0.5, 1.0, 1.0, 0.9, 0.6, 0.8, 1.0, 1.0)
"""The same in Seattle."""
CUSTOMERS: Hours = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 0.3, 0.3, 0.4, 0.5, 0.7, *(1.0,) * 10, 0.9, 0.9)
"""When customers use what runs in the cloud."""

SATURDAY = 5

Begin: TypeAlias = Callable[[str, Micros, Chance], tuple[Caller, Sequence[Act]]]
"""Begins a session in an account: the caller, and what was done to get there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What one kind of caller does day by day."""

    name: str
    weight: float
    """Its share of a day's events, beside those of all others."""
    hours: Hours
    weekend: float = 1.0
    """How much of it is left on Saturdays and Sundays."""
    places: Deck[tuple[str, str]]
    """(account, region)."""
    calls: Deck[Call | Builder]
    refusals: float = 0.0
    """The share of its calls that is refused."""
    session_minutes: int
    begin: Begin

    def busy(self, hour: int, weekday: int) -> float:
        """How much of it is going on in an hour, compared to other hours and habits."""
        day = self.weight * self.hours[hour] / sum(self.hours)
        return day * self.weekend if weekday >= SATURDAY else day


class Routine:
    """A habit as it goes on: it holds the sessions that are open."""

    def __init__(self, habit: Habit, *, start: Micros, chance: Chance) -> None:
        self.habit = habit
        self.chance = chance
        self._start = start
        self._sessions: dict[str, tuple[Caller, int]] = {}

    def act(self, at: Micros) -> list[Act]:
        """The next call, after what begins a session where none is open; never before the start.

        Calls come in the order of their times.
        """
        habit, chance = self.habit, self.chance
        account, region = habit.places.pick(chance)
        caller, ends = self._sessions.get(account, (None, 0))
        acts: list[Act] = []
        if caller is None or at >= ends:
            caller, opening = habit.begin(account, at, chance)
            acts += [act._replace(at=max(act.at, self._start)) for act in opening]
            ends = at + chance.between(habit.session_minutes // 2, habit.session_minutes) * MINUTE
            self._sessions[account] = caller, ends
        card = habit.calls.pick(chance)
        call = card if isinstance(card, Call) else card(Place(account, region, at), chance)
        if habit.refusals and chance.random() < habit.refusals:
            call = refused(call, caller.arn)
        acts.append(Act(at, caller, call, region))
        return acts


def known() -> tuple[Habit, ...]:
    """All habits that lie in `habits/`, in the order of their files."""
    found: list[Habit] = []
    for name in sorted(module.name for module in pkgutil.iter_modules(habits.__path__)):
        found += import_module(f"{habits.__name__}.{name}").habits()
    return tuple(found)
