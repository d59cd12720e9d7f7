"""A user gives itself every permission."""

from collections.abc import Iterator

from trailcam.testing.breach import attacker
from trailcam.testing.calls import iam
from trailcam.testing.ci_user import CI_POLICY, CI_USER
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Act]:
    caller = attacker()
    steps = (
        (6, iam.read("GetPolicy", policyArn=CI_POLICY)),
        (38, iam.create_policy_version(CI_POLICY, version=7, at=scene.after(38))),
        (97, iam.attach_user_policy(CI_USER, iam.ADMINISTRATOR)),
        (163, iam.add_user_to_group(CI_USER, "Administrators")),
        (171, iam.read("ListGroupsForUser", userName=CI_USER)),
        (224, iam.create_access_key(CI_USER, at=scene.after(224), chance=scene.chance)),
    )
    for seconds, call in steps:
        yield scene.act(seconds, caller, call, region="us-east-1")


STORY = Story(
    title="The CI user becomes an administrator",
    tells=(
        "At 03:05 the key writes a new version of the policy ci-deploy that allows everything, attaches"
        " AdministratorAccess to its own user, joins the group Administrators, and by 03:09 makes a"
        " second key."
    ),
    starts="03:05",
    minutes=4,
    tell=_tell,
)
