"""A key that was stolen is tried from elsewhere."""

from collections.abc import Iterator

from trailcam.testing.breach import attacker
from trailcam.testing.call import refused
from trailcam.testing.calls import iam, reads
from trailcam.testing.ci_user import CI_USER
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Act]:
    caller = attacker()
    steps = (
        (4, reads.GET_CALLER_IDENTITY),
        (11, iam.read("GetUser", userName=CI_USER)),
        (19, iam.read("ListAttachedUserPolicies", userName=CI_USER)),
        (27, refused(iam.read("ListAccountAliases"), caller.arn)),
        (41, reads.GET_CALLER_IDENTITY),
    )
    for seconds, call in steps:
        yield scene.act(seconds, caller, call, region="us-east-1")


STORY = Story(
    title="The key of the CI user is used from elsewhere",
    tells=(
        "At 02:14 the access key of ci-deploy, which deploys to production from four machines only, is used"
        " from 203.0.113.66. Whoever holds it asks whose key it is and what it may do."
    ),
    starts="02:14",
    minutes=2,
    tell=_tell,
)
