"""A listing passes over folders, and gives what a look at every object of the bucket would give, each once."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.buckets import WRITTEN, Bucket

from trailcam.sources.files import time_in_name
from trailcam.sources.s3_listing import Wanted, find, fits
from trailcam.sources.s3_notifications import S3Object

ACCOUNTS = ["111122223333", "444455556666"]
REGIONS = ["eu-west-1", "us-gov-east-1"]
DAYS = [date(2025, 10, 9), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 10), date(2026, 10, 2)]

dated = st.builds(
    lambda day, form: form.format(day.year, day.month, day.day),
    st.sampled_from(DAYS) | st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["{}/{:02}/{:02}", "{}/{}/{}", "{}/{:02}", "{}", "{}/{}/{}/05"]),
)
folders = st.one_of(
    dated,
    st.sampled_from([*ACCOUNTS, *REGIONS]),
    st.sampled_from(["AWSLogs", "CloudTrail", "2026", "13", "07", "31", "2", "", "0", "20266", "notes"]),
)
names = st.sampled_from(["a", "2026", "x_20260210T0010Z_y.gz", "x_20251231T2359Z_y.gz", "111122223333", ""])
keys = st.builds(lambda parts, name: "/".join([*parts, name]), st.lists(folders, max_size=5), names).filter(
    bool
)


@st.composite
def listings(draw: st.DrawFn) -> tuple[Bucket, str, Wanted]:
    """A bucket, a place in it, and what is wanted of it."""
    bucket = Bucket(draw(st.dictionaries(keys, st.integers(0, 1), min_size=1, max_size=12)))
    key = draw(st.sampled_from(sorted(bucket.sizes)))
    days = (
        st.none() | st.sampled_from([*DAYS, WRITTEN.date()]) | st.dates(date(2025, 1, 1), date(2026, 12, 31))
    )
    wanted = Wanted(
        accounts=draw(st.lists(st.sampled_from(ACCOUNTS), max_size=1)),
        regions=draw(st.lists(st.sampled_from(REGIONS), max_size=1)),
        since=draw(days),
        until=draw(days),
    )
    return bucket, key[: draw(st.integers(0, len(key)))], wanted


def plainly(it: S3Object, place: str, wanted: Wanted) -> bool:
    """Whether an object is wanted, by itself, in the plainest words."""
    if not it.key.startswith(place) or (it.key.endswith("/") and not it.size_bytes):
        return False
    folders = it.key.split("/")[:-1]
    named = place.split("/") if it.key.startswith(f"{place}/") else place.split("/")[:-1]
    for asked, all_of_them in ((wanted.accounts, ACCOUNTS), (wanted.regions, REGIONS)):
        if asked and any(name in all_of_them and name not in asked for name in folders[len(named) :]):
            return False
    since, until = wanted.since or date.min, wanted.until or date.max
    for year, month, day in zip(folders, folders[1:], [*folders[2:], ""], strict=False):
        if year in ("2025", "2026") and month.isdigit() and len(month) < 3 and 1 <= int(month) <= 12:
            try:
                return since <= date(int(year), int(month), int(day) if len(day) < 3 else 0) <= until
            except ValueError:  # the month alone is told: what may be wanted is
                first, later = (
                    date(int(year), int(month), 1),
                    (int(year) + int(month) // 12, int(month) % 12 + 1),
                )
                return first <= until and date(*later, 1) > since
    time = time_in_name(it.key.split("/")[-1])
    day_of_it = WRITTEN.date() if time is None else datetime.fromtimestamp(time / 1e6, UTC).date()
    return since <= day_of_it <= until


@given(listings())
def test_a_listing_is_a_plain_look_at_every_object(given: tuple[Bucket, str, Wanted]) -> None:
    bucket, place, wanted = given
    objects: Any = bucket
    found = sorted(it.key for it in find(objects, "trail", place, wanted))
    assert found == [it.key for it in bucket.objects() if plainly(it, place, wanted)]


@given(listings())
def test_what_fits_by_its_key_is_listed(given: tuple[Bucket, str, Wanted]) -> None:
    bucket, place, wanted = given
    objects: Any = bucket
    found = {it.key for it in find(objects, "trail", place, wanted)}
    for it in bucket.objects():
        if it.size_bytes and it.key.startswith(place) and fits(it.key, wanted, place=place):
            assert it.key in found
