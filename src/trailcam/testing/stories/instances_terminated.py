"""Machines of production are ended, the crucial ones among them."""

from collections.abc import Iterator

from trailcam.testing.breach import attacker
from trailcam.testing.calls import ec2, reads
from trailcam.testing.organisation import INSTANCES, PRODUCTION, instances
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Act]:
    caller, chance = attacker(), scene.chance
    crucial = [one for one in INSTANCES if one.crucial]
    web = [one for one in instances(PRODUCTION, "us-east-1") if not one.crucial]
    yield scene.act(3, caller, reads.DESCRIBE_INSTANCES, region="us-east-1")
    yield scene.act(52, caller, ec2.terminate_instances(chance, web[:3]), region="us-east-1")
    yield scene.act(74, caller, ec2.terminate_instances(chance, [*crucial, *web[3:5]]), region="us-east-1")
    yield scene.act(90, caller, ec2.terminate_instances(chance, web[5:]), region="us-east-1")


STORY = Story(
    title="Machines of production are terminated",
    tells=(
        "At 06:45 the key terminates ten machines of production with three calls within a minute, among them"
        " ledger-database and order-gateway, on which everything else rests."
    ),
    starts="06:45",
    minutes=2,
    tell=_tell,
)
