"""What lies in a bucket against the ledger and the lake: whatever is not there is told."""

import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete
from tests.e2e.test_backfill import backfill, upload
from tests.servers.clients import credentials
from tests.support import record, trailcam

from trailcam.app import bucket
from trailcam.app.backfill import Asked
from trailcam.app.bucket import hold_against_ledger
from trailcam.app.home import make_home, open_home
from trailcam.app.load import load
from trailcam.app.verify import verify
from trailcam.commit import tables as t
from trailcam.settings.schema import Settings

if TYPE_CHECKING:
    from tests.servers.seaweed import Seaweed

DAYS = ("2026/03/01", "2026/03/02")


def packed(*numbers: int) -> bytes:
    return gzip.compress(json.dumps({"Records": [record(number) for number in numbers]}).encode(), mtime=0)


def keys() -> list[str]:
    return [
        f"AWSLogs/{account}/CloudTrail/eu-west-1/{day}/{account}_CloudTrail_eu-west-1_{day.replace('/', '')}T0005Z_x.json.gz"
        for account in ("111122223333", "444455556666")
        for day in DAYS
    ]


@pytest.fixture
def env(seaweed: "Seaweed", monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (credentials() | {"AWS_ENDPOINT_URL": seaweed.endpoint}).items():
        monkeypatch.setenv(name, value)


def proved(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """(exit code, what `trailcam verify --format json` tells)."""
    done = trailcam("verify", *arguments, "--home", home, "--format", "json", env=dict(os.environ))
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.usefixtures("env")
def test_a_bucket_that_was_read_holds_and_each_event_is_found(tmp_path: Path, seaweed: "Seaweed") -> None:
    upload(seaweed, "whole", {key: packed(number, 100 + number) for number, key in enumerate(keys())})
    backfill(seaweed, "s3://whole", "--home", tmp_path / "home")
    code, told = proved(tmp_path / "home", "s3://whole", "--read")
    assert (code, told["bucket"]["objects"], told["bucket"]["whole"], told["reread"]) == (0, 4, 4, 8), told
    seaweed.client().delete_object(Bucket="whole", Key=keys()[0])
    one = ("--accounts", "111122223333")
    code, told = proved(tmp_path / "home", "s3://whole/AWSLogs", *one)
    assert (code, told["bucket"]["objects"], told["bucket"]["expired"], told["origins"]) == (0, 1, 1, 1)
    _, told = proved(tmp_path / "home", "s3://whole/AWSLogs", *one, "--since", "2026-03-02")
    assert (told["bucket"]["objects"], told["bucket"]["expired"]) == (1, 0)


@pytest.mark.usefixtures("env")
def test_what_is_not_in_the_ledger_is_named_once_it_has_lain_there_for_a_while(
    tmp_path: Path, seaweed: "Seaweed", monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(seaweed, "parts", {key: packed(number) for number, key in enumerate(keys())})
    backfill(seaweed, "s3://parts", "--home", tmp_path / "home")
    home = open_home(tmp_path / "home")
    with home.database.write() as state:
        state.execute(delete(t.origin).where(t.origin.c.name == f"s3://parts/{keys()[1]}"))
    client = seaweed.client()
    client.put_object(Bucket="parts", Key=keys()[2], Body=packed(77))
    client.put_object(Bucket="parts", Key="AWSLogs/never announced.json.gz", Body=packed(78))
    listed, _ = hold_against_ledger(Asked(url="s3://parts"), Settings(), home)
    assert (listed.objects, listed.whole, listed.on_their_way, listed.unknown, listed.expired) == (
        5,
        2,
        3,
        0,
        1,
    )
    monkeypatch.setattr(bucket, "ON_THEIR_WAY_SECONDS", -60)
    monkeypatch.setattr(bucket, "_PAGE", 2)
    checked = verify((), load(), Settings(), home, bucket=Asked(url="s3://parts"))
    assert not checked.holds
    assert checked.listed is not None
    named = {words.partition(": lies there since ")[0] for words in checked.listed.missing}
    assert named == {f"s3://parts/{key}" for key in (keys()[1], keys()[2], "AWSLogs/never announced.json.gz")}
    assert checked.listed.expired == 1


@pytest.mark.usefixtures("env")
def test_an_empty_prefix_and_a_bucket_that_is_not_there_are_told_apart(
    tmp_path: Path, seaweed: "Seaweed"
) -> None:
    upload(seaweed, "none", {"AWSLogs/a.json.gz": packed(1)})
    make_home(tmp_path)
    code, told = proved(tmp_path, "s3://none/wrong/")
    assert (code, told["bucket"]["objects"]) == (1, 0)
    assert "nothing lies" in told["missing"][0]
    away = trailcam("verify", "s3://not-there", "--home", tmp_path, env=dict(os.environ))
    assert away.returncode == 3, away.stderr


def test_what_is_asked_wrongly_is_told(tmp_path: Path) -> None:
    make_home(tmp_path)
    for wrong in (("--since", "2026-03-01"), ("s3://one", "s3://two"), ("s3://one", "--until", "soon")):
        assert trailcam("verify", *wrong, "--home", tmp_path).returncode == 2
