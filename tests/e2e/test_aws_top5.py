"""What the pack aws_top5 makes one alert of, and what it keeps apart, from files to alerts."""

import json
from collections import Counter
from typing import Any

import pytest
from tests.support import trailcam

from trailcam import registry
from trailcam.logtypes import loader

SETTINGS = """
home = "home"
packs = ["aws_top5"]

[rules."Top5.InstancesTerminated"]
crucial = ["i-crucial-*"]

[lookup_tables.greynoise_noise_basic]
path = "noise.jsonl"
key = "ip"
selectors = { "AWS.GuardDuty" = ["p_any_ip_addresses"] }

[lookup_tables.our_hosts]
path = "hosts.jsonl"
key = "ip"
selectors = { "AWS.GuardDuty" = ["p_any_ip_addresses"] }
"""


def records() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number, address in enumerate(("203.0.113.200", "203.0.113.66", "203.0.113.1")):
        found = sample("AWS.GuardDuty", "api_call") | {"severity": 8, "id": f"{number:032x}"}
        found["service"]["action"]["awsApiCallAction"]["remoteIpDetails"]["ipAddressV4"] = address
        made.append(found)
    for user, calls in (("busy", 5), ("calm", 4)):
        for minute in range(calls):
            made.append(terminated(user, f"i-{user}-{minute}", f"2024-05-06T12:{minute:02}:00Z"))
    for minute, name in enumerate(("i-crucial-1", "i-crucial-2", "i-crucial-1")):
        made.append(terminated("dora", name, f"2024-05-06T13:{minute:02}:00Z"))
    for path in ("finance/alice", "finance/eve", "finance/eve"):
        made.append(made_by(f"user/{path}", sample("AWS.CloudTrail", "get_object")))
        made[-1]["requestParameters"]["bucketName"] = "example-payroll"
    for error in ("AccessDenied", None, None):
        made.append(sample("AWS.CloudTrail", "create_stack") | {"errorCode": error})
    return [
        record | ({"eventID": f"{number:036}"} if "eventID" in record else {})
        for number, record in enumerate(made)
    ]


def sample(log_type: str, name: str) -> dict[str, Any]:
    (folder,) = (
        folder
        for folder in registry.folders("log_type", loader.SCHEMA_FILE)
        if folder.name == log_type.lower().replace(".", "_")
    )
    return dict(json.loads((folder / "samples" / f"{name}.json").read_text()))


def made_by(who: str, record: dict[str, Any]) -> dict[str, Any]:
    identity = {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:{who}", "accountId": "111122223333"}
    return record | {"userIdentity": identity}


def terminated(user: str, instance: str, at: str) -> dict[str, Any]:
    record = made_by(f"user/{user}", sample("AWS.CloudTrail", "terminate_instances"))
    asked = {"instancesSet": {"items": [{"instanceId": instance}]}}
    return record | {"requestParameters": asked, "eventTime": at}


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str, str]]:
    """How many alerts there are by rule, severity and title."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "trailcam.toml").write_text(SETTINGS)
    noise = {"203.0.113.66": "malicious", "203.0.113.200": "benign"}
    for name, rows in (("noise", noise), ("hosts", dict.fromkeys((*noise, "203.0.113.1"), "benign"))):
        lines = (json.dumps({"ip": ip, "classification": said}) + "\n" for ip, said in rows.items())
        (folder / f"{name}.jsonl").write_text("".join(lines))
    (folder / "logs.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records()))
    done = trailcam("run", "logs.jsonl", "--alerts", "--format", "jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return Counter((row["rule_id"], row["severity"], row["title"]) for row in found)


def of(alerts: Counter[tuple[str, str, str]], rule_id: str) -> Counter[tuple[str, str]]:
    return Counter({key[1:]: count for key, count in alerts.items() if key[0] == rule_id})


def test_a_malicious_address_never_hides_behind_a_benign_one(alerts: Counter[tuple[str, str, str]]) -> None:
    kind = "Discovery:S3/MaliciousIPCaller.Custom by"
    assert of(alerts, "Top5.GuardDutyFinding") == {
        ("INFO", f"{kind} 203.0.113.200"): 1,
        ("CRITICAL", f"{kind} 203.0.113.66"): 1,
        ("MEDIUM", f"{kind} 203.0.113.1"): 1,
    }


def test_five_calls_within_a_quarter_of_an_hour_are_many_and_four_are_not(
    alerts: Counter[tuple[str, str, str]],
) -> None:
    assert of(alerts, "Top5.InstancesTerminatedOneByOne") == {
        ("HIGH", "busy terminates instance after instance"): 1
    }


def test_each_crucial_instance_has_an_alert_of_its_own(alerts: Counter[tuple[str, str, str]]) -> None:
    of_dora = {
        key: count for key, count in of(alerts, "Top5.InstancesTerminated").items() if "dora" in key[1]
    }
    assert of_dora == {
        ("CRITICAL", f"dora terminated crucial {name} in us-west-2"): 1
        for name in ("i-crucial-1", "i-crucial-2")
    }


def test_users_of_one_path_are_two(alerts: Counter[tuple[str, str, str]]) -> None:
    assert of(alerts, "Top5.SensitiveBucket") == {
        ("HIGH", f"finance/{name} read from the sensitive bucket example-payroll"): 1
        for name in ("alice", "eve")
    }


def test_what_came_through_does_not_hide_behind_what_failed(alerts: Counter[tuple[str, str, str]]) -> None:
    assert sorted(severity for severity, _ in of(alerts, "Top5.StackChanged").elements()) == [
        "HIGH",
        "MEDIUM",
    ]
