"""What the bucket tells: new objects, below the prefixes, with the end that was asked for."""

import pytest
from tests.aws_setups import setup

from trailcam.app.aws_setup.notification import configuration, filter_value


def test_each_prefix_is_a_configuration_of_its_own_with_the_same_end() -> None:
    made = setup(prefixes=["a/", "b c/"], suffix=".json.gz")
    first, second = configuration(made)["QueueConfigurations"]
    assert (first["Id"], second["Id"]) == ("trailcam-objects", "trailcam-objects-2")
    assert first["QueueArn"] == second["QueueArn"] == made.queue_arn
    assert first["Events"] == ["s3:ObjectCreated:*"]
    assert second["Filter"]["Key"]["FilterRules"] == [
        {"Name": "prefix", "Value": "b+c/"},
        {"Name": "suffix", "Value": ".json.gz"},
    ]


def test_without_prefix_and_end_there_is_no_filter() -> None:
    (only,) = configuration(setup(prefixes=[""]))["QueueConfigurations"]
    assert "Filter" not in only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AWSLogs/111122223333/CloudTrail", "AWSLogs/111122223333/CloudTrail"),
        ("year=2026/", "year%3D2026/"),
        ("a b+c", "a+b%2Bc"),
        ("ü", "%C3%BC"),
        ("!-_.'()", "!-_.'()"),
    ],
)
def test_a_filter_is_written_as_s3_takes_it(text: str, value: str) -> None:
    assert filter_value(text) == value
