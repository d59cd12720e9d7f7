"""Somebody looks around in an account, and is often refused."""

from collections.abc import Iterator

from trailcam.testing.breach import attacker
from trailcam.testing.call import refused
from trailcam.testing.calls import reads
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story

_CALLS = 90
_SECONDS = 11 * 60


def _tell(scene: Scene) -> Iterator[Act]:
    caller, chance = attacker(), scene.chance
    asked = (*reads.IDENTITIES, *reads.STORES, *reads.WATCH, *reads.MACHINES)
    for number in range(_CALLS):
        call = asked[number % len(asked)]
        allowed = call.service in ("s3", "cloudformation", "ec2") and chance.random() < 0.8
        seconds = 3 + number * (_SECONDS - 10) / _CALLS + chance.random()
        yield scene.act(
            seconds,
            caller,
            call if allowed else refused(call, caller.arn),
            region="us-west-2" if number % 7 == 3 else "us-east-1",
        )


STORY = Story(
    title="The stolen key looks around and is refused again and again",
    tells=(
        "From 02:21 to 02:32 the same key lists users, roles, buckets, secrets and machines of production:"
        " 90 calls in 11 minutes, most of them refused with AccessDenied."
    ),
    starts="02:21",
    minutes=11,
    tell=_tell,
)
