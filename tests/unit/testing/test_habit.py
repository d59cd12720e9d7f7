"""Habits: found where they lie, busy at their hours, with a sign-in before the work."""

import pkgutil

import pytest

from trailcam.model.timestamps import MINUTE, Micros
from trailcam.testing import habits
from trailcam.testing.call import Call, refused
from trailcam.testing.chance import Chance
from trailcam.testing.habit import Habit, Routine, known

NOON = Micros(1_772_452_800_000_000)


def named(name: str) -> Habit:
    (habit,) = [one for one in known() if one.name == name]
    return habit


def test_every_file_brings_habits_and_no_two_have_one_name() -> None:
    names = [habit.name for habit in known()]
    assert len(set(names)) == len(names)
    assert len(names) > len(list(pkgutil.iter_modules(habits.__path__)))


def test_people_work_by_day_and_rest_at_night_and_on_sundays() -> None:
    alice = named("alice")
    assert alice.busy(15, 0) > 20 * alice.busy(5, 0)
    assert alice.busy(15, 6) < 0.1 * alice.busy(15, 0)


def test_services_never_rest() -> None:
    trail = named("trail")
    assert len({trail.busy(hour, day) for hour in range(24) for day in range(7)}) == 1


def test_a_session_begins_with_a_sign_in_and_goes_on_without_one() -> None:
    routine = Routine(named("dave"), start=Micros(0), chance=Chance(1, "test"))
    first, second = routine.act(NOON), routine.act(Micros(NOON + MINUTE))
    assert [act.call.name for act in first[:3]] == ["Authenticate", "Federate", "AssumeRoleWithSAML"]
    assert [act.at for act in first] == sorted(act.at for act in first)
    assert len(second) == 1
    assert second[0].caller == first[-1].caller


def test_a_session_that_has_ended_is_begun_anew() -> None:
    routine = Routine(named("dave"), start=Micros(0), chance=Chance(1, "test"))
    keys = [
        routine.act(Micros(NOON + minutes * MINUTE))[-1].caller.identity["accessKeyId"]
        for minutes in (0, 1, 300)
    ]
    assert keys[0] == keys[1] != keys[2]


def test_what_begins_a_session_lies_not_before_the_period() -> None:
    acts = Routine(named("alice"), start=NOON, chance=Chance(1)).act(NOON)
    assert {act.at for act in acts} == {NOON}


@pytest.mark.parametrize(
    ("service", "code"),
    [("ec2", "Client.UnauthorizedOperation"), ("iam", "AccessDenied"), ("kms", "AccessDeniedException")],
)
def test_each_service_refuses_in_its_own_words(service: str, code: str) -> None:
    call = Call(service=service, name="Do", request={"a": 1}, response={"b": 2})
    denied = refused(call, "arn:aws:iam::111122223333:user/bob")
    assert denied.error is not None
    assert denied.error[0] == code
    assert f"not authorized to perform: {service}:Do" in denied.error[1]
    assert denied.response is None
