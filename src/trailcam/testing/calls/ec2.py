"""EC2: machines that begin and end."""

from collections.abc import Sequence
from typing import Any

from trailcam.model.timestamps import Micros
from trailcam.testing.call import Call, Place
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import Instance, instances
from trailcam.testing.spelling import items

_PENDING, _RUNNING, _SHUTTING_DOWN = (0, "pending"), (16, "running"), (32, "shutting-down")


def run_instances(
    chance: Chance, *, account: str, region: str, at: Micros, kind: str = "t3.medium", count: int = 1
) -> Call:
    """Machines are started from an image."""
    image, subnet = f"ami-0{chance.hex(16)}", f"subnet-0{chance.hex(16)}"
    request = {
        "instancesSet": items({"imageId": image, "minCount": count, "maxCount": count}),
        "instanceType": kind,
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "subnetId": subnet,
        "disableApiTermination": False,
        "clientToken": chance.uuid(),
    }
    started = [
        {
            "instanceId": f"i-0{chance.hex(16)}",
            "imageId": image,
            "instanceState": _state(_PENDING),
            "amiLaunchIndex": number,
            "instanceType": kind,
            "launchTime": at // 1_000,
            "placement": {"availabilityZone": f"{region}a", "tenancy": "default"},
            "monitoring": {"state": "disabled"},
            "subnetId": subnet,
            "architecture": "x86_64",
        }
        for number in range(count)
    ]
    response = {
        "requestId": chance.uuid(),
        "reservationId": f"r-0{chance.hex(16)}",
        "ownerId": account,
        "groupSet": {},
        "instancesSet": items(*started),
    }
    return Call(service="ec2", name="RunInstances", reads=False, request=request, response=response)


def terminate_instances(chance: Chance, ended: Sequence[Instance]) -> Call:
    """Machines are ended for good."""
    changed = [
        {
            "instanceId": one.id,
            "currentState": _state(_SHUTTING_DOWN),
            "previousState": _state(_RUNNING),
        }
        for one in ended
    ]
    return Call(
        service="ec2",
        name="TerminateInstances",
        reads=False,
        request={"instancesSet": items(*({"instanceId": one.id} for one in ended))},
        response={"requestId": chance.uuid(), "instancesSet": items(*changed)},
    )


def describe_one(place: Place, chance: Chance) -> Call:
    """One machine is looked at."""
    machine = chance.pick(instances(place.account, place.region))
    request = {"instancesSet": items({"instanceId": machine.id}), "filterSet": {}}
    return Call(service="ec2", name="DescribeInstances", request=request)


def create_tags(place: Place, chance: Chance) -> Call:
    """A machine gets a tag."""
    machine = chance.pick(instances(place.account, place.region))
    request = {
        "resourcesSet": items({"resourceId": machine.id}),
        "tagSet": items({"key": "patch-window", "value": f"sunday-{chance.below(24):02}"}),
    }
    response = {"requestId": chance.uuid(), "_return": True}
    return Call(service="ec2", name="CreateTags", reads=False, request=request, response=response)


def create_network_interface(place: Place, chance: Chance) -> Call:
    """A function or a task gets its connection to the network."""
    subnet, group = f"subnet-0{chance.hex(16)}", f"sg-0{chance.hex(16)}"
    interface: dict[str, Any] = {
        "networkInterfaceId": f"eni-0{chance.hex(16)}",
        "subnetId": subnet,
        "availabilityZone": f"{place.region}{chance.pick('abc')}",
        "ownerId": place.account,
        "requesterManaged": False,
        "status": "pending",
        "interfaceType": "interface",
    }
    request = {"subnetId": subnet, "groupSet": items({"groupId": group}), "clientToken": chance.uuid()}
    response = {"requestId": chance.uuid(), "networkInterface": interface}
    return Call(service="ec2", name="CreateNetworkInterface", reads=False, request=request, response=response)


def _state(state: tuple[int, str]) -> dict[str, Any]:
    return {"code": state[0], "name": state[1]}
