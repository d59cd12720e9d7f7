"""The past of a bucket: what a backfill keeps is what a run over the same bytes keeps."""

import gzip
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.buckets import Bucket
from tests.kept import everything, verified, write_rules, write_tree
from tests.servers.clients import credentials
from tests.support import record, trailcam

from trailcam.app import backfill as module
from trailcam.app.home import make_home
from trailcam.app.load import load
from trailcam.errors import Problem, WorldError, code
from trailcam.settings.schema import Settings
from trailcam.sources import s3_past

if TYPE_CHECKING:
    from tests.servers.seaweed import Seaweed

SAME = ("events", "matches", "errors", "windows", "alerts")


def backfill(server: "Seaweed", *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    """(exit code, summary, what was told)."""
    env = {**os.environ, **credentials(), "AWS_ENDPOINT_URL": server.endpoint}
    done = trailcam("backfill", *arguments, "--summary", "json", env=env)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def upload(server: "Seaweed", bucket: str, objects: dict[str, bytes]) -> None:
    client = server.client()
    client.create_bucket(Bucket=bucket)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda item: client.put_object(Bucket=bucket, Key=item[0], Body=item[1]), objects.items()
            )
        )


def test_a_backfill_keeps_what_a_run_over_the_same_bytes_keeps_and_nothing_twice(
    tmp_path: Path, seaweed: "Seaweed"
) -> None:
    records = write_tree(tmp_path / "tree", objects=60)
    rules = write_rules(tmp_path / "rules")
    paths = sorted((tmp_path / "tree").rglob("*.gz"))
    upload(
        seaweed, "past", {f"logs/{path.relative_to(tmp_path / 'tree')}": path.read_bytes() for path in paths}
    )
    trailcam("run", tmp_path / "tree", "--packs", rules, "--home", tmp_path / "plain")
    code, told, words = backfill(seaweed, "s3://past/logs", "--packs", rules, "--home", tmp_path / "home")
    assert (code, told["records"], told["origins"]) == (1, records, 60), words
    plain, past = everything(tmp_path / "plain"), everything(tmp_path / "home")
    for part in SAME:
        assert past[part] == plain[part], part
    assert verified(tmp_path / "home").holds
    again = backfill(seaweed, "s3://past/logs", "--packs", rules, "--home", tmp_path / "home")
    assert (again[1]["records"], again[1]["new_events"], again[1]["new_matches"]) == (records, 0, 0)
    kinds = trailcam(
        "query", "--home", tmp_path / "home", "SELECT DISTINCT kind FROM runs", "--format", "jsonl"
    )
    assert json.loads(kinds.stdout) == {"kind": "backfill"}


@pytest.mark.slow
def test_only_the_accounts_regions_and_days_that_are_asked_for_are_read(
    tmp_path: Path, seaweed: "Seaweed"
) -> None:
    objects = {}
    number = 0
    for account in ("111122223333", "444455556666"):
        for region in ("eu-central-1", "us-east-1"):
            for day in ("2026/02/28", "2026/03/01", "2026/03/02", "2027/01/01"):
                number += 1
                stamp = day.replace("/", "")
                key = f"org/AWSLogs/o-exampleorgid/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{stamp}T0005Z_{number:016}.json.gz"
                objects[key] = gzip.compress(json.dumps({"Records": [record(number)]}).encode(), mtime=0)
    objects["org/AWSLogs/o-exampleorgid/111122223333/CloudTrail/eu-central-1/notes.txt"] = b""
    upload(seaweed, "organisation", objects)

    def read(*arguments: str) -> int:
        home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
        _, told, words = backfill(seaweed, *arguments, "--home", home)
        assert told, words
        return int(told["events"])

    days = ("--since", "2026-03-01", "--until", "2026-03-02")
    assert read("s3://organisation/org", *days) == 8
    assert read("s3://organisation/org/AWSLogs", *days, "--accounts", "111122223333") == 4
    assert read("s3://organisation", *days, "--regions", "us-east-1", "--accounts", "444455556666") == 2
    assert read("s3://organisation/org/AWSLogs/o-exampleorgid/4444", "--until", "2026-02-28") == 2
    assert read("s3://organisation", "--since", "2026-12-31") == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("s3:/bucket",), "no place in S3"),
        (("s3://bucket", "--since", "yesterday"), "--since is a day"),
        (("s3://bucket", "--source", "other"), 'no source "other"'),
    ],
)
def test_what_is_asked_wrongly_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = trailcam("backfill", *arguments, "--home", tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_backfill_of_nothing_says_what_can_be_named(tmp_path: Path) -> None:
    done = trailcam("backfill", "--home", tmp_path)
    assert done.returncode == 2
    assert "--rule" in done.stderr


def test_a_bucket_that_is_not_there_ends_the_backfill_as_a_fault_of_the_world(
    tmp_path: Path, seaweed: "Seaweed"
) -> None:
    code, told, words = backfill(seaweed, "s3://no-such-bucket/AWSLogs/", "--home", tmp_path)
    assert (code, told["origins"]) == (3, 0)
    assert "error[TC0801]: s3://no-such-bucket/AWSLogs/ cannot be listed" in words


@pytest.mark.slow
def test_a_source_s_past_is_that_of_its_prefixes_and_what_is_mistyped_is_told(
    tmp_path: Path, seaweed: "Seaweed"
) -> None:
    packed = [gzip.compress(json.dumps({"Records": [record(number)]}).encode(), mtime=0) for number in (1, 2)]
    account = "111122223333"
    followed = f"AWSLogs/o-exampleorgid/{account}/CloudTrail/eu-west-1/2026/03/01/a.json.gz"
    upload(seaweed, "followed", {followed: packed[0], "access/b.json.gz": packed[1]})
    settings = tmp_path / "trailcam.toml"
    settings.write_text(
        '[sources.trail]\ntype = "s3"\nqueue = "http://127.0.0.1:1/111122223333/trailcam"\n'
        f'endpoint = "{seaweed.endpoint}"\nregion = "eu-west-1"\nprefixes = ["AWSLogs/o-exampleorgid/"]\n'
    )
    own = ("--config", settings, "--home", tmp_path / "home")
    code, told, words = backfill(seaweed, "s3://followed", *own)
    assert (code, told["origins"]) == (0, 1), words
    assert "it follows s3://followed/AWSLogs/o-exampleorgid/ only" in words
    code, told, words = backfill(seaweed, "s3://followed/AWSLogs", *own, "--accounts", "111122223334")
    assert (code, told["origins"]) == (0, 0)
    assert f"nothing of account 111122223334 lies there; accounts there: {account}" in words
    assert backfill(seaweed, "s3://followed/access/", *own)[1]["origins"] == 1


class Expired(Bucket):
    """A bucket that is listed, and then the credentials do not hold any more."""

    def fetch(self, *_: Any, **__: Any) -> Any:
        """See `Objects.fetch`."""
        raise WorldError(Problem(code=code("source_refused"), message="s3://trail: ExpiredToken"))

    def close(self) -> None:
        """See `Objects.close`."""


def test_credentials_that_end_meanwhile_end_the_backfill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_past, "PATIENCE_SECONDS", 0.5)
    expired = Expired({f"AWSLogs/{number}.json": 1 for number in range(20)})
    monkeypatch.setattr(module, "objects_of", lambda *_: ("trail", expired, 5))
    made = module.backfill(
        module.Asked(url="s3://trail"),
        load(),
        Settings(),
        make_home(tmp_path),
        stop=threading.Event(),
        told=lambda *_, **__: None,
        workers=1,
    )
    assert made.exit_code == 3
    assert [problem.message for problem in made.problems] == ["s3://trail: ExpiredToken"]
    assert made.letters == {}
