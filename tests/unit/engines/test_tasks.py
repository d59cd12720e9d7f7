"""What a worker says of a task, and how often it looks whether all is well."""

import errno
import json
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import make_rule, make_setup, record
from tests.unit.engines.test_local import EVERY

from trailcam.engines import local
from trailcam.engines.inline import inline
from trailcam.engines.messages import (
    SLOTS,
    CannotStage,
    ChunkDone,
    OutOfMemory,
    Staging,
    Task,
    TaskDone,
    WorkGroup,
)
from trailcam.engines.tasks import Worker
from trailcam.engines.worker import load_runners
from trailcam.errors import WorldError, code

LOG = inline(json.dumps({"Records": [record(n) for n in range(50)]}).encode())


class Looked:
    """A worker with 21 rules that counts how often it looks."""

    def __init__(self) -> None:
        self.times = 0
        self.said: list[object] = []
        setup = make_setup([make_rule(f"R{n}", "def rule(event):\n    return False") for n in range(21)])
        slots = [0] * SLOTS
        runners, _ = load_runners(setup, slots)
        self.worker = Worker(self.said.append, slots, setup, runners, changed=self.look)

    def look(self) -> int:
        self.times += 1
        return 0


def test_a_careful_worker_looks_after_each_event_and_after_each_rule_only_where_it_must() -> None:
    looked = Looked()
    looked.worker.work(Task(id=0, blobs=(LOG,), careful=True, closely={(0, 7)}))
    assert 50 + 21 <= looked.times <= 50 + 21 + 3
    assert [type(message) for message in looked.said] == [ChunkDone, TaskDone]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), OutOfMemory),
        (OSError("ZSTD compression failed: Allocation error : not enough memory"), OutOfMemory),
        (OSError(errno.ENOSPC, "No space left on device"), CannotStage),
    ],
)
def test_what_a_worker_lacks_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: type[OutOfMemory | CannotStage]
) -> None:
    def fails(*_: object) -> ChunkDone:
        raise error

    looked = Looked()
    monkeypatch.setattr(looked.worker, "_done", fails)
    looked.worker.work(Task(id=0, blobs=(LOG,)))
    looked.worker._tell(TaskDone(task=0))
    looked.worker.work(Task(id=1, blobs=(LOG,)))
    assert [type(message) for message in looked.said] == [said, TaskDone, said]
    assert [message.fresh for message in looked.said if isinstance(message, said)] == [True, False]


def test_that_files_cannot_be_written_is_believed_of_a_fresh_worker_that_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    heard: list[bool] = []
    believe = local.LocalEngine._lacking

    def noted(
        self: local.LocalEngine, work: local._Work, message: CannotStage, queue: deque[local._Work]
    ) -> local._Work | None:
        heard.append(message.fresh)
        return believe(self, work, message, queue)

    monkeypatch.setattr(local.LocalEngine, "_lacking", noted)
    setup = replace(make_setup([EVERY]), staging=Staging(warehouse=lake, pack="p"))
    with local.LocalEngine(setup, workers=1) as engine:
        results = engine.run([WorkGroup((LOG,))] * 2)
        next(results)
        assert heard == []
        lake.rename(tmp_path / "away")
        lake.write_text("not a folder")
        with pytest.raises(WorldError) as caught:
            next(results)
    assert [problem.code for problem in caught.value.problems] == [code("world_refused")]
    assert heard == [False, True]
