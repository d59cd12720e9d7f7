"""How the newest object is looked for, in a bucket that is a list of keys."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.objects import Search
from trailcam.sources.s3_settings import S3Settings

TRAIL = "AWSLogs/111122223333/CloudTrail"
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


class Bucket:
    """Objects that came one after the other, an hour each."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.listed: list[str] = []

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # boto3's own
        self.listed.append(Prefix)
        folders: dict[str, None] = {}
        contents = []
        for number, key in enumerate(self.keys):
            if not key.startswith(Prefix):
                continue
            name, slash, _rest = key[len(Prefix) :].partition("/")
            if slash:
                folders[f"{Prefix}{name}/"] = None
            else:
                at = BEGIN + timedelta(hours=number)
                contents.append({"Key": key, "ETag": '"e"', "Size": 1, "LastModified": at})
        return {"CommonPrefixes": [{"Prefix": it} for it in folders], "Contents": contents}


def search(bucket: Bucket, *prefixes: str, known: tuple[str, ...] = ()) -> Search:
    access = Access(own=None, session=None, settings=S3Settings(name="trail", queue="http://127.0.0.1/q"))
    vars(access)["s3"] = SimpleNamespace(list_objects_v2=bucket.list_objects_v2)
    looked = Search(access, "amzn-s3-demo-trail")
    looked.look(prefixes, known=known)
    return looked


def test_days_are_looked_at_from_the_last_on_and_earlier_ones_not_at_all() -> None:
    keys = [f"{TRAIL}/eu-central-1/2026/{day}/a.json.gz" for day in ("9/30", "10/2", "11/9", "11/10")]
    bucket = Bucket(*keys)
    found = search(bucket, TRAIL)
    assert found.newest is not None
    assert found.newest.key == keys[-1]
    assert found.newest.origin_id == f"s3://amzn-s3-demo-trail/{keys[-1]}#e"
    assert f"{TRAIL}/eu-central-1/2026/11/9/" not in bucket.listed
    assert found.whole


def test_the_newest_of_several_regions_counts_and_what_lies_beside_the_log_too() -> None:
    keys = (
        f"{TRAIL}/us-east-1/2026/11/10/a.json.gz",
        f"{TRAIL}/eu-central-1/2026/11/10/b.json.gz",
        f"{TRAIL}-Digest/eu-central-1/2026/11/10/c.json.gz",
    )
    bucket = Bucket(*keys)
    found = search(bucket, TRAIL)
    assert found.newest is not None
    assert found.newest.key == keys[-1]
    assert bucket.listed.index(f"{TRAIL}-Digest/") > bucket.listed.index(f"{TRAIL}/us-east-1/")


def test_not_all_accounts_of_an_organisation_are_looked_at_and_that_is_known() -> None:
    below = "AWSLogs/o-exampleorgid"
    for accounts, regions in ((100, 1), (8, 8)):
        keys = [
            f"{below}/{n:012}/CloudTrail/r-{m}/2026/11/1/a.gz"
            for n in range(accounts)
            for m in range(regions)
        ]
        bucket = Bucket(*keys)
        found = search(bucket, f"{below}/")
        assert found.newest is not None
        assert not found.whole
        assert len(bucket.listed) <= 60


def test_where_something_came_from_lately_is_looked_at_first() -> None:
    keys = [f"AWSLogs/o-exampleorgid/{n:012}/CloudTrail/r/2026/11/1/a.gz" for n in range(100)]
    known = f"s3://amzn-s3-demo-trail/{keys[-1]}"
    found = search(Bucket(*keys), "AWSLogs/o-exampleorgid/", known=(known, "s3://elsewhere/x/y"))
    assert found.newest is not None
    assert found.newest.key == keys[-1]


def test_prefixes_below_which_nothing_lies_are_named() -> None:
    found = search(Bucket("exports/a"), "exports/", "AWSLogs/")
    assert found.empty == ["AWSLogs/"]
