"""Pipelines: the CI user with its key that lasts, and builds that take a role with a token."""

from collections.abc import Sequence

from trailcam.model.timestamps import SECOND, Micros
from trailcam.testing.call import Builder, Call
from trailcam.testing.caller import TERRAFORM, Caller, assumed_role, web_identity
from trailcam.testing.calls import applications, cloudformation, reads, s3, sts
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.ci_user import ci_user
from trailcam.testing.habit import OFFICE_EAST, Habit
from trailcam.testing.organisation import PRODUCTION, RUNNERS, STAGING
from trailcam.testing.record import Act

_PROVIDER = "token.builds.example.com"


def habits() -> tuple[Habit, ...]:
    """The CI user in production, and builds in staging."""
    work: tuple[tuple[float, Call | Builder], ...] = (
        (4, cloudformation.describe_stack),
        (2, s3.write_artifact),
        (2, applications.update_function),
        (1, cloudformation.update_some_stack),
        (1, cloudformation.create_some_stack),
        (1, reads.GET_CALLER_IDENTITY),
    )
    return (
        Habit(
            name="ci-deploy",
            weight=4,
            hours=OFFICE_EAST,
            weekend=0.1,
            places=Deck(((3, (PRODUCTION, "us-east-1")), (1, (PRODUCTION, "us-west-2")))),
            calls=Deck(work),
            refusals=0.005,
            session_minutes=20,
            begin=_on_a_runner,
        ),
        Habit(
            name="builds",
            weight=6,
            hours=OFFICE_EAST,
            weekend=0.1,
            places=Deck(((3, (STAGING, "us-east-1")), (2, (STAGING, "us-west-2")))),
            calls=Deck((*work, (4, applications.pull_image))),
            refusals=0.02,
            session_minutes=30,
            begin=_with_a_token,
        ),
    )


def _on_a_runner(_account: str, _at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
    return ci_user(address=chance.pick(RUNNERS), agent=TERRAFORM), ()


def _with_a_token(account: str, at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
    address = chance.pick(RUNNERS)
    subject = f"project:{chance.pick(('shop', 'orders', 'support'))}:branch:main"
    began = Micros(at - 2 * SECOND)
    session = assumed_role(
        account,
        "BuildRole",
        f"build-{chance.between(1_000, 9_999)}",
        began=began,
        chance=chance,
        address=address,
        agent=TERRAFORM,
        context={
            "webIdFederationData": {
                "federatedProvider": f"arn:aws:iam::{account}:oidc-provider/{_PROVIDER}",
                "attributes": {},
            }
        },
    )
    caller = web_identity(account, _PROVIDER, subject, address=address, agent=TERRAFORM)
    call = sts.assume_role_with_web_identity(session, at=began, provider=_PROVIDER, subject=subject)
    return session, (Act(began, caller, call, "us-east-1"),)
