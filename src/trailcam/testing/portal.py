"""The way of a person into an account: over the access portal of IAM Identity Center into a role."""

import hashlib
from collections.abc import Sequence

from trailcam.model.timestamps import SECOND, Micros
from trailcam.testing.call import GLOBAL_REGION
from trailcam.testing.caller import CLI, FIREFOX, Caller, assumed_role, identity_center_user, saml_user
from trailcam.testing.calls import sign_in, sts
from trailcam.testing.chance import Chance
from trailcam.testing.record import Act


def sign_in_at_portal(
    person: str, role: str, account: str, *, at: Micros, chance: Chance, address: str, console: bool
) -> tuple[Caller, Sequence[Act]]:
    """A session that is open at a moment, and what was done within half a minute before to open it.

    `console` says whether the person goes on to the console, or takes the credentials into a terminal.
    """
    began = Micros(at - 9 * SECOND)
    suffix = hashlib.sha256(f"{account}/{role}".encode()).hexdigest()[:16]
    session = assumed_role(
        account,
        f"AWSReservedSSO_{role}_{suffix}",
        person,
        began=began,
        chance=chance,
        address=address,
        agent=FIREFOX if console else CLI,
        path="aws-reserved/sso.amazonaws.com/",
        console=console,
    )
    at_portal = identity_center_user(person, address=address, agent=FIREFOX, chance=chance)
    federated = saml_user(account, person, address=address, agent=FIREFOX)
    provider = str(federated.identity["identityProvider"])
    steps = [
        (30, at_portal, sign_in.portal("Authenticate", account=account, role=role)),
        (10, at_portal, sign_in.portal("Federate", account=account, role=role)),
        (9, federated, sts.assume_role_with_saml(session, at=began, provider=provider)),
    ]
    if console:
        steps.append((4, session, sign_in.console_login(mfa=False)))
    return session, [
        Act(Micros(at - before * SECOND), caller, call, GLOBAL_REGION) for before, caller, call in steps
    ]
