"""GuardDuty's findings, as it exports them to a bucket: one JSON object a line, in lower camel case.

Source: the GuardDuty user guide, "Exporting findings" and "Finding types", and the shapes of public sample
findings.
"""

import json
from typing import Any, NamedTuple

from trailcam.model.timestamps import SECOND, Micros, to_rfc3339
from trailcam.testing.caller import Caller
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import Instance

DETECTOR = "EXAMPLE0detector0of0security0000"


class Finding(NamedTuple):
    """One finding as it stands at one moment; a later one of the same id replaces it."""

    at: Micros
    """When GuardDuty wrote it."""
    account: str
    region: str
    body: dict[str, Any]


def finding(
    kind: str,
    *,
    id: str,  # it is what GuardDuty calls it
    at: Micros,
    first: Micros,
    last: Micros,
    count: int,
    account: str,
    region: str,
    severity: float,
    title: str,
    description: str,
    resource: dict[str, Any],
    action: dict[str, Any],
    threat_list: str,
) -> Finding:
    """A finding of a kind, about a resource and what was done to it.

    `first` and `last` are the times of the events it is made of; `threat_list` knows the address.
    """
    lists = [{"threatListName": threat_list, "threatNames": []}]
    body = {
        "schemaVersion": "2.0",
        "accountId": account,
        "region": region,
        "partition": "aws",
        "id": id,
        "arn": f"arn:aws:guardduty:{region}:{account}:detector/{DETECTOR}/finding/{id}",
        "type": kind,
        "resource": resource,
        "service": {
            "serviceName": "guardduty",
            "detectorId": DETECTOR,
            "action": action,
            "resourceRole": "TARGET",
            "additionalInfo": {
                "threatListName": threat_list,
                "value": json.dumps({"threatListName": threat_list}, separators=(",", ":")),
                "type": "default",
            },
            "evidence": {"threatIntelligenceDetails": lists},
            "eventFirstSeen": _milliseconds(first),
            "eventLastSeen": _milliseconds(last),
            "archived": False,
            "count": count,
        },
        "severity": severity,
        "createdAt": _milliseconds(first + 240 * SECOND),
        "updatedAt": _milliseconds(at),
        "title": title,
        "description": description,
    }
    return Finding(at, account, region, body)


def api_call(service: str, name: str, *, address: str) -> dict[str, Any]:
    """The action: an API was called from an address."""
    return {
        "actionType": "AWS_API_CALL",
        "awsApiCallAction": {
            "api": name,
            "serviceName": f"{service}.amazonaws.com",
            "callerType": "Remote IP",
            "remoteIpDetails": _remote(address),
            "affectedResources": {},
        },
    }


def port_probe(port: int, name: str, *, address: str, local: str) -> dict[str, Any]:
    """The action: an open port was tried from an address."""
    return {
        "actionType": "PORT_PROBE",
        "portProbeAction": {
            "portProbeDetails": [
                {
                    "localPortDetails": {"port": port, "portName": name},
                    "localIpDetails": {"ipAddressV4": local},
                    "remoteIpDetails": _remote(address),
                }
            ],
            "blocked": False,
        },
    }


def access_key(caller: Caller) -> dict[str, Any]:
    """The resource: the key of a user."""
    identity = caller.identity
    return {
        "resourceType": "AccessKey",
        "accessKeyDetails": {
            "accessKeyId": identity["accessKeyId"],
            "principalId": identity["principalId"],
            "userType": identity["type"],
            "userName": identity["userName"],
        },
    }


def machine(one: Instance, *, public: str, private: str, chance: Chance) -> dict[str, Any]:
    """The resource: a machine with its connection to the network."""
    name = f"ip-{private.replace('.', '-')}.ec2.internal"
    interface = {
        "ipv6Addresses": [],
        "networkInterfaceId": f"eni-0{chance.hex(16)}",
        "privateDnsName": name,
        "privateIpAddress": private,
        "privateIpAddresses": [{"privateDnsName": name, "privateIpAddress": private}],
        "subnetId": f"subnet-0{chance.hex(16)}",
        "vpcId": f"vpc-0{chance.hex(16)}",
        "securityGroups": [{"groupName": "web", "groupId": f"sg-0{chance.hex(16)}"}],
        "publicDnsName": f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com",
        "publicIp": public,
    }
    return {
        "resourceType": "Instance",
        "instanceDetails": {
            "instanceId": one.id,
            "instanceType": "t3.medium",
            "launchTime": "2026-01-12T09:30:00.000Z",
            "platform": None,
            "productCodes": [],
            "networkInterfaces": [interface],
            "tags": [{"key": "Name", "value": one.name}],
            "instanceState": "running",
            "availabilityZone": f"{one.region}a",
            "imageId": f"ami-0{chance.hex(16)}",
            "imageDescription": "Amazon Linux 2023",
        },
    }


def _remote(address: str) -> dict[str, Any]:
    return {
        "ipAddressV4": address,
        "organization": {
            "asn": "64496",  # kept for documentation by RFC 5398
            "asnOrg": "Example Hosting",
            "isp": "Example Hosting",
            "org": "Example Hosting",
        },
        "country": {"countryName": "Example Country"},
        "city": {"cityName": "Example City"},
        "geoLocation": {"lat": 0.0, "lon": 0.0},
    }


def _milliseconds(at: int) -> str:
    return f"{to_rfc3339(Micros(at - at % SECOND))[:-1]}.{at % SECOND // 1_000:03}Z"
