"""What is left to do, and the section for trailcam.toml."""

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.aws_setups import (
    BUCKET,
    ELSEWHERE,
    HERE,
    KEY,
    LOGS,
    MANAGEMENT,
    SECURITY,
    TOPIC,
    combinations,
    setup,
)

from trailcam.app.aws_setup import next_steps, policies, source_section
from trailcam.settings.read import read_settings


def steps(*, as_script: bool = False, **fields: Any) -> str:
    return "\n".join(next_steps(setup(**fields), as_script=as_script))


@pytest.mark.parametrize("as_script", [False, True])
def test_each_step_is_a_line(as_script: bool) -> None:
    found = next_steps(setup(kms_key=KEY, canary=True), as_script=as_script)
    assert all(step.isprintable() for step in found)


def test_a_stack_cannot_set_the_notification_so_the_commands_are_told() -> None:
    assert "REPLACES" in steps()
    assert steps().index("get-bucket-notification") < steps().index("put-bucket-notification")
    for told in (steps(as_script=True), steps(topic=TOPIC)):
        assert "put-bucket-notification-configuration" not in told


def test_the_other_account_must_let_its_principal_assume_the_role() -> None:
    (line,) = [line for line in steps().splitlines() if f"in account {SECURITY}" in line]
    words = shlex.split(line[line.index("aws iam") :])
    assert words[:5] == ["aws", "iam", "put-role-policy", "--role-name", "trailcam"]
    assert json.loads(words[-1]) == policies.assuming_policy(setup())
    assert "put-role-policy" not in steps(principal=HERE)


def test_a_whole_account_as_principal_is_warned_of() -> None:
    assert "a role or a user is a safer --principal" in steps(principal=f"arn:aws:iam::{SECURITY}:root")


def test_a_name_that_begins_with_a_dash_is_no_option() -> None:
    assert "put-user-policy --user-name=--help" in steps(principal=f"arn:aws:iam::{SECURITY}:user/--help")


def test_the_policy_of_a_key_is_told_and_whose_key_it_is() -> None:
    assert f"the key is of account {MANAGEMENT}: add to the policy of the key: {{" in steps(kms_key=KEY)
    assert "does not leave it to IAM" in steps(kms_key=KEY.replace(MANAGEMENT, LOGS))
    assert "kms" not in steps()


def test_the_section_has_what_a_source_needs() -> None:
    made = setup(prefixes=["a/", 'ü "b"\\ 😀/'], external_id="an-id", name="trailcam-logs")
    assert tomllib.loads(source_section(made)) == {
        "sources": {
            "logs": {
                "type": "s3",
                "queue": made.queue_url,
                "region": "eu-central-1",
                "role_arn": f"arn:aws:iam::{LOGS}:role/trailcam-logs-reader",
                "external_id": "an-id",
                "prefixes": ["a/", 'ü "b"\\ 😀/'],
            }
        }
    }


def test_without_a_role_the_section_names_none() -> None:
    (section,) = tomllib.loads(source_section(setup(principal=HERE)))["sources"].values()
    assert sorted(section) == ["prefixes", "queue", "region", "type"]
    assert ELSEWHERE not in str(section)


def test_the_settings_take_every_section(tmp_path: Path) -> None:
    file = tmp_path / "trailcam.toml"
    for made in combinations():
        file.write_text(source_section(made))
        (source,) = read_settings(folder=tmp_path, environment={}, file=file).sources
        assert source.name == made.source
        assert (source.canary_seconds > 0) is made.canary


def test_where_all_keys_are_followed_the_section_names_no_prefix() -> None:
    assert "prefixes" not in source_section(setup(prefixes=[""]))


def test_a_section_with_canaries_says_where_they_are_planted_and_how_often() -> None:
    (section,) = tomllib.loads(source_section(setup(canary=True, prefixes=["logs/"])))["sources"].values()
    assert section["canary_place"] == f"s3://{BUCKET}/logs/trailcam-canary/"
    assert section["canary_seconds"] == 3600
    assert "canary" not in source_section(setup())
