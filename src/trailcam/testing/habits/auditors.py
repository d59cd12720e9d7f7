"""The auditor of the security account: it takes a role in each account and lists what there is, all day.

It is the benign twin of an attacker who looks around: many reading calls, some of them refused.
"""

from collections.abc import Sequence

from trailcam.model.timestamps import SECOND, Micros
from trailcam.testing.caller import BOTO, Caller, assumed_role, outside_account
from trailcam.testing.calls import reads, sts
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.habit import ALWAYS, Habit
from trailcam.testing.organisation import HOME_REGIONS, LOG_ARCHIVE, NAT_EAST, PRODUCTION, SECURITY, STAGING
from trailcam.testing.record import Act

_NAME = "inventory"


def habits() -> tuple[Habit, ...]:
    """One auditor for all accounts."""
    places = tuple(
        (weight, (account, region))
        for account, weight in ((PRODUCTION, 3.0), (STAGING, 2.0), (LOG_ARCHIVE, 1.0))
        for region in HOME_REGIONS
    )
    everything = (*reads.MACHINES, *reads.STORES, *reads.IDENTITIES, *reads.WATCH)
    return (
        Habit(
            name="auditor",
            weight=9,
            hours=ALWAYS,
            places=Deck(places),
            calls=Deck(tuple((1.0, call) for call in everything)),
            refusals=0.04,
            session_minutes=60,
            begin=_from_the_security_account,
        ),
    )


def _from_the_security_account(account: str, at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
    began = Micros(at - SECOND)
    auditor = assumed_role(
        SECURITY, "InventoryRole", _NAME, began=began, chance=chance, address=NAT_EAST, agent=BOTO
    )
    session = assumed_role(
        account, "AuditReadOnly", _NAME, began=began, chance=chance, address=NAT_EAST, agent=BOTO
    )
    call = sts.assume_role(session, at=began, shared_id=chance.uuid())  # both accounts are told of it
    return session, (
        Act(began, auditor, call, "us-east-1"),
        Act(began, outside_account(auditor, account), call, "us-east-1"),
    )
