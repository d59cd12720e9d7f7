"""GuardDuty sees a port tried by a scanner that means no harm."""

from collections.abc import Iterator

from trailcam.model.timestamps import MINUTE, Micros
from trailcam.testing.guardduty import Finding, finding, machine, port_probe
from trailcam.testing.organisation import PRODUCTION, SCANNER, instances
from trailcam.testing.story import Scene, Story


def _tell(scene: Scene) -> Iterator[Finding]:
    chance = scene.chance
    tried = next(one for one in instances(PRODUCTION, "us-east-1") if not one.crucial)
    seen = Micros(scene.starts - 9 * MINUTE)
    yield finding(
        "Recon:EC2/PortProbeEMRUnprotectedPort",
        id=chance.hex(32),
        at=scene.after(12),
        first=seen,
        last=seen,
        count=1,
        account=PRODUCTION,
        region="us-east-1",
        severity=8.0,
        title=f"Unprotected EMR-related port on EC2 instance {tried.id} is being probed.",
        description=f"EC2 instance {tried.id} has an open EMR-related port which is being probed.",
        resource=machine(tried, public="198.51.100.180", private="192.0.2.180", chance=chance),
        action=port_probe(8088, "Unknown", address=SCANNER, local="192.0.2.180"),
        threat_list="Example list of scanners",
    )


STORY = Story(
    title="GuardDuty reports a scanner that means no harm",
    tells=(
        "At 11:20 GuardDuty reports that 203.0.113.200 tried a port of web-1; GreyNoise knows the address as"
        " a benign survey of the internet."
    ),
    starts="11:20",
    minutes=1,
    malicious=False,
    tell=_tell,
)
