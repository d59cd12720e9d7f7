"""A job ends one machine that is not needed any more, as it does every night."""

from collections.abc import Iterator

from trailcam.model.timestamps import SECOND, Micros
from trailcam.testing.caller import BOTO, assumed_role
from trailcam.testing.calls import ec2
from trailcam.testing.organisation import NAT_WEST, STAGING, instances
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Act]:
    chance = scene.chance
    caller = assumed_role(
        STAGING,
        "NightlyCleanupRole",
        "nightly-cleanup",
        began=Micros(scene.starts - SECOND),
        chance=chance,
        address=NAT_WEST,
        agent=BOTO,
        extra={
            "inScopeOf": {
                "issuerType": "AWS::Lambda::Function",
                "credentialsIssuedTo": f"arn:aws:lambda:us-west-2:{STAGING}:function:nightly-cleanup",
            }
        },
    )
    ended = chance.pick(instances(STAGING, "us-west-2"))
    yield scene.act(4, caller, ec2.terminate_instances(chance, [ended]), region="us-west-2")


STORY = Story(
    title="The nightly job ends one machine of staging",
    tells=(
        "At 08:00 the role NightlyCleanupRole terminates one ordinary machine of staging, as it does every"
        " night: a look-alike of the terminated machines of production."
    ),
    starts="08:00",
    minutes=1,
    malicious=False,
    tell=_tell,
)
