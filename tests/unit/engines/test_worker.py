"""What ends a worker with its parent ends it for nothing else."""

from trailcam.engines.nursery import nursery

CLOSES_THE_SIGN = """
import os, threading, time
from multiprocessing import parent_process
from trailcam.engines import worker

closed, really_wait = threading.Event(), worker.wait

def waits_late(signs):
    closed.wait()
    really_wait(signs)

worker.wait = waits_late
worker.end_with_the_parent()
os.close(parent_process().sentinel)
{}
closed.set()
time.sleep(0.5)
os._exit(7)
"""


def _exit_code_of(program: str) -> int | None:
    process = nursery().Process(target=exec, args=(program, {}))
    process.start()
    process.join(timeout=60)
    return process.exitcode


def test_a_rule_that_closes_what_tells_of_the_parent_ends_nothing_while_another_is_in_hand() -> None:
    assert _exit_code_of(CLOSES_THE_SIGN.format("")) == 7


def test_what_a_rule_opens_in_its_place_ends_nothing_either() -> None:
    opens = "read, write = os.pipe(); os.dup2(read, parent_process().sentinel); os.close(write)"
    assert _exit_code_of(CLOSES_THE_SIGN.format(opens)) == 7
