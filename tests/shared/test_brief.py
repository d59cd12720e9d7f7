"""The five rules and the sample logs of the text that Trailcam was asked from, as they are printed there.

Two slips of print are mended, a colon and the end of a line; nothing else of a rule is touched.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support import trailcam

BRIEF = Path(__file__).parents[3] / "shared/brief.txt"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not BRIEF.is_file(), reason="the shared data does not lie beside the repository"),
]

NAMES = ("S3", "EC2", "IAM", "CloudFormation", "GuardDuty")

SLIPS = {'== "Root"\n': '== "Root":\n', "return Falseif ": "return False\n\tif "}

ADDRESS = "54.240.230.177"
"""Where the sample of GuardDuty says that the call came from."""


def printed(language: str, start: str) -> list[str]:
    """The blocks of a language, each up to where its name is printed."""
    parts = BRIEF.read_text().split(f"Code language: {language}")[:-1]
    found = [re.search(start, part, re.MULTILINE) for part in parts]
    return [part[at.start() :] for part, at in zip(parts, found, strict=True) if at]


def samples() -> dict[str, dict[str, Any]]:
    return dict(zip(NAMES, map(json.loads, printed("JSON", r"^\{")), strict=True))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    blocks = printed("Python", r"^(# Libraries\n)?from panther")
    for name, block in zip(NAMES, blocks, strict=True):
        for slip, mended in SLIPS.items():
            block = block.replace(slip, mended)  # noqa: PLW2901  # step by step
        (folder / f"{name.lower()}.py").write_text(block)
        (folder / f"{name.lower()}.yml").write_text(
            f"AnalysisType: rule\nRuleID: Brief.{name}\nFilename: {name.lower()}.py\nSeverity: Medium\n"
            "Enabled: true\nLogTypes: [AWS.CloudTrail]\n"
        )
    return folder


def run(rules: Path, record: Mapping[str, Any], name: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """(exit code, what one of the rules says of a record)."""
    log = rules.parent / "log.json"
    log.write_text(json.dumps(record))
    home = ("--home", str(rules.parent / "home"))
    arguments: tuple[str | Path, ...] = (
        "--packs",
        rules,
        "--rules",
        f"Brief.{name}",
        *home,
        "--format",
        "jsonl",
        *options,
    )
    done = trailcam("run", log, *arguments)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("name", "matches"), [("S3", 0), ("EC2", 1), ("IAM", 1), ("CloudFormation", 0), ("GuardDuty", 1)]
)
def test_each_rule_says_of_its_own_sample_what_it_should(rules: Path, name: str, matches: int) -> None:
    exit_code, found = run(rules, samples()[name], name)
    assert (exit_code, [each["rule_id"] for each in found]) == (0, [f"Brief.{name}"] * matches)


def test_a_get_on_a_listed_bucket_matches(rules: Path) -> None:
    record = samples()["S3"]
    record |= {"eventName": "GET"}
    record["requestParameters"] |= {"bucketName": "sensitivebucket2"}
    assert [each["rule_id"] for each in run(rules, record, "S3")[1]] == ["Brief.S3"]


def test_a_stack_in_another_region_matches(rules: Path) -> None:
    record = samples()["CloudFormation"] | {"awsRegion": "eu-west-1"}
    assert [each["rule_id"] for each in run(rules, record, "CloudFormation")[1]] == ["Brief.CloudFormation"]


@pytest.mark.parametrize(
    ("classification", "severity"),
    [("malicious", "CRITICAL"), ("benign", "INFO"), ("unknown", "MEDIUM"), (None, "MEDIUM")],
)
def test_the_severity_of_a_finding_follows_what_is_known_of_the_address(
    rules: Path, tmp_path: Path, classification: str | None, severity: str
) -> None:
    rows = [{"ip": ADDRESS if classification else "192.0.2.1", "classification": classification}]
    (tmp_path / "noise.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "intel.toml").write_text(
        '[lookup_tables.greynoise_noise_basic]\npath = "noise.jsonl"\nkey = "ip"\n'
        '[lookup_tables.greynoise_noise_basic.selectors]\n"AWS.CloudTrail" = ["sourceIPAddress"]\n'
    )
    config = ("--config", str(tmp_path / "intel.toml"))
    exit_code, (found,) = run(rules, samples()["GuardDuty"], "GuardDuty", *config)
    assert (exit_code, found["severity"]) == (0, severity)


def test_an_event_without_a_severity_is_a_rule_error_and_shown_as_one(rules: Path) -> None:
    exit_code, (found,) = run(rules, samples()["EC2"], "GuardDuty")
    assert exit_code == 1
    assert "'>=' not supported" in found["error"]
    assert "TypeError" in found["title"]
