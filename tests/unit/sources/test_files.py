import hashlib
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from trailcam.contracts.codec import Unpackable
from trailcam.errors import TrailcamError, code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.timestamps import to_rfc3339
from trailcam.sources.files import LocalBlob, claim, find


def claimed(path: Path) -> LocalBlob:
    blob = claim(path, spool=path.parent)
    assert isinstance(blob, LocalBlob)
    return blob


def read(blob: LocalBlob) -> bytes:
    with blob.open() as chunks:
        return b"".join(chunks)


def test_the_digest_of_its_bytes_is_the_identity_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"abc")
    (tmp_path / "b.json").write_bytes(b"abc")
    assert claimed(tmp_path / "a.json").origin.id == f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
    assert claimed(tmp_path / "a.json").origin.id == claimed(tmp_path / "b.json").origin.id


def test_a_file_is_read_as_it_was_claimed_any_number_of_times(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(bytes(range(256)) * 9000)
    blob = claimed(tmp_path / "a.json")
    assert read(blob) == read(blob) == bytes(range(256)) * 9000
    assert blob.origin.size_bytes == 256 * 9000


def test_a_file_that_changed_between_two_readings_says_so_after_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"abc")
    blob = claimed(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b"abcd")
    got = b""
    with pytest.raises(Unpackable) as caught, blob.open() as chunks:
        for chunk in chunks:
            got += chunk
    assert (got, caught.value.reason) == (b"abcd", code("origin_changed"))


def test_a_file_that_vanished_after_it_was_claimed_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"abc")
    blob = claimed(tmp_path / "a.json")
    (tmp_path / "a.json").unlink()
    with pytest.raises(Unpackable) as caught, blob.open():
        pass
    assert caught.value.reason == code("origin_unreadable")


def test_a_file_that_vanished_before_it_was_claimed_is_a_dead_letter(tmp_path: Path) -> None:
    letter = claim(tmp_path / "gone.json", spool=tmp_path)
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.origin_name) == (code("origin_unreadable"), str(tmp_path / "gone.json"))


def test_the_identity_of_a_file_that_cannot_be_read_is_text_whatever_its_name(tmp_path: Path) -> None:
    letter = claim(tmp_path / os.fsdecode(b"bad\xff.json"), spool=tmp_path)
    assert isinstance(letter, DeadLetter)
    assert letter.origin_id == f"path:{tmp_path}/bad\\udcff.json"


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("111122223333_CloudTrail_eu-west-1_20260901T0010Z_abcdEFGH12345678.json.gz", "2026-09-01T00:10:00Z"),
        (
            "111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260901T001030Z.json",
            "2026-09-01T00:10:30Z",
        ),
        ("111122223333_CloudTrail_eu-west-1_20269901T0010Z_x.json", "2020-09-13T12:26:40Z"),
        ("plain.json", "2020-09-13T12:26:40Z"),
    ],
)
def test_the_time_in_the_name_stands_in_else_the_last_change(tmp_path: Path, name: str, time: str) -> None:
    (tmp_path / name).write_bytes(b"{}")
    os.utime(tmp_path / name, (1_600_000_000, 1_600_000_000))
    assert to_rfc3339(claimed(tmp_path / name).origin.fallback_time) == time


def test_folders_give_their_logs_at_any_depth_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in (
        "b.JSON.GZ",
        "a/z.log",
        "a/b/c.ndjson",
        "a.jsonl",
        "notes.txt",
        ".hidden.json",
        ".git/x.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = find([tmp_path])
    assert [str(path.relative_to(tmp_path)) for path in found.files] == [
        "a.jsonl", "b.JSON.GZ", "a/z.log", "a/b/c.ndjson",
    ]  # fmt: skip
    assert [path.name for path in found.skipped] == ["notes.txt"]


def test_a_file_given_by_name_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"")
    assert find([tmp_path / "notes.txt"]).files == [tmp_path / "notes.txt"]


def test_a_folder_behind_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.json").write_bytes(b"")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "link").symlink_to(tmp_path / "real")
    assert find([tmp_path / "logs"]).files == [tmp_path / "logs" / "link" / "a.json"]


def test_a_loop_of_links_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert find([tmp_path]).files == [tmp_path / "a.json"]


def test_missing_paths_and_folders_without_logs_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrailcamError) as caught:
        find([tmp_path / "gone", tmp_path / "empty"])
    assert [problem.code for problem in caught.value.problems] == [code("path_not_found"), code("no_logs")]


class Ended(Exception):
    pass


def test_who_waits_for_a_stream_hears_a_signal_that_does_not_interrupt_reading(tmp_path: Path) -> None:
    """As one does that comes just before the system call."""

    def ended(_: int, __: FrameType | None) -> NoReturn:
        raise Ended

    def elsewhere() -> None:
        with pipe.open("wb") as writer:
            writer.write(b"some bytes")
            writer.flush()
            while not any(spool.iterdir()):
                time.sleep(0.01)
            time.sleep(0.2)  # until there is nothing more to read
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
            heard_in_time.append(heard.wait(10))

    spool = tmp_path / "spool"
    spool.mkdir()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard, heard_in_time = threading.Event(), list[bool]()
    before = signal.signal(signal.SIGUSR1, ended)
    writer = threading.Thread(target=elsewhere)
    writer.start()
    try:
        with pytest.raises(Ended):
            claim(pipe, spool=spool)
    finally:
        heard.set()
        writer.join()
        signal.signal(signal.SIGUSR1, before)
    assert heard_in_time == [True]
    assert not list(spool.iterdir())
