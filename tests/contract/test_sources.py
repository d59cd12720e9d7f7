"""What every source keeps that is followed live. A module inherits this suite by lying in `sources/live`.

A source that is new here writes its world below: how something comes to be announced, and how it fails.
"""

import gzip
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, cast
from uuid import uuid4

import pytest
from tests.servers.clients import credentials
from tests.support import stop_fork_server

from trailcam import registry
from trailcam.contracts.source import Blob, Grade, NotFetched, Notice, Plants, Source, Surroundings
from trailcam.errors import ERRORS, WorldError
from trailcam.forms import Form, check
from trailcam.model.timestamps import Micros
from trailcam.settings.sources import KIND, source_form
from trailcam.sources.live import folder
from trailcam.state.database import Database
from trailcam.yaml12 import Document

FORKSERVER = multiprocessing.get_context("forkserver")

LARGE = 3 << 20
"""More than lies in memory."""


class World(Protocol):
    """What a source follows, as a test changes it."""

    @property
    def options(self) -> dict[str, Any]:
        """The settings of a source that follows it."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Something new is there; what lay there under the name is replaced."""
        ...

    def remove(self, name: str) -> None:
        """It is gone, though it was announced."""
        ...

    def end(self) -> None:
        """It cannot be reached any more."""
        ...

    def come_back(self) -> None:
        """It can be reached again."""
        ...


class FolderWorld:
    """A folder into which whole files are moved."""

    def __init__(self, tmp_path: Path, **_: Any) -> None:
        self.path = tmp_path / "followed"
        self.path.mkdir()
        self.options = {"path": self.path, "quiet_seconds": 0.3}

    def put(self, name: str, data: bytes) -> None:
        hidden = self.path / f".{name}"
        hidden.write_bytes(data)
        hidden.rename(self.path / name)

    def remove(self, name: str) -> None:
        (self.path / name).unlink()

    def end(self) -> None:
        self.path.rename(self.path.with_name("away"))

    def come_back(self) -> None:
        self.path.with_name("away").rename(self.path)


class S3World:
    """A bucket whose new objects are announced in a queue, both behind a server that may refuse."""

    def __init__(self, tmp_path: Path, *, server: Any, stack: ExitStack) -> None:  # as all worlds
        from tests.servers.proxy import proxy

        self.faults = stack.enter_context(proxy(server.endpoint))
        self.s3, sqs = server.client("s3"), server.client("sqs")
        self.bucket = f"trail-{uuid4().hex[:12]}"
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        queue = sqs.create_queue(QueueName=self.bucket)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            },
        )
        path = queue.removeprefix(server.endpoint)
        self.options = {
            "queue": f"{self.faults.endpoint}{path}",
            "endpoint": self.faults.endpoint,
            "canary_place": f"s3://{self.bucket}/canary/",
            "hidden_seconds": 2,
        }

    def put(self, name: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=data)

    def remove(self, name: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=name)

    def end(self) -> None:
        from tests.servers.faults import UNAVAILABLE

        self.faults.add(UNAVAILABLE)

    def come_back(self) -> None:
        self.faults.clear()


WORLDS: dict[str, Callable[..., World]] = {"folder": FolderWorld, "s3": S3World}
SERVERS = {"s3": "ministack"}

each_type = pytest.mark.parametrize("name", registry.names(KIND))


class Followed:
    """A source that follows a world, and may be opened anew."""

    def __init__(self, name: str, world: World, tmp_path: Path) -> None:
        self.name = name
        self.world = world
        self.spool = tmp_path / "spool"
        self.spool.mkdir()
        self.database = Database(tmp_path / "state.db")
        self.database.migrate()
        self.opened: list[Source] = []
        self.open()

    @property
    def source(self) -> Source:
        return self.opened[-1]

    def open(self) -> None:
        """As after a crash: who had it before is not heard of any more."""
        module = registry.load(KIND, self.name)
        self.opened.append(module.open_source("place", dict(self.world.options), database=self.database))

    def announced(self, count: int, *, seconds: float = 15) -> list[Notice]:
        """So many announcements."""
        found: list[Notice] = []
        ends = time.monotonic() + seconds
        while len(found) < count:
            assert time.monotonic() < ends, [it.name for it in found]
            found += self.source.receive(wait_seconds=1)
        return found

    def nothing_for(self, seconds: float) -> bool:
        """Whether nothing is announced for so long."""
        ends = time.monotonic() + seconds
        found: list[Notice] = []
        while time.monotonic() < ends and not found:
            found += self.source.receive(wait_seconds=min(1, max(0, ends - time.monotonic())))
        return not found

    def fetch(self, notice: Notice) -> Blob:
        return self.source.fetch(notice, spool=self.spool)


@pytest.fixture
def followed(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Followed]:
    """What is followed, in a hurry: the pauses of sources are those of patient machines."""
    for variable, value in credentials().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(folder, "_LOOK_SECONDS", 0.1)
    with ExitStack() as stack:
        server = {"server": request.getfixturevalue(SERVERS[name]), "stack": stack} if name in SERVERS else {}
        following = Followed(name, WORLDS[name](tmp_path, **server), tmp_path)
        yield following
        for source in following.opened:
            source.close()
            source.close()


def ends_with(notices: Sequence[Notice]) -> list[str]:
    return sorted(it.name.rpartition("/")[2] for it in notices)


def read(blob: Blob) -> bytes:
    with blob.open() as chunks:
        found = list(chunks)
    assert all(0 < len(chunk) <= 1 << 20 for chunk in found)
    return b"".join(found)


@each_type
def test_a_type_has_what_the_contract_asks_for(name: str) -> None:
    module = registry.load(KIND, name)
    assert isinstance(module.FORM, Form)
    assert all(key.doc for key in module.FORM.keys.values())
    assert module.__doc__
    assert {"type", "tries"} <= source_form(name).keys.keys()
    assert {"type", "tries"} & module.FORM.keys.keys() == set()


@each_type
def test_its_settings_pass_its_form(name: str, followed: Followed) -> None:
    written = {key: str(it) if isinstance(it, Path) else it for key, it in followed.world.options.items()}
    document = Document(Path("trailcam.toml"), {"type": name, **written})
    assert check(document, source_form(name)) == []
    wrong = Document(Path("trailcam.toml"), {"type": name, **written, "unheard_of": 1})
    assert len(check(wrong, source_form(name))) == 1


@each_type
def test_to_open_one_reaches_for_nothing(name: str, followed: Followed) -> None:
    followed.world.end()
    followed.open()
    assert followed.source.pollers >= 1
    assert followed.source.hold_seconds > 0


@each_type
def test_everything_new_is_announced_and_read_as_it_is(name: str, followed: Followed) -> None:
    things = {
        "a b.json": b"",
        "ü.json": b'{"a": 1}',
        "c.json.gz": gzip.compress(b"{}"),
        "large.json": os.urandom(LARGE),
    }
    for thing, data in things.items():
        followed.world.put(thing, data)
    notices = followed.announced(len(things))
    assert ends_with(notices) == sorted(things)
    for notice in notices:
        blob = followed.fetch(notice)
        data = things[notice.name.rpartition("/")[2]]
        assert read(blob) == read(blob) == data
        assert notice.tries == 1
        assert blob.origin.id == (notice.origin_id or blob.origin.id)
        assert (blob.origin.source_id, blob.origin.source_label) == ("place", "place")
        assert (blob.origin.name, blob.origin.size_bytes) == (notice.name, len(data))
        assert notice.size_bytes == len(data)
        blob.acknowledge()
        blob.acknowledge()
    assert list(followed.spool.iterdir()) == []


def read_elsewhere(blob: Blob) -> bytes:
    """In a process that has no credentials."""
    assert not any(name.startswith("AWS_") for name in os.environ)
    return read(blob)


@each_type
def test_what_was_fetched_can_be_opened_in_another_process_without_credentials(
    name: str, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = {"small.json": b"{}", "large.json": os.urandom(LARGE)}
    for thing, data in things.items():
        followed.world.put(thing, data)
    blobs = [followed.fetch(notice) for notice in followed.announced(2)]
    for variable in [it for it in os.environ if it.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    stop_fork_server()
    with FORKSERVER.Pool(1) as pool:
        for blob in blobs:
            assert pool.apply(read_elsewhere, (blob,)) == things[blob.origin.name.rpartition("/")[2]]


@each_type
def test_an_origin_is_the_same_whenever_it_is_announced_and_another_when_it_changes(
    name: str, followed: Followed
) -> None:
    followed.world.put("a.json", b"first")
    (first,) = followed.announced(1)
    origin = followed.fetch(first).origin
    followed.source.postpone([first], seconds=0)
    (again,) = followed.announced(1)
    assert followed.fetch(again).origin == origin
    followed.source.settle([again])
    followed.world.put("a.json", b"second")
    (second,) = followed.announced(1)
    assert followed.fetch(second).origin.id != origin.id


@each_type
def test_what_is_settled_is_not_announced_again_also_to_who_comes_later(
    name: str, followed: Followed
) -> None:
    followed.world.put("a.json", b"{}")
    followed.world.put("b.json", b"{}")
    followed.source.settle(followed.announced(2))
    followed.source.settle([])
    assert followed.nothing_for(2.5)
    followed.open()
    assert followed.nothing_for(1)


@each_type
def test_what_is_not_settled_is_announced_again_to_who_comes_later(name: str, followed: Followed) -> None:
    followed.world.put("a.json", b"{}")
    followed.world.put("b.json", b"{}")
    one, _ = sorted(followed.announced(2), key=lambda it: it.name)
    followed.source.settle([one])
    followed.open()
    assert ends_with(followed.announced(1)) == ["b.json"]


@each_type
def test_what_is_given_back_comes_again_after_that_time_and_tells_how_often(
    name: str, followed: Followed
) -> None:
    followed.world.put("a.json", b"{}")
    (notice,) = followed.announced(1)
    followed.source.postpone([], seconds=0)
    followed.source.postpone([notice], seconds=2)
    begun = time.monotonic()
    assert followed.nothing_for(1.0)
    (again,) = followed.announced(1)
    assert time.monotonic() - begun >= 1.5
    assert (again.name, again.origin_id, again.tries) == (notice.name, notice.origin_id, 2)
    followed.source.postpone([again], seconds=0)
    (third,) = followed.announced(1)
    assert third.tries == 3


@each_type
def test_what_is_held_is_not_announced_again(name: str, followed: Followed) -> None:
    followed.world.put("a.json", b"{}")
    notices = followed.announced(1)
    followed.source.hold([])
    ends = time.monotonic() + 4
    while time.monotonic() < ends:
        followed.source.hold(notices)
        assert followed.nothing_for(0.8)


@each_type
def test_what_is_gone_is_not_fetched_and_says_why(name: str, followed: Followed) -> None:
    followed.world.put("a.json", b"{}")
    (notice,) = followed.announced(1)
    followed.world.remove("a.json")
    with pytest.raises(NotFetched) as refused:
        followed.fetch(notice)
    assert refused.value.detail
    assert refused.value.reason in {entry.code for entry in ERRORS.values()}
    assert list(followed.spool.iterdir()) == []
    followed.source.settle([notice])
    assert followed.nothing_for(2.5)


@each_type
def test_a_world_that_ends_is_told_as_such_and_loses_nothing(name: str, followed: Followed) -> None:
    followed.world.put("a.json", b"{}")
    followed.world.put("b.json", b"{}")
    notices = followed.announced(2)
    followed.world.end()
    with pytest.raises(WorldError) as failed:
        followed.source.receive(wait_seconds=0)
        followed.source.receive(wait_seconds=1)
    assert failed.value.problems[0].message
    followed.source.hold(notices)
    followed.source.settle(notices[:1])
    followed.source.postpone(notices[1:], seconds=0)
    followed.world.come_back()
    followed.world.put("c.json", b"{}")
    assert {"c.json", ends_with(notices[1:])[0]} <= set(ends_with(followed.announced(2)))


@each_type
def test_who_is_closed_while_something_is_in_hand_harms_nothing(name: str, followed: Followed) -> None:
    followed.world.put("a.json", b"{}")
    notices = followed.announced(1)
    blob = followed.fetch(notices[0])
    followed.source.close()
    followed.source.close()
    assert read(blob) == b"{}"
    followed.open()
    assert ends_with(followed.announced(1)) == ["a.json"]


@each_type
def test_what_is_planted_is_announced_and_takes_the_place_of_the_last(name: str, followed: Followed) -> None:
    if not hasattr(followed.source, "plant"):
        return  # a source need not take anything
    planting = cast(Plants, followed.source)
    for data in (b'{"first": 1}', b'{"second": 2}'):
        planting.plant(data)
        (notice,) = followed.announced(1)
        assert read(followed.fetch(notice)) == data
        followed.source.settle([notice])
    followed.world.end()
    with pytest.raises(WorldError):
        planting.plant(b"{}")


@each_type
@pytest.mark.parametrize("peek", [False, True], ids=["from afar", "peeking"])
def test_who_looks_into_it_finds_something_and_changes_nothing(
    name: str, followed: Followed, peek: bool
) -> None:
    surroundings = Surroundings(
        tries=5, database=followed.database, read=lambda _: (), names=(), peek=peek, now=Micros(0)
    )
    module = registry.load(KIND, name)

    def found() -> list[Any]:
        return list(module.examine("place", dict(followed.world.options), surroundings=surroundings))

    followed.world.put("a.json", b"{}")
    works = found()
    assert all(it.check and it.found and not it.found.endswith(".") for it in works)
    assert ends_with(followed.announced(1)) == ["a.json"]
    followed.world.end()
    fails = found()
    assert max(it.grade for it in fails) > Grade.WARNING
    assert [(it.check, it.grade) for it in works] != [(it.check, it.grade) for it in fails]


@each_type
def test_several_threads_receive_each_thing_once(name: str, followed: Followed) -> None:
    from concurrent.futures import ThreadPoolExecutor

    names = [f"{number:02}.json" for number in range(30)]
    for thing in names:
        followed.world.put(thing, thing.encode())
    found: list[Notice] = []

    def receive() -> None:
        ends = time.monotonic() + 15
        while len(found) < len(names) and time.monotonic() < ends:
            notices = followed.source.receive(wait_seconds=0.2)
            blobs = [followed.fetch(notice) for notice in notices]
            assert [read(it).decode() for it in blobs] == [it.name.rpartition("/")[2] for it in notices]
            followed.source.settle(notices)
            found.extend(notices)

    with ThreadPoolExecutor(4) as pool:
        for receiving in [pool.submit(receive) for _ in range(4)]:
            receiving.result()
    assert ends_with(found) == names
