"""GuardDuty has found something grave.

CRITICAL when GreyNoise calls the address malicious, INFO when benign, MEDIUM when it knows nothing:
that takes a lookup table, see the page of this pack. Leaves out what was archived in GuardDuty. Misses what
GuardDuty misses.
"""

import math

from aws_top5_words import account, classifications, digest, shortest, text, texts

METADATA = {
    "id": "Top5.GuardDutyFinding",
    "log_types": ["AWS.GuardDuty", "AWS.CloudTrail"],
    "severity": "Medium",
    "reference": "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html",
    "reports": {
        "MITRE ATT&CK": ["TA0001:T1190", "TA0043:T1595"]
    },  # Exploit Public-Facing App, Active Scanning
    "runbook": (
        "1. CRITICAL: within 15 minutes, read the finding and cut the resource off the network.\n"
        "2. Within the hour, list what the address did in other logs, and which keys the resource holds.\n"
        "3. MEDIUM: within the day, ask the owner of the resource whether the traffic was meant.\n"
        "4. INFO: nothing; a known scanner passed by."
    ),
}

SETTINGS = {
    # Findings of less are left to GuardDuty, whose scale is 1 to 10.
    "least_severity": 5,
}


def rule(event):
    if event.get("p_log_type") == "AWS.GuardDuty":
        counts = event.deep_get("service", "archived") is not True
    else:
        counts = event.get("eventSource") == "guardduty.amazonaws.com" and event.deep_get(
            "userIdentity", "type"
        ) not in ("AWSAccount", "AWSService")
    return counts and grade(event) >= SETTINGS["least_severity"]


def title(event):
    found = addresses(event)
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    return f"{kind(event)} " + (f"by {', '.join(found[:2])}{more}" if found else f"in {account(event)}")


def dedup(event):
    told_apart_by = addresses(event) or [str(event.get("id") or event.get("eventID"))]
    return f"{account(event)} {kind(event)} {digest(told_apart_by)}"


def severity(event):
    known = classifications(event)
    said = {known.get(shortest(address)) for address in addresses(event)}
    if "malicious" in said:
        return "CRITICAL"
    return "INFO" if said == {"benign"} else "MEDIUM"


def alert_context(event):
    known = classifications(event)
    return {
        "finding": event.get("id"),
        "title": event.get("title"),
        "severity": event.get("severity"),
        "addresses": {address: known.get(shortest(address)) for address in addresses(event)},
        "resource": event.deep_get("resource", "resourceType"),
    }


def grade(event):
    """GuardDuty's own severity; less than any where there is none."""
    value = event.get("severity")
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return -math.inf
    return -math.inf if math.isnan(number) else number


def kind(event):
    """The type of the finding, as GuardDuty names it."""
    name = "type" if event.get("p_log_type") == "AWS.GuardDuty" else "eventName"
    return text(event, name, default="a finding")


def addresses(event):
    """The addresses that acted, sorted."""
    if event.get("p_log_type") != "AWS.GuardDuty":
        return texts(event, "sourceIPAddress")
    found = texts(event, "service", "detection", "sequence", "endpoints", "ip")
    actions = event.deep_get("service", "action")
    for action in actions.values() if hasattr(actions, "values") else ():
        for details in (("remoteIpDetails",), ("portProbeDetails", "remoteIpDetails")):
            for version in ("ipAddressV4", "ipAddressV6"):
                found += texts(action, *details, version)
    return sorted(set(found))


TESTS = [
    {
        "name": "a grave finding about calls of the API",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "severity": "Medium",
        "title": "Discovery:S3/MaliciousIPCaller.Custom by 203.0.113.77",
        "dedup": "111122223333 Discovery:S3/MaliciousIPCaller.Custom 203.0.113.77",
    },
    {
        "name": "GreyNoise calls its address malicious",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "malicious",
                    }
                ]
            }
        },
        "severity": "Critical",
        "dedup": "111122223333 Discovery:S3/MaliciousIPCaller.Custom 203.0.113.77",
    },
    {
        "name": "GreyNoise calls its address benign",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "benign",
                    }
                ]
            }
        },
        "severity": "Info",
    },
    {
        "name": "GreyNoise knows its address and says neither",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_advanced": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "unknown",
                    }
                ]
            }
        },
        "severity": "Medium",
    },
    {
        "name": "GreyNoise has it in its later form",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_advanced": {
                "p_any_ip_addresses": {
                    "p_match": "203.0.113.77",
                    "internet_scanner_intelligence": {"classification": "malicious"},
                }
            }
        },
        "severity": "Critical",
    },
    {
        "name": "its tables differ, and the graver word counts",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "benign",
                    }
                ]
            },
            "greynoise_noise_advanced": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "malicious",
                    }
                ]
            },
        },
        "severity": "Critical",
    },
    {
        "name": "another table has a word for the address that is not GreyNoise's",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "malicious",
                    }
                ]
            },
            "our_hosts": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "benign",
                    }
                ]
            },
        },
        "severity": "Critical",
    },
    {
        "name": "only another table calls the address benign",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "our_hosts": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": "benign",
                    }
                ]
            }
        },
        "severity": "Medium",
    },
    {
        "name": "what GreyNoise says is of another address",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.78",
                        "classification": "benign",
                    }
                ]
            }
        },
        "severity": "Medium",
    },
    {
        "name": "what a table says is no text",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.77",
                        "classification": ["malicious"],
                    },
                    {
                        "p_match": "203.0.113.77",
                        "classification": {"a": 1},
                    },
                    None,
                    5,
                ]
            }
        },
        "severity": "Critical",
    },
    {
        "name": "an address of version 6, written long",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {
            "severity": 8,
            "service.action.awsApiCallAction.remoteIpDetails": {"ipAddressV6": "2001:0DB8:0:0:0:0:0:66"},
        },
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "2001:db8::66",
                        "classification": "malicious",
                    }
                ]
            }
        },
        "severity": "Critical",
        "title": "Discovery:S3/MaliciousIPCaller.Custom by 2001:0DB8:0:0:0:0:0:66",
    },
    {
        "name": "a malicious address among benign ones",
        "expect": True,
        "sample": "AWS.GuardDuty/port_probe",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.9",
                        "classification": "malicious",
                    },
                    {
                        "p_match": "203.0.113.10",
                        "classification": "benign",
                    },
                ]
            }
        },
        "severity": "Critical",
        "title": "Recon:EC2/PortProbeUnprotectedPort by 203.0.113.10, 203.0.113.9",
        "dedup": "111122223333 Recon:EC2/PortProbeUnprotectedPort 203.0.113.10 203.0.113.9",
    },
    {
        "name": "all of its addresses are benign",
        "expect": True,
        "sample": "AWS.GuardDuty/port_probe",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.9",
                        "classification": "benign",
                    },
                    {
                        "p_match": "203.0.113.10",
                        "classification": "benign",
                    },
                ]
            }
        },
        "severity": "Info",
    },
    {
        "name": "one address is benign, and nothing is known of the other",
        "expect": True,
        "sample": "AWS.GuardDuty/port_probe",
        "override": {"severity": 8},
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.10",
                        "classification": "benign",
                    }
                ]
            }
        },
        "severity": "Medium",
    },
    {
        "name": "a grave finding as the API of GuardDuty writes it",
        "expect": True,
        "sample": "AWS.GuardDuty/get_findings_database_login",
        "override": {"Severity": 5},
        "severity": "Medium",
        "title": "Discovery:RDS/TorIPCaller by 203.0.113.200",
        "dedup": "444455556666 Discovery:RDS/TorIPCaller 203.0.113.200",
    },
    {
        "name": "a finding without an address stands alone",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {
            "severity": 8,
            "service.action": {"actionType": "DNS_REQUEST"},
        },
        "severity": "Medium",
        "title": "Discovery:S3/MaliciousIPCaller.Custom in 111122223333",
        "dedup": "111122223333 Discovery:S3/MaliciousIPCaller.Custom 1a2b3c4d5e6f708192a3b4c5d6e7f801",
    },
    {
        "name": "a sequence of an attack, with the addresses of its ends",
        "expect": True,
        "sample": "AWS.GuardDuty/attack_sequence",
        "override": {
            "severity": 9,
            "service.detection.sequence.endpoints": [
                {
                    "id": "a",
                    "ip": "203.0.113.66",
                },
                {
                    "id": "b",
                    "ip": "203.0.113.67",
                },
                {
                    "id": "c",
                    "ip": "203.0.113.68",
                },
            ],
        },
        "enrichment": {
            "greynoise_noise_basic": {
                "p_any_ip_addresses": [
                    {
                        "p_match": "203.0.113.68",
                        "classification": "malicious",
                    }
                ]
            }
        },
        "severity": "Critical",
        "title": "AttackSequence:IAM/CompromisedCredentials by 203.0.113.66, 203.0.113.67 and 1 more",
    },
    {
        "name": "a severity that is written as a text",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": "5.0"},
        "severity": "Medium",
    },
    {
        "name": "a grave finding in the form of CloudTrail",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "guardduty.amazonaws.com",
            "eventName": "RDPBruteForce",
            "sourceIPAddress": "203.0.113.77",
            "severity": 8,
        },
        "enrichment": {
            "greynoise_noise_basic": {
                "sourceIPAddress": {
                    "p_match": "203.0.113.77",
                    "classification": "benign",
                }
            }
        },
        "severity": "Info",
        "title": "RDPBruteForce by 203.0.113.77",
        "dedup": "111122223333 RDPBruteForce 203.0.113.77",
    },
    {
        "name": "all findings are wanted",
        "expect": True,
        "settings": {"least_severity": 0},
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 0},
        "severity": "Medium",
    },
    {
        "name": "a finding that is not grave",
        "expect": False,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 4.9},
    },
    {
        "name": "a finding whose severity is no number",
        "expect": False,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": "nan"},
    },
    {
        "name": "a grave finding that was archived",
        "expect": False,
        "sample": "AWS.GuardDuty/api_call",
        "override": {
            "severity": 8,
            "service.archived": True,
        },
    },
    {
        "name": "a call of GuardDuty that is no finding, where all findings are wanted",
        "expect": False,
        "settings": {"least_severity": 0},
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "guardduty.amazonaws.com",
            "eventName": "ListDetectors",
        },
    },
    {
        "name": "a grave finding in the form of CloudTrail, of an account of AWS",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "guardduty.amazonaws.com",
            "eventName": "RDPBruteForce",
            "sourceIPAddress": "203.0.113.77",
            "userIdentity.type": "AWSAccount",
            "severity": 8,
        },
    },
    {
        "name": "another service has a severity",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "securityhub.amazonaws.com",
            "severity": 8,
        },
    },
]
