"""What GreyNoise says of the addresses of the simulated world: rows as its API gives them, version 2.

Source: GreyNoise's documentation of `GET /v2/noise/context/{ip}`.
"""

from typing import Any

from trailcam.testing.organisation import ATTACKER, SCANNER, STRANGER


def greynoise(last_seen: str) -> tuple[dict[str, Any], ...]:
    """One row an address, for the day on which it was seen last: malicious, benign, unknown."""
    return (
        _row(ATTACKER, "malicious", "unknown", ["SSH Bruteforcer", "Web Crawler"], last_seen, vpn=True),
        _row(SCANNER, "benign", "Example Survey", ["Port Scanner"], last_seen),
        _row(STRANGER, "unknown", "unknown", [], last_seen),
    )


def _row(
    address: str, classification: str, actor: str, tags: list[str], last_seen: str, *, vpn: bool = False
) -> dict[str, Any]:
    known = actor != "unknown"
    return {
        "ip": address,
        "seen": True,
        "classification": classification,
        "first_seen": "2025-11-03",
        "last_seen": last_seen,
        "actor": actor,
        "tags": tags,
        "cve": [],
        "spoofable": False,
        "vpn": vpn,
        "vpn_service": "Example VPN" if vpn else "N/A",
        "bot": False,
        "tor": False,
        "metadata": {
            "asn": "AS64496",
            "category": "hosting",
            "city": "Example City",
            "country": "Example Country",
            "country_code": "ZZ",
            "organization": "Example Hosting",
            "os": "Linux 3.11+",
            "rdns": f"scan-{address.rpartition('.')[2]}.survey.example.com" if known else "",
            "region": "",
        },
        "raw_data": {
            "scan": [{"port": 22, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}],
            "web": {},
            "ja3": [],
        },
    }
