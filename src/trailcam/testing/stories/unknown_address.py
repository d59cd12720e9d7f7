"""A person of the house works from an address that nobody has seen before."""

from collections.abc import Iterator

from trailcam.testing.calls import reads
from trailcam.testing.organisation import PRODUCTION, STRANGER
from trailcam.testing.portal import sign_in_at_portal
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Act]:
    alice, opening = sign_in_at_portal(
        "alice",
        "Operations",
        PRODUCTION,
        at=scene.after(40),
        chance=scene.chance,
        address=STRANGER,
        console=True,
    )
    yield from opening
    for number, call in enumerate(reads.MACHINES):
        yield scene.act(45 + 9 * number + scene.chance.random(), alice, call, region="us-east-1")


STORY = Story(
    title="alice works from an address that is new",
    tells=(
        "At 13:05 alice signs in from 203.0.113.131, of which GreyNoise knows nothing, and looks at the"
        " machines of production: she is on the road."
    ),
    starts="13:05",
    minutes=3,
    malicious=False,
    tell=_tell,
)
