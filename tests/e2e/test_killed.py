"""Two processes on one queue, killed at any moment: nothing is lost, nothing is there twice."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from obstore.store import S3Store
from tests.kept import everything, verified
from tests.live import Following, eventually, following, s3_source, write_settings
from tests.servers.announcements import announcements, send
from tests.servers.clients import KEY, REGION
from tests.servers.detections import undisturbed
from tests.servers.trail import make_trail
from tests.support import trailcam

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack
    from tests.servers.seaweed import Seaweed

BUCKET = "killed"
SAME = ("events", "matches", "errors", "windows", "alerts")


def works(process: Following) -> bool:
    """Whether the last that a process has told of itself is that it has started."""
    told = process.told()
    return bool(told) and told[-1]["event"] == "started"


@pytest.mark.slow
def test_two_processes_that_are_killed_at_any_moment_lose_nothing_and_double_nothing(
    tmp_path: Path, ministack: "Ministack", seaweed: "Seaweed", full_size: bool
) -> None:
    kills, objects, events = (100, 3_000, 30_000) if full_size else (8, 300, 3_000)
    trail = make_trail(7, objects=objects, events=events)
    expected = undisturbed(trail, tmp_path)
    seaweed.client().create_bucket(Bucket=BUCKET)
    trail.put(
        S3Store(
            BUCKET, endpoint=seaweed.endpoint, region=REGION, access_key_id=KEY, secret_access_key=KEY,
            virtual_hosted_style_request=False, client_options={"allow_http": True},
        )
    )  # fmt: skip
    queue = ministack.client("sqs").create_queue(QueueName="killed")["QueueUrl"]
    messages = announcements(BUCKET, trail.objects, seed=3)
    first, rest = messages[: len(messages) // 3], messages[len(messages) // 3 :]
    send(ministack.client("sqs"), queue, first)
    settings = write_settings(
        tmp_path,
        s3_source(queue, seaweed.endpoint, more="hidden_seconds = 4\n"),
        packs=[tmp_path / "rules"],
        more="ahead_bytes = 20000\n[limits]\ngroup_bytes = 8192\n[deploy]\ncheck_seconds = 0\n",
    )
    rng = random.Random(11)
    at = Counter[str]()
    with ExitStack() as stack:
        running: dict[str, Following] = {}

        def start(command: str) -> None:
            running[command] = stack.enter_context(following(settings, command=command, log=command))

        for command in ("serve", "worker"):
            start(command)
        for number in range(kills):
            if rest:
                share = max(1, 2 * len(messages) // (3 * kills) + 1)
                now, rest = rest[:share], rest[share:]
                send(ministack.client("sqs"), queue, now)
            time.sleep(rng.uniform(0.2, 7.0))
            command = rng.choice(["serve", "worker"])
            process = running[command]
            if number % 2:  # on a busy machine a start may take longer than any of these times
                eventually(partial(works, process), process=process)
            assert process.process.poll() is None, process.log.read_text()
            at["working" if works(process) else "starting"] += 1
            process.process.kill()
            process.process.wait()
            start(command)
        send(ministack.client("sqs"), queue, rest)
        eventually(lambda: left(ministack, queue) == 0, seconds=600, process=running["serve"])
        assert [running[command].stop() for command in ("worker", "serve")] == [0, 0]
    assert at["working"] >= kills // 8, at
    home = tmp_path / "home"
    found = everything(home)
    for part in SAME:
        assert found[part] == expected[part], part
    assert verified(home).holds
    counted = trailcam(
        "query", "--home", home, "--format", "jsonl",
        "SELECT count(*) AS n, count(DISTINCT p_row_id) AS d FROM aws_cloudtrail",
    )  # fmt: skip
    assert counted.stdout.strip() == f'{{"n": {events}, "d": {events}}}'
    print(f"{kills} kills, {dict(at)}; {objects:,} objects, {trail.records:,} records, {events:,} events")


def left(server: "Ministack", queue: str) -> int:
    """Messages in the queue, in hand or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = server.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in found.values())
