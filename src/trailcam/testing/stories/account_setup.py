"""The owner of an account gives an administrator's permission, as the set-up of an account asks for."""

from collections.abc import Iterator

from trailcam.testing.caller import root, unique_id
from trailcam.testing.calls import iam, sign_in
from trailcam.testing.organisation import NEW_YORK, STAGING
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story

_USER = "break-glass"


def _tell(scene: Scene) -> Iterator[Act]:
    owner = root(STAGING, began=scene.starts, address=NEW_YORK, chance=scene.chance)
    user_id = unique_id("AIDA", STAGING, _USER)
    role, role_id = "SetupAdministrator", unique_id("AROA", STAGING, "SetupAdministrator")
    steps = (
        (5, sign_in.console_login(mfa=True)),
        (65, iam.create_user(STAGING, _USER, user_id=user_id, at=scene.after(65))),
        (81, iam.attach_user_policy(_USER, iam.ADMINISTRATOR)),
        (140, iam.create_role(STAGING, role, role_id=role_id, at=scene.after(140))),
        (152, iam.attach_role_policy(role, iam.ADMINISTRATOR)),
    )
    for seconds, call in steps:
        yield scene.act(seconds, owner, call, region="us-east-1")


STORY = Story(
    title="The owner of staging sets up its administrators",
    tells=(
        "At 15:10 the root user of staging, with a second factor and from the office, attaches"
        " AdministratorAccess to a user and a role it has made: a look-alike of the CI user's escalation."
    ),
    starts="15:10",
    minutes=3,
    malicious=False,
    tell=_tell,
)
