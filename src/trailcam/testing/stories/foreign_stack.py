"""A stack is built in a region where the organisation does not work."""

from collections.abc import Iterator

from trailcam.testing.breach import attacker
from trailcam.testing.caller import Caller
from trailcam.testing.calls import cloudformation, ec2, reads
from trailcam.testing.organisation import DESTINATION_BUCKET, FOREIGN_REGION, PRODUCTION
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story

_MACHINES = 8


def _tell(scene: Scene) -> Iterator[Act]:
    caller, chance = attacker(), scene.chance
    template = f"https://{DESTINATION_BUCKET.host}/agent.yml"
    stack = cloudformation.create_stack(
        chance, account=PRODUCTION, region=FOREIGN_REGION, name="metrics-agent", template=template
    )
    yield scene.act(8, caller, reads.DESCRIBE_INSTANCES, region=FOREIGN_REGION)
    yield scene.act(46, caller, stack, region=FOREIGN_REGION)
    name = "cloudformation.amazonaws.com"
    builder = Caller(
        account=PRODUCTION,
        identity=caller.identity | {"invokedBy": name},
        address=name,
        agent=name,
        service=True,
    )
    for number in range(_MACHINES):
        seconds = 58 + 7 * number
        call = ec2.run_instances(
            chance,
            account=PRODUCTION,
            region=FOREIGN_REGION,
            at=scene.after(seconds),
            kind="g5.12xlarge",
        )
        yield scene.act(seconds, builder, call, region=FOREIGN_REGION)
    yield scene.act(150, caller, reads.DESCRIBE_INSTANCES, region=FOREIGN_REGION)


STORY = Story(
    title="A stack of large machines begins in a foreign region",
    tells=(
        "At 05:30 the key creates the stack metrics-agent in ap-southeast-2, where the organisation has never"
        " worked; by 05:33 it has started eight machines of type g5.12xlarge."
    ),
    starts="05:30",
    minutes=3,
    tell=_tell,
)
