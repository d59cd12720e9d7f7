"""GuardDuty sees the stolen key used from an address that is known for attacks."""

from collections.abc import Iterator

from trailcam.model.timestamps import MINUTE, Micros
from trailcam.testing.breach import attacker
from trailcam.testing.guardduty import Finding, access_key, api_call, finding
from trailcam.testing.organisation import ATTACKER, PRODUCTION
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Finding]:
    caller = attacker()
    known = scene.chance.hex(32)
    first = Micros(scene.starts - 76 * MINUTE)  # when the key was used first
    for seconds, count in ((20, 96), (860, 103)):
        yield finding(
            "UnauthorizedAccess:IAMUser/MaliciousIPCaller",
            id=known,
            at=scene.after(seconds),
            first=first,
            last=Micros(scene.starts - 22 * MINUTE),
            count=count,
            account=PRODUCTION,
            region="us-east-1",
            severity=5.0,
            title="An API was invoked from a known malicious IP address.",
            description=f"API AttachUserPolicy was invoked from a known malicious IP address {ATTACKER}.",
            resource=access_key(caller),
            action=api_call("iam", "AttachUserPolicy", address=ATTACKER),
            threat_list="Example list of attackers",
        )


STORY = Story(
    title="GuardDuty reports the stolen key",
    tells=(
        "At 03:30 GuardDuty reports that ci-deploy called APIs from the known malicious address 203.0.113.66,"
        " and at 03:44 it updates the finding."
    ),
    starts="03:30",
    minutes=15,
    tell=_tell,
)
