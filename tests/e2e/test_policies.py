"""Policies in the line: resource documents from files in, alerts where a policy says no."""

import json
from pathlib import Path

import pytest
from tests.support import summary, trailcam

POLICY = """\
AnalysisType: policy
PolicyID: Example.BucketIsEncrypted
Filename: encrypted.py
Enabled: true
Severity: High
ResourceTypes: [AWS.S3.Bucket]
Suppressions: ["*:::example-scratch-*"]
Tests:
  - {Name: It is, ExpectedResult: true, Resource: {EncryptionRules: [1]}}
  - {Name: It is not, ExpectedResult: false, Resource: {Name: a}, ExpectedTitle: a is not encrypted}
"""
PYTHON = """\
def policy(resource):
    return type(resource) is dict and bool(resource.get("EncryptionRules"))


def title(resource):
    return f"{resource['Name']} is not encrypted"
"""


def bucket(name: str, *, encrypted: bool, kind: str = "AWS.S3.Bucket") -> dict[str, object]:
    arn = f"arn:aws:s3:::{name}"
    rules = [{"SSEAlgorithm": "AES256"}] if encrypted else None
    return {"ResourceId": arn, "ResourceType": kind, "Name": name, "EncryptionRules": rules}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "encrypted.yml").write_text(POLICY)
    (folder / "encrypted.py").write_text(PYTHON)
    return folder


def write(path: Path, *documents: dict[str, object]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def alerts(home: Path) -> list[str]:
    done = trailcam("alerts", "list", "--home", home, "--format", "jsonl")
    return sorted(json.loads(line)["title"] for line in done.stdout.splitlines())


def test_a_policy_that_says_no_is_a_match_and_an_alert(tmp_path: Path, pack: Path) -> None:
    write(
        tmp_path / "resources" / "monday.jsonl",
        bucket("example-a", encrypted=False),
        bucket("example-b", encrypted=True),
        bucket("example-scratch-1", encrypted=False),
        bucket("example-table", encrypted=False, kind="AWS.DynamoDB.Table"),
    )
    home = tmp_path / "home"
    code, told = summary(tmp_path / "resources", "--packs", pack, "--home", home)
    assert code == 0
    assert (told["events"], told["matches"], told["rule_errors"], told["alerts"]) == (4, 1, 0, 1)
    assert alerts(home) == ["example-a is not encrypted"]


def test_a_document_that_is_seen_again_is_no_new_match_and_its_next_state_is_no_conflict(
    tmp_path: Path, pack: Path
) -> None:
    home, folder = tmp_path / "home", tmp_path / "resources"
    write(folder / "monday.jsonl", bucket("example-a", encrypted=False))
    summary(folder, "--packs", pack, "--home", home)
    write(
        folder / "tuesday.jsonl",
        bucket("example-b", encrypted=True),
        bucket("example-a", encrypted=False),
    )
    write(folder / "wednesday.jsonl", bucket("example-a", encrypted=True))
    _, told = summary(folder, "--packs", pack, "--home", home)
    assert (told["records"], told["events"], told["duplicates"]) == (4, 3, 1)
    assert (told["conflicting_ids"], told["matches"]) == (0, 1)
    assert trailcam("verify", "--home", home).returncode == 0


def test_the_tests_of_a_policy_pass_on_what_it_says(pack: Path) -> None:
    done = trailcam("test", pack)
    assert (done.returncode, "2 tests of 1 rule: 2 passed" in done.stderr) == (0, True)
