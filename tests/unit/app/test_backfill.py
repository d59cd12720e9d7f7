"""What a backfill lists is what the policy that is printed for its source lets it list."""

from typing import Any

import pytest
from tests.aws_setups import BUCKET, ORGANIZATION, setup
from tests.buckets import Bucket

from trailcam.app.aws_setup import policies
from trailcam.app.backfill import Asked, search
from trailcam.errors import WorldError
from trailcam.settings.schema import Settings
from trailcam.settings.sources import SourceSettings
from trailcam.sources.s3_listing import find

SINGLE = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/a"
MANY = f"AWSLogs/{ORGANIZATION}/{SINGLE.removeprefix('AWSLogs/')}"


def listed(place: str, **fields: Any) -> list[str]:
    """The keys that a backfill of a place finds, with the settings and the policy of a setup."""
    made = setup(**fields)
    (may,) = [it for it in policies.reading_policy(made)["Statement"] if it["Sid"] == "ListObjects"]
    allowed = tuple(it.removesuffix("*") for it in may["Condition"]["StringLike"]["s3:prefix"])
    options = {"queue": made.queue_url, "prefixes": list(made.prefixes)}
    declared = SourceSettings(name="trail", type="s3", options=options)
    looking = search(Asked(url=f"s3://{BUCKET}{place}"), Settings(sources=(declared,)))
    objects: Any = Bucket(dict.fromkeys([SINGLE, MANY, "Config/a"], 1), allowed=allowed, name=BUCKET)
    return [it.key for at in looking.places for it in find(objects, looking.bucket, at, looking.wanted)]


@pytest.mark.parametrize(
    "place", ["", "/", "/AWSLogs", f"/AWSLogs/{ORGANIZATION}", f"/AWSLogs/{ORGANIZATION}/1111"]
)
def test_places_of_an_organisation_may_be_listed(place: str) -> None:
    assert listed(place, organization=ORGANIZATION) == [MANY]


@pytest.mark.parametrize("place", ["", "/AWSLogs/111122223333", "/AWSLogs/111122223333/CloudTrail"])
def test_places_of_one_account_may_be_listed(place: str) -> None:
    assert listed(place) == [SINGLE]


def test_what_the_source_does_not_follow_is_asked_for_as_it_is() -> None:
    with pytest.raises(WorldError, match="Config/ cannot be listed"):
        listed("/Config/")
