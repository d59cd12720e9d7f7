"""People: they sign in at the portal, take a role in an account, and work in the console or in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailcam.model.timestamps import Micros
from trailcam.testing.call import Builder, Call
from trailcam.testing.caller import Caller
from trailcam.testing.calls import applications, cloudformation, ec2, reads, s3
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.habit import OFFICE_EAST, OFFICE_WEST, Begin, Habit, Hours
from trailcam.testing.organisation import LOG_ARCHIVE, NEW_YORK, PRODUCTION, SEATTLE, SECURITY, STAGING
from trailcam.testing.portal import sign_in_at_portal
from trailcam.testing.record import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    name: str
    role: str
    hours: Hours
    address: str
    elsewhere: str
    """Where they work from one time in eight."""
    console: float
    """The share of their sessions that is in the console."""
    places: tuple[tuple[float, tuple[str, str]], ...]
    calls: tuple[tuple[float, Call | Builder], ...]
    refusals: float


def _evenly(weight: float, calls: Sequence[Call]) -> tuple[tuple[float, Call], ...]:
    return tuple((weight / len(calls), call) for call in calls)


_PEOPLE = (
    _Person(
        name="alice",
        role="Operations",
        hours=OFFICE_EAST,
        address=NEW_YORK,
        elsewhere="203.0.113.9",
        console=0.5,
        places=((6, (PRODUCTION, "us-east-1")), (3, (PRODUCTION, "us-west-2")), (1, (STAGING, "us-east-1"))),
        calls=(
            *_evenly(6, reads.MACHINES),
            *_evenly(2, reads.WATCH),
            (3, ec2.describe_one),
            (1, ec2.create_tags),
        ),
        refusals=0.01,
    ),
    _Person(
        name="bob",
        role="Developer",
        hours=OFFICE_EAST,
        address=NEW_YORK,
        elsewhere="203.0.113.17",
        console=0.2,
        places=((6, (STAGING, "us-east-1")), (2, (STAGING, "us-west-2")), (1, (PRODUCTION, "us-east-1"))),
        calls=(
            *_evenly(3, reads.WATCH),
            (3, cloudformation.describe_stack),
            (2, applications.update_function),
            (2, applications.get_parameter),
            (1, cloudformation.update_some_stack),
            (1, reads.GET_CALLER_IDENTITY),
        ),
        refusals=0.05,
    ),
    _Person(
        name="carol",
        role="SecurityAudit",
        hours=OFFICE_WEST,
        address=SEATTLE,
        elsewhere="2001:db8:51:7::c4",
        console=0.6,
        places=(
            (5, (SECURITY, "us-east-1")),
            (2, (PRODUCTION, "us-east-1")),
            (2, (LOG_ARCHIVE, "us-east-1")),
            (1, (STAGING, "us-west-2")),
        ),
        calls=(*_evenly(5, reads.WATCH), *_evenly(4, reads.IDENTITIES), *_evenly(1, reads.STORES)),
        refusals=0.01,
    ),
    _Person(
        name="dave",
        role="DataAnalyst",
        hours=OFFICE_WEST,
        address=SEATTLE,
        elsewhere="203.0.113.44",
        console=0.1,
        places=((1, (PRODUCTION, "us-west-2")),),
        calls=((8, s3.read_report), (1, s3.write_report), *_evenly(2, reads.STORES)),
        refusals=0.03,
    ),
    _Person(
        name="erin",
        role="Platform",
        hours=OFFICE_EAST,
        address="198.51.100.31",
        elsewhere="2001:db8:51:9::e1",
        console=0.3,
        places=(
            (3, (PRODUCTION, "us-east-1")),
            (2, (PRODUCTION, "us-west-2")),
            (3, (STAGING, "us-east-1")),
            (1, (SECURITY, "us-east-1")),
        ),
        calls=(
            *_evenly(4, reads.IDENTITIES),
            *_evenly(3, reads.WATCH),
            (2, cloudformation.describe_stack),
            (1, cloudformation.create_some_stack),
            (1, cloudformation.update_some_stack),
        ),
        refusals=0.02,
    ),
)


def habits() -> tuple[Habit, ...]:
    """A habit for each person."""
    return tuple(
        Habit(
            name=person.name,
            weight=2.2,
            hours=person.hours,
            weekend=0.08,
            places=Deck(person.places),
            calls=Deck(person.calls),
            refusals=person.refusals,
            session_minutes=240,
            begin=_beginning(person),
        )
        for person in _PEOPLE
    )


def _beginning(person: _Person) -> Begin:
    return lambda account, at, chance: _sign_in(person, account, at, chance)


def _sign_in(person: _Person, account: str, at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
    return sign_in_at_portal(
        person.name,
        person.role,
        account,
        at=at,
        chance=chance,
        address=person.address if chance.random() < 0.875 else person.elsewhere,
        console=chance.random() < person.console,
    )
