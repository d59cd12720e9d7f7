"""What a worker says of a task, and how often it looks whether all is well."""

import json

from tests.support import make_rule, make_setup, record

from trailcam.engines.inline import inline
from trailcam.engines.messages import SLOTS, ChunkDone, Task, TaskDone
from trailcam.engines.tasks import Worker
from trailcam.engines.worker import load_runners

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
