"""What a person asks for becomes a setup, or all that is wrong with it is told with its cure."""

from typing import Any

import pytest
from tests.aws_setups import (
    BUCKET,
    ELSEWHERE,
    HERE,
    KEY,
    LOGS,
    ORGANIZATION,
    REGION,
    SECURITY,
    TOPIC,
    asked,
    setup,
)

from trailcam.app.aws_setup import Asked, check
from trailcam.errors import Problem, TrailcamError, code

BAD, APART, MISSING = code("bad_aws_value"), code("aws_values_apart"), code("bad_option")
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


def problems(**fields: Any) -> list[Problem]:
    with pytest.raises(TrailcamError) as caught:
        check(asked(**fields))
    return list(caught.value.problems)


def problem(**fields: Any) -> Problem:
    (only,) = problems(**fields)
    return only


@pytest.mark.parametrize("name", ["bucket", "account", "region", "principal"])
def test_what_is_needed_and_missing_is_named_with_the_way_to_find_it(name: str) -> None:
    told = problem(**{name: None})
    assert (told.code, told.message) == (MISSING, f"--{name} is missing")
    assert told.hint


@pytest.mark.parametrize(
    "bucket",
    [
        "ab", "a" * 64, "Trail", "my_trail", "-trail", "trail-", "my..trail", "192.0.2.1", "xn--trail", "trail-s3alias",
        "trail--use1-az4--x-s3", "s3://trail", "trail/AWSLogs", "arn:aws:s3:::trail", "trail\n", "", "träil", "\u0663" * 3,
    ],
)  # fmt: skip
def test_what_cannot_be_a_bucket_is_refused(bucket: str) -> None:
    told = problem(bucket=bucket)
    assert told.code == BAD
    assert told.message == f"--bucket is not the name of a bucket: {bucket!r}"
    assert "without s3://" in told.hint


@pytest.mark.parametrize("bucket", ["abc", "a" * 63, "my.trail-2", "1trail", "192.0.2.1.logs"])
def test_what_can_be_a_bucket_is_taken(bucket: str) -> None:
    assert setup(bucket=bucket).bucket == bucket


@pytest.mark.parametrize(
    "account", ["1111-2222-3333", "11112222333", "1111222233334", "my-account", "\u0661" * 12, f"{LOGS}\n"]
)
def test_what_cannot_be_an_account_is_refused(account: str) -> None:
    told = problem(account=account)
    assert (told.code, told.message) == (BAD, f"--account is not the number of an account: {account!r}")
    assert "get-caller-identity" in told.hint


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("eu-centrl-1", 'did you mean "eu-central-1"?'),
        ("eu-newplace-1", "did you mean"),
        ("EU-CENTRAL-1", 'did you mean "eu-central-1"?'),
        ("eu-central-1a", 'did you mean "eu-central-1"?'),
        ("Frankfurt", "get-bucket-location"),
        ("aws-global", "get-bucket-location"),
        ("", "get-bucket-location"),
        ("us-east-1\n", 'did you mean "us-east-1"?'),
    ],
)
def test_what_cannot_be_a_region_is_refused_with_the_nearest_one(region: str, hint: str) -> None:
    told = problem(region=region)
    assert (told.code, told.message) == (BAD, f"--region is not a region: {region!r}")
    assert hint in told.hint


@pytest.mark.parametrize(
    ("region", "partition", "host"),
    [
        ("us-east-1", "aws", "sqs.us-east-1.amazonaws.com"),
        ("cn-north-1", "aws-cn", "sqs.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "sqs.us-gov-west-1.amazonaws.com"),
        ("eu-southwest-7", "aws", "sqs.eu-southwest-7.amazonaws.com"),
    ],
)
def test_the_partition_is_that_of_the_region_even_of_one_that_opened_later(
    region: str, partition: str, host: str
) -> None:
    made = setup(region=region, principal=ELSEWHERE.replace(":aws:", f":{partition}:"))
    assert made.queue_arn == f"arn:{partition}:sqs:{region}:{LOGS}:trailcam-objects"
    assert made.queue_url == f"https://{host}/{LOGS}/trailcam-objects"


@pytest.mark.parametrize(
    "organization", ["exampleorgid", "o-short", "o-ExampleOrgId", "r-examplerootid", ORGANIZATION + "\n"]
)
def test_what_cannot_be_an_organisation_is_refused(organization: str) -> None:
    told = problem(organization=organization)
    assert (told.code, told.message) == (
        BAD,
        f"--organization is not the id of an organisation: {organization!r}",
    )


@pytest.mark.parametrize(
    "principal",
    [
        SECURITY, "trailcam", f"arn:aws:iam::{SECURITY}:group/all", f"arn:aws:iam::{SECURITY}:role/", "*",
        f"arn:aws:iam::{SECURITY}:role/a b", f"arn:aws:iam::{SECURITY}:role/{'a' * 65}", f"{ELSEWHERE}\n",
        f"arn:aws:iam:{REGION}:{SECURITY}:role/trailcam",
    ],
)  # fmt: skip
def test_what_cannot_be_a_principal_is_refused(principal: str) -> None:
    told = problem(principal=principal)
    assert told.code == BAD
    assert told.message == f"--principal is not the ARN of a role, a user or an account's root: {principal!r}"


def test_a_session_of_a_role_is_refused_with_the_role() -> None:
    told = problem(principal=f"arn:aws:sts::{SECURITY}:assumed-role/trailcam/i-0abc")
    assert f"arn:aws:iam::{SECURITY}:role/trailcam" in told.hint


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("new-objects", "arn:aws:sns"),
        (f"{TOPIC}.fifo", ".fifo"),
        (TOPIC.replace("sns", "sqs"), "arn:aws:sns"),
    ],
)
def test_what_cannot_be_a_topic_is_refused(topic: str, words: str) -> None:
    told = problem(topic=topic)
    assert told.code == BAD
    assert words in told.hint


@pytest.mark.parametrize("key", [KEY_ID, "alias/trail", f"arn:aws:kms:{REGION}:{LOGS}:alias/trail"])
def test_what_cannot_be_a_key_in_a_policy_is_refused(key: str) -> None:
    told = problem(kms_key=key)
    assert told.code == BAD
    assert "describe-key" in told.hint


@pytest.mark.parametrize("name", ["", "1trail", "-trail", "my_trail", "my trail", "a" * 51, "$(id)"])
def test_what_cannot_name_a_queue_a_role_and_a_stack_is_refused(name: str) -> None:
    told = problem(name=name)
    assert (told.code, told.message) == (BAD, f"--name is not a name for what is made: {name!r}")


@pytest.mark.parametrize("external_id", ["", "a", "a b", "a'b", "a" * 1225])
def test_what_cannot_be_an_external_id_is_refused(external_id: str) -> None:
    assert problem(external_id=external_id).code == BAD


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("/AWSLogs/", "is no beginning of a key"),
        (f"s3://{BUCKET}/AWSLogs/", "is no beginning of a key"),
        ("AWSLogs/*/CloudTrail/", "holds a *"),
        ("AWSLogs/\n", "holds control characters"),
        ("AWSLogs/\u2028", "holds control characters"),
        ("\ud800", "holds control characters"),
        ("é" * 513, "is longer than 1,024 bytes"),
    ],
)
def test_what_no_followed_key_can_begin_with_is_refused(prefix: str, words: str) -> None:
    told = problem(prefixes=[prefix])
    assert told.code == BAD
    assert words in told.message


@pytest.mark.parametrize("suffix", ["*.gz", ".gz\t"])
def test_what_no_filter_takes_as_an_end_is_refused(suffix: str) -> None:
    assert problem(suffix=suffix).message.startswith("--suffix holds")


@pytest.mark.parametrize("prefixes", [["a/", "a/b/"], ["a/b/", "a/"], ["a/", "a/"], ["", "a/"]])
def test_prefixes_that_overlap_are_told_once(prefixes: list[str]) -> None:
    told = problem(prefixes=prefixes)
    assert told.code == APART
    longer = max(prefixes, key=len)
    assert told.message.startswith(f"--prefix {longer!r} lies inside of ")


@pytest.mark.parametrize(
    ("prefix", "cure"),
    [
        ("central/", f"central/AWSLogs/{ORGANIZATION}/"),
        ("central", f"central/AWSLogs/{ORGANIZATION}/"),
        (f"AWSLogs/{LOGS}/", f"/AWSLogs/{ORGANIZATION}/"),
        (f"xAWSLogs/{ORGANIZATION}/", f"/AWSLogs/{ORGANIZATION}/"),
    ],
)
def test_a_prefix_beside_the_organisation_is_refused_with_the_right_one(prefix: str, cure: str) -> None:
    told = problem(prefixes=[prefix], organization=ORGANIZATION)
    assert told.code == APART
    assert cure in told.hint


@pytest.mark.parametrize("prefix", [f"central/AWSLogs/{ORGANIZATION}/", f"AWSLogs/{ORGANIZATION}/{LOGS}/"])
def test_a_prefix_inside_of_the_organisation_is_taken(prefix: str) -> None:
    assert setup(prefixes=[prefix], organization=ORGANIZATION).prefixes == (prefix,)


@pytest.mark.parametrize("option", ["topic", "kms_key"])
def test_a_topic_and_a_key_of_another_region_are_refused(option: str) -> None:
    arn = {"topic": TOPIC, "kms_key": KEY}[option].replace(REGION, "us-east-1")
    told = problem(**{option: arn})
    assert told.code == APART
    assert told.message.endswith(f"is of the region us-east-1, and the bucket of {REGION}")


def test_everything_is_of_one_partition() -> None:
    told = problem(principal=ELSEWHERE.replace(":aws:", ":aws-cn:"))
    assert (told.code, told.message) == (
        APART,
        f"--principal is of the partition aws-cn, and {REGION} of aws",
    )


@pytest.mark.parametrize(
    ("principal", "words"),
    [
        (f"arn:aws:iam::{LOGS}:root", "the whole of --account"),
        (
            f"arn:aws:iam::{LOGS}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0",
            "a role of AWS's own",
        ),
    ],
)
def test_a_principal_of_the_account_must_be_one_that_can_be_given_a_policy(
    principal: str, words: str
) -> None:
    told = problem(principal=principal)
    assert told.code == APART
    assert words in told.message
    assert setup(principal=principal.replace(LOGS, SECURITY)).assumes  # of another account it need not be


def test_an_external_id_is_for_another_account() -> None:
    assert problem(principal=HERE, external_id="an-id").code == APART
    assert setup(principal=HERE).external_id is None
    assert setup(external_id="an-id").external_id == "an-id"


def test_an_external_id_that_is_made_is_the_same_every_time_and_another_for_another_setup() -> None:
    made = setup().external_id
    assert made == setup().external_id
    others = [
        setup(bucket="another").external_id,
        setup(name="another").external_id,
        setup(principal=f"{ELSEWHERE}2").external_id,
        setup(account="123456789012").external_id,
    ]
    assert len({made, *others}) == 5
    assert setup(external_id=made).external_id == made


def test_all_problems_come_at_once_and_each_once() -> None:
    with pytest.raises(TrailcamError) as caught:
        check(
            Asked(
                bucket="A", region="x", principal="y", prefixes=["a", "a", "a"], topic="z", external_id="-!"
            )
        )
    told = caught.value.problems
    assert sorted({each.message.split()[0] for each in told}) == [
        "--account", "--bucket", "--external-id", "--prefix", "--principal", "--region", "--topic",
    ]  # fmt: skip
    assert len(set(told)) == len(told)


def test_without_a_prefix_it_is_that_of_cloudtrail() -> None:
    assert setup().prefixes == (f"AWSLogs/{LOGS}/CloudTrail",)
    assert setup(organization=ORGANIZATION).prefixes == (f"AWSLogs/{ORGANIZATION}/",)
    assert setup(prefixes=[""]).prefixes == ("",)


@pytest.mark.parametrize(
    ("prefixes", "folder"),
    [
        ([], f"AWSLogs/{LOGS}/CloudTrail/trailcam-canary/"),
        (["a/", "b/"], "a/trailcam-canary/"),
        ([""], "trailcam-canary/"),
    ],
)
def test_planted_events_lie_in_one_folder_below_what_is_followed(prefixes: list[str], folder: str) -> None:
    assert setup(prefixes=prefixes, canary=True).canary_prefix == folder
    assert setup(prefixes=prefixes).canary_prefix is None


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("trailcam", "trail"),
        ("trailcam-guardduty", "guardduty"),
        ("logs", "logs"),
        ("trailcamera", "trailcamera"),
    ],
)
def test_a_source_is_called_as_its_setup(name: str, source: str) -> None:
    assert setup(name=name).source == source


def test_a_canary_that_the_bucket_would_not_tell_of_is_refused() -> None:
    told = problem(canary=True, suffix=".json.gz")
    assert (told.code, told.message) == (
        APART,
        "--canary plants files that end in .json, which --suffix '.json.gz' leaves out",
    )
    assert setup(canary=True, suffix=".json").canary
