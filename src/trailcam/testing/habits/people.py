"""People: they sign in at the portal, take a role in an account, and work in the console or in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailcam.model.timestamps import SECOND, Micros
from trailcam.testing.call import GLOBAL_REGION, Builder, Call
from trailcam.testing.caller import (
    CLI,
    FIREFOX,
    Caller,
    assumed_role,
    identity_center_user,
    saml_user,
    unique_id,
)
from trailcam.testing.calls import applications, cloudformation, ec2, reads, s3, sign_in, sts
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.habit import OFFICE_EAST, OFFICE_WEST, Begin, Habit, Hours
from trailcam.testing.organisation import (
    LOG_ARCHIVE,
    PRODUCTION,
    SECURITY,
    STAGING,
    STRANGER,
)
from trailcam.testing.organisation import (
    OFFICE_EAST as EAST,
)
from trailcam.testing.organisation import (
    OFFICE_WEST as WEST,
)
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
        address=EAST,
        elsewhere=STRANGER,
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
        address=EAST,
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
        address=WEST,
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
        address=WEST,
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
    console = chance.random() < person.console
    address = person.address if chance.random() < 0.875 else person.elsewhere
    began = Micros(at - 9 * SECOND)
    set_id = unique_id("", account, person.role)[:10].lower()
    session = assumed_role(
        account,
        f"AWSReservedSSO_{person.role}_{set_id}",
        person.name,
        began=began,
        chance=chance,
        address=address,
        agent=FIREFOX if console else CLI,
        path="aws-reserved/sso.amazonaws.com/",
        console=console,
    )
    at_portal = identity_center_user(person.name, address=address, agent=FIREFOX, chance=chance)
    federated = saml_user(account, person.name, address=address, agent=FIREFOX)
    provider = str(federated.identity["identityProvider"])
    steps = [
        Act(
            Micros(at - 30 * SECOND),
            at_portal,
            sign_in.portal("Authenticate", account=account, role=person.role),
            GLOBAL_REGION,
        ),
        Act(
            Micros(at - 10 * SECOND),
            at_portal,
            sign_in.portal("Federate", account=account, role=person.role),
            GLOBAL_REGION,
        ),
        Act(began, federated, sts.assume_role_with_saml(session, at=began, provider=provider), GLOBAL_REGION),
    ]
    if console:
        steps.append(Act(Micros(at - 4 * SECOND), session, sign_in.console_login(mfa=False), GLOBAL_REGION))
    return session, steps
