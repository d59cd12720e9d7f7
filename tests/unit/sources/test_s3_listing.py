"""What of a bucket is wanted is found, each object once, however its keys are written."""

from datetime import date, timedelta
from typing import Any

import pytest
from tests.buckets import Bucket

from trailcam.sources.s3_listing import Met, Wanted, find, places

REGION = "AWSLogs/111122223333/CloudTrail/eu-west-1/"


def found(bucket: Bucket, place: str = "", *, met: Met | None = None, **wanted: Any) -> list[str]:
    objects: Any = bucket
    return [it.key for it in find(objects, "trail", place, Wanted(**wanted), met=met)]


def bucket(*keys: str) -> Bucket:
    return Bucket(dict.fromkeys(keys, 1))


def test_days_without_zeros_are_found_wherever_their_keys_stand() -> None:
    days = bucket(*(f"t/2026/10/{day}/a" for day in range(1, 32)))
    wanted = [f"t/2026/10/{day}/a" for day in range(1, 6)]
    assert sorted(found(days, "t/", since=date(2026, 10, 1), until=date(2026, 10, 5))) == wanted
    months = bucket(*(f"t/{year}/{month}/1/a" for year in (2025, 2026) for month in range(1, 13)))
    across = found(months, "t/", since=date(2025, 11, 1), until=date(2026, 3, 1))
    assert sorted(across) == sorted(
        f"t/{month}/1/a" for month in ("2025/11", "2025/12", "2026/1", "2026/2", "2026/3")
    )


@pytest.mark.parametrize(
    "place", ["", REGION, f"{REGION}2026/", f"{REGION}2026/03/05/", f"{REGION}2026/03/0", REGION[:20]]
)
def test_the_day_in_a_key_counts_wherever_the_place_lies(place: str) -> None:
    """The names of GuardDuty's files tell no time, and the copy of a bucket is younger than what it holds."""
    guarded = bucket(f"{REGION}2026/03/05/0a-uuid.jsonl.gz", f"{REGION}2026/04/05/0b-uuid.jsonl.gz")
    wanted: dict[str, Any] = {"since": date(2026, 3, 5), "until": date(2026, 3, 6)}
    assert found(guarded, place, **wanted) == [f"{REGION}2026/03/05/0a-uuid.jsonl.gz"]


def test_what_lies_beside_years_is_found_once() -> None:
    keys = ("t/2026/03/01/a", "t/readme", "t/zz/a")
    assert found(bucket(*keys), "t/") == list(keys)
    assert sorted(found(bucket(*keys), "t/", since=date(2026, 1, 1))) == list(keys)


def test_accounts_are_heeded_beside_years_and_where_a_place_is_half_a_name() -> None:
    keys = bucket("t/2026/03/01/a", "t/999988887777/x", "t/111122223333/y")
    assert found(keys, "t/", accounts=["111122223333"]) == ["t/111122223333/y", "t/2026/03/01/a"]
    assert found(keys, "t/1", accounts=["111122223333"]) == ["t/111122223333/y"]
    assert found(keys, "t/9", accounts=["111122223333"]) == []


def test_what_the_place_names_is_wanted() -> None:
    keys = bucket("123456789012/AWSLogs/111122223333/a", "123456789012/AWSLogs/444455556666/a")
    for place in ("123456789012", "123456789012/", "123456789012/AWSLogs/111122223333"):
        assert found(keys, place, accounts=["111122223333"]) == ["123456789012/AWSLogs/111122223333/a"]


def test_a_number_like_a_year_hides_nothing() -> None:
    assert found(bucket("customers/2048/a"), until=date(2026, 12, 1)) == ["customers/2048/a"]


def test_years_are_listed_with_few_requests() -> None:
    days = (date(2024, 1, 1) + timedelta(days) for days in range(3 * 365))
    past = bucket(*(f"{REGION}{day:%Y/%m/%d}/a" for day in days))
    assert len(found(past, since=date(2024, 12, 30))) == 2 + 365 + 364
    assert len(past.asked) < 20
    past.asked.clear()
    assert len(found(past)) == 3 * 365
    assert len(past.asked) == 1


def test_accounts_that_do_not_lie_there_are_named_with_those_that_do() -> None:
    keys = bucket(f"{REGION}2026/03/01/a", REGION.replace("1111", "4444") + "2026/03/01/a")
    met = Met()
    wanted = Wanted(accounts=["111122223333", "111122223334"], regions=["eu-west-1"])
    assert found(keys, met=met, accounts=wanted.accounts, regions=wanted.regions) == [f"{REGION}2026/03/01/a"]
    (said,) = met.absent(wanted)
    assert said == "nothing of account 111122223334 lies there; accounts there: 111122223333, 444422223333"
    assert list(Met().absent(Wanted(regions=["eu-wst-1"]))) == [
        "nothing of region eu-wst-1 lies there; no region does"
    ]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["AWSLogs/o-x/", "logs/"]),
        ("AWSLogs", ["AWSLogs/o-x/"]),
        ("AWSLogs/o-x", ["AWSLogs/o-x/"]),
        ("AWSLogs/o-x/1", ["AWSLogs/o-x/1"]),
        ("else/", ["else/"]),
    ],
)
def test_only_what_a_source_follows_is_listed_each_prefix_once(prefix: str, expected: list[str]) -> None:
    assert places(prefix, ["logs/", "AWSLogs/o-x/", "AWSLogs/o-x/111122223333/", "logs/"]) == expected
    assert places(prefix, []) == [prefix]
