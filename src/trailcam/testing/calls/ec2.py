"""EC2: machines that begin, stop and end."""

from collections.abc import Sequence
from typing import Any

from trailcam.model.timestamps import Micros
from trailcam.testing.call import Call, Place
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import Instance, instances
from trailcam.testing.spelling import items

_PENDING, _RUNNING, _SHUTTING_DOWN = (0, "pending"), (16, "running"), (32, "shutting-down")
_STOPPING = (64, "stopping")


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
    return _changed("TerminateInstances", chance, [one.id for one in ended], _SHUTTING_DOWN, {})


def stop_instances(chance: Chance, stopped: Sequence[Instance]) -> Call:
    """Machines are stopped, and can be started again."""
    return _changed("StopInstances", chance, [one.id for one in stopped], _STOPPING, {"force": False})


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


def _changed(
    name: str, chance: Chance, ids: Sequence[str], to: tuple[int, str], more: dict[str, Any]
) -> Call:
    changed = [
        {"instanceId": one, "currentState": _state(to), "previousState": _state(_RUNNING)} for one in ids
    ]
    return Call(
        service="ec2",
        name=name,
        reads=False,
        request={"instancesSet": items(*({"instanceId": one} for one in ids)), **more},
        response={"requestId": chance.uuid(), "instancesSet": items(*changed)},
    )


def _state(state: tuple[int, str]) -> dict[str, Any]:
    return {"code": state[0], "name": state[1]}
