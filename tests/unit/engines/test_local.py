"""Rules that misbehave cost one rule error each and nothing else."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from tests.live import eventually
from tests.support import LIMITS, make_model, make_rule, make_setup, record, stop_fork_server, write_log
from tests.tally import Tally

from trailcam.engines import process
from trailcam.engines.local import GroupResult, LocalEngine
from trailcam.engines.messages import Limits, Staging, WorkGroup
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.data_model import DataModel
from trailcam.model.rule import Rule
from trailcam.pipeline.normalize import BATCH_EVENTS
from trailcam.sources.files import LocalBlob, claim

EVERY = make_rule("Every", "def rule(event):\n    return True")


def names(rule_id: str, action: str) -> Rule:
    """A rule that does something on events named Trigger and says no to all others."""
    return make_rule(
        rule_id,
        "import os, sys, time\ndef rule(event):\n    if event['eventName'] == 'Trigger':\n"
        f"        {action}\n    return False",
    )


def run_rules(
    folder: Path,
    rules: Sequence[Rule],
    *,
    events: int = 20,
    triggers: Sequence[int] = (7,),
    workers: int = 1,
    limits: Limits = LIMITS,
    files: int = 1,
    models: Sequence[DataModel] = (),
    staging: Staging | None = None,
) -> tuple[Tally, LocalEngine]:
    for file in range(files):
        write_log(
            folder / f"{file}.json",
            [
                record(file * 1000 + n, eventName="Trigger" if n in triggers else "Quiet")
                for n in range(events)
            ],
        )
    blobs = [claim(path, spool=folder) for path in sorted(folder.glob("*.json"))]
    groups = [WorkGroup((blob,)) for blob in blobs if isinstance(blob, LocalBlob)]
    tally = Tally()
    setup = replace(make_setup(rules, limits=limits, models=models), staging=staging)
    with LocalEngine(setup, workers=workers) as engine:
        for result in engine.run(groups):
            tally.add(result)
    return tally, engine


@pytest.mark.parametrize(
    ("action", "error_class"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("sys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return 1", "FunctionReturnTypeError"),
        ("hog = [0]; hog = hog * 10**11", "MemoryError"),
        ("os._exit(7)", "RuleKilledWorker"),
        ("os.kill(os.getpid(), 11)", "RuleKilledWorker"),
        ("time.sleep(60)", "RuleTimeout"),
        ("exec('while True: pass')", "RuleTimeout"),
    ],
)
def test_a_misbehaving_rule_costs_one_rule_error_and_nothing_else(
    tmp_path: Path, action: str, error_class: str
) -> None:
    limits = replace(LIMITS, rule_seconds=0.5)
    tally, engine = run_rules(tmp_path, [EVERY, names("Bad", action)], limits=limits)
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Bad", error_class)]
    assert tally.errors[0].event_id == "00000000-0000-4000-8000-000000000007"
    assert (tally.records, tally.events, tally.match_count) == (20, 20, 20)
    assert tally.not_run == []
    assert engine.taken_off == set()


def test_a_rule_that_eats_memory_bit_by_bit_is_a_memory_error(tmp_path: Path) -> None:
    limits = replace(LIMITS, worker_bytes=192 << 20)
    hog = names("Hog", "hog = []\n        while True: hog.append(bytes(1 << 20))")
    tally, _ = run_rules(tmp_path, [hog, EVERY], limits=limits)
    assert [error.error_class for error in tally.errors] == ["MemoryError"]
    assert tally.match_count == 20


def test_the_error_of_a_crash_names_the_signal(tmp_path: Path) -> None:
    tally, _ = run_rules(tmp_path, [names("Bad", "os.kill(os.getpid(), 11)")])
    assert "SIGSEGV" in tally.errors[0].message
    assert code("rule_killed_worker") in tally.errors[0].message


def test_three_deaths_take_a_rule_off_and_what_it_did_not_see_is_listed(tmp_path: Path) -> None:
    bad = names("Bad", "os._exit(1)")
    tally, engine = run_rules(tmp_path, [EVERY, bad], triggers=(2, 4, 6, 8, 10))
    assert engine.taken_off == {1}
    assert [error.rule_id for error in tally.errors] == ["Bad"] * 3
    assert {(entry.rule_id, entry.reason) for entry in tally.not_run} == {("Bad", code("rule_taken_off"))}
    assert len({entry.row_id for entry in tally.not_run}) == len(tally.not_run) == 13
    assert tally.not_run[0].origin_name.endswith("0.json")
    assert tally.match_count == 20


def test_a_rule_taken_off_is_not_run_in_later_groups(tmp_path: Path) -> None:
    bad = names("Bad", "os._exit(1)")
    tally, _ = run_rules(tmp_path, [EVERY, bad], triggers=(0, 1, 2), files=3)
    assert len(tally.not_run) == 17 + 20 + 20
    assert tally.match_count == 60


def test_deaths_long_apart_take_no_rule_off(tmp_path: Path) -> None:
    write_log(tmp_path / "0.json", [record(n, eventName="Trigger") for n in range(5)])
    blob = claim(tmp_path / "0.json", spool=tmp_path)
    assert isinstance(blob, LocalBlob)
    ticks = iter(range(0, 10_000, 400))
    setup = make_setup([names("Bad", "os._exit(1)")])
    with LocalEngine(setup, workers=1, clock=lambda: next(ticks)) as engine:
        (result,) = engine.run([WorkGroup((blob,))])
        assert engine.taken_off == set()
    assert len(result.chunks[0].errors) == 5


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_workers_changes_nothing(tmp_path: Path, workers: int) -> None:
    tally, _ = run_rules(tmp_path, [EVERY, names("Bad", "1/0")], files=9, workers=workers)
    assert (tally.events, tally.match_count) == (180, 180)
    assert Counter(error.error_class for error in tally.errors) == {"ZeroDivisionError": 9}


def test_a_rule_that_forks_sends_nothing_twice(tmp_path: Path) -> None:
    tally, _ = run_rules(tmp_path, [EVERY, names("Forks", "os.fork()")])
    assert (tally.records, tally.events, tally.match_count) == (20, 20, 20)


@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_comes_up_although_the_fork_server_was_just_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    start, failing = BaseProcess.start, iter([EOFError, ConnectionResetError][:times])

    def fails_first(process: BaseProcess) -> None:
        if error := next(failing, None):
            raise error
        start(process)

    monkeypatch.setattr(BaseProcess, "start", fails_first)
    tally, _ = run_rules(tmp_path, [EVERY])
    assert tally.match_count == 20


def test_a_timer_that_a_rule_has_left_behind_ends_no_other(tmp_path: Path) -> None:
    sets = names("Sets", "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)")
    slow = make_rule("Slow", "import time\ndef rule(event):\n    time.sleep(0.01)\n    return True")
    tally, _ = run_rules(tmp_path, [sets, slow])
    assert (tally.match_count, tally.errors) == (20, [])


BAD_TOPS = {
    "Raises": "raise RuntimeError('at the top')",
    "Exits": "import os\nos._exit(4)",
    "Hangs": "while True: pass",
    "Missing": "import no_such_module_anywhere",
    "Closes": "import os\nos.closerange(3, 60)",
    "Patches": "import multiprocessing.reduction as m\nm.ForkingPickler.dumps = None",
}


def test_rules_that_fail_on_import_are_told_all_at_once_before_any_log_is_read() -> None:
    rules = [
        EVERY,
        *(make_rule(name, f"{top}\ndef rule(event): return True") for name, top in BAD_TOPS.items()),
    ]
    limits = replace(LIMITS, rule_seconds=0.5)
    with pytest.raises(TrailcamError) as caught, LocalEngine(make_setup(rules, limits=limits), workers=1):
        pass
    told = {str(problem.path): problem.message for problem in caught.value.problems}
    assert sorted(told) == ["Closes.py", "Exits.py", "Hangs.py", "Missing.py", "Patches.py", "Raises.py"]
    assert "at the top" in told["Raises.py"]
    assert "exit status 4" in told["Exits.py"]
    assert "0.5 s" in told["Hangs.py"]
    assert {problem.code for problem in caught.value.problems} == {code("rule_import")}


def test_data_models_that_fail_on_import_are_told_with_the_rules_before_any_log_is_read() -> None:
    models = [
        make_model(f"Model.{name}", f"{top}\ndef n(event): ...", n="n") for name, top in BAD_TOPS.items()
    ]
    models.insert(2, make_model("Model.Good", "def n(event): ...", n="n"))
    models.append(make_model("Model.Without", "from json import *", n="not_there"))
    rules = [EVERY, make_rule("Raises", BAD_TOPS["Raises"])]
    setup = make_setup(rules, limits=replace(LIMITS, rule_seconds=0.5), models=models)
    with pytest.raises(TrailcamError) as caught, LocalEngine(setup, workers=1):
        pass
    told = {str(problem.path): problem.message for problem in caught.value.problems}
    assert sorted(told) == [
        "Model.Closes.py", "Model.Exits.py", "Model.Hangs.py", "Model.Missing.py", "Model.Patches.py",
        "Model.Raises.py", "Model.Without.py", "Raises.py",
    ]  # fmt: skip
    assert "at the top" in told["Model.Raises.py"]
    assert "exit status 4" in told["Model.Exits.py"]
    assert "0.5 s" in told["Model.Hangs.py"]
    assert "not_there" in told["Model.Without.py"]
    assert {problem.code for problem in caught.value.problems} == {code("rule_import")}


def test_rules_of_the_line_ask_the_data_model_of_the_events_log_type_and_its_failures_are_theirs(
    tmp_path: Path,
) -> None:
    body = "import os\ndef user(event):\n    return event.deep_get('userIdentity', 'userName')\n"
    body += "def broken(event):\n    raise KeyError('gone')\ndef ends(event):\n    os._exit(3)\n"
    model = make_model("Model", body, ip="$.sourceIPAddress", user="user", broken="broken", ends="ends")
    said = make_rule(
        "Said", "def rule(event):\n    return f\"{event.udm('ip')} {event.udm('user')}\" == '192.0.2.7 alice'"
    )
    others = [
        make_rule(name.title(), f"def rule(event):\n    return event.udm({name!r}) is None")
        for name in ("broken", "ends")
    ]
    tally, _ = run_rules(tmp_path, [said, *others], models=[model], events=1)
    assert tally.match_count == 1
    assert sorted((error.rule_id, error.error_class) for error in tally.errors) == [
        ("Broken", "KeyError"),
        ("Ends", "RuleKilledWorker"),
    ]


def test_a_worker_killed_from_outside_is_replaced_and_its_group_done_again(tmp_path: Path) -> None:
    flag = tmp_path / "killed"
    suicide = make_rule(
        "Once",
        f"import os\nfrom pathlib import Path\ndef rule(event):\n    flag = Path({str(flag)!r})\n"
        "    if event['eventName'] == 'Trigger' and not flag.exists():\n"
        "        flag.write_text('')\n        os.kill(os.getpid(), 9)\n    return True",
    )
    tally, _ = run_rules(tmp_path, [suicide], events=5000, triggers=(4500,))
    assert (tally.events, tally.match_count, tally.errors) == (5000, 5000, [])


def test_a_rule_that_kills_its_worker_again_and_again_is_the_one_to_blame(tmp_path: Path) -> None:
    tally, _ = run_rules(tmp_path, [EVERY, names("Bad", "os.kill(os.getpid(), 9)")], events=20, triggers=(7,))
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Bad", "RuleKilledWorker")]
    assert tally.match_count == 20


@pytest.mark.parametrize("action", ["os.killpg(0, 9)", "os.kill(0, 9)", "os.kill(0, 15)"])
def test_a_rule_that_kills_its_process_group_kills_its_worker_alone(tmp_path: Path, action: str) -> None:
    write_log(tmp_path / "0.json", [record(n, eventName="Trigger" if n == 7 else "Quiet") for n in range(20)])
    command = [sys.executable, "-m", "trailcam", "run", str(tmp_path / "0.json"), "--summary", "json"]
    command += ["--home", str(tmp_path / "home")]
    for name, does in (("Bad", action), ("Every", "return True")):
        path = tmp_path / f"{name}.py"
        command += ["--rules", str(path)]
        path.write_text(
            f'import os\nMETADATA = {{"id": "{name}", "log_types": ["AWS.CloudTrail"], "severity": "Low"}}\n'
            "def rule(event):\n    if event['eventName'] == 'Trigger':\n"
            f"        {does}\n    return {name == 'Every'}\n"
        )
    done = subprocess.run(  # in a group of its own, for as long as this fails
        command, capture_output=True, text=True, check=False, timeout=60, start_new_session=True
    )
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["new_events"], summary["new_matches"], summary["new_rule_errors"]) == (20, 20, 1)
    assert f"rule: {code('rule_killed_worker')}" in done.stderr


def test_a_worker_that_is_stopped_for_longer_than_a_rule_may_take_costs_nothing(tmp_path: Path) -> None:
    limits = replace(LIMITS, rule_seconds=0.5)
    rule = names("Stopped", "os.kill(os.getpid(), 19); return True")
    waker = threading.Timer(2.5, wake_children)
    waker.start()
    tally, _ = run_rules(tmp_path, [rule], limits=limits)
    waker.join()
    assert (tally.match_count, tally.errors) == (1, [])


def wake_children() -> None:
    for pid in children():
        os.kill(pid, signal.SIGCONT)


def children() -> list[int]:
    """The processes of workers under this one: the fork server is between."""
    tree: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            tree.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, wanted = [], [os.getpid()]
    while wanted:
        below = tree.get(wanted.pop(), [])
        found += below
        wanted += below
    return found


def test_a_group_that_exhausts_memory_is_split_until_it_fits(tmp_path: Path) -> None:
    heavy: dict[str, Any] = {"requestParameters": {"a": [[] for _ in range(60_000)]}}
    for file in range(4):
        write_log(tmp_path / f"{file}.json", [record(file * 10 + n, **heavy) for n in range(4)])
    blobs = [claim(path, spool=tmp_path) for path in sorted(tmp_path.glob("*.json"))]
    tally = Tally()
    limits = replace(LIMITS, worker_bytes=96 << 20)
    with LocalEngine(make_setup([EVERY], limits=limits), workers=1) as engine:
        for result in engine.run([WorkGroup(tuple(blob for blob in blobs if isinstance(blob, LocalBlob)))]):
            tally.add(result)
    assert (tally.origins, tally.events, tally.match_count, tally.letters.total()) == (4, 16, 16, 0)


def test_a_record_that_alone_exhausts_memory_is_a_dead_letter_and_the_next_file_is_read(
    tmp_path: Path,
) -> None:
    monster = record(1, requestParameters={"a": [[] for _ in range(1_200_000)]})
    write_log(tmp_path / "0.json", [record(0), monster])
    write_log(tmp_path / "1.json", [record(2)])
    blobs = [claim(path, spool=tmp_path) for path in sorted(tmp_path.glob("*.json"))]
    tally = Tally()
    limits = replace(LIMITS, worker_bytes=96 << 20)
    with LocalEngine(make_setup([EVERY], limits=limits), workers=1) as engine:
        for result in engine.run([WorkGroup(tuple(blob for blob in blobs if isinstance(blob, LocalBlob)))]):
            tally.add(result)
    assert tally.match_count == 2
    assert tally.letters == {code("record_exhausts_memory"): 1}
    assert tally.records == tally.events + tally.letters.total()


def split_after_a_chunk(folder: Path, rules: Sequence[Rule], *, triggers: Sequence[int]) -> Tally:
    """What comes of a group that is judged in smaller parts after its first chunk has been judged once."""
    chunk = [record(n, eventName="Trigger" if n in triggers else "Quiet") for n in range(BATCH_EVENTS)]
    monster = record(-1, requestParameters={"a": [[] for _ in range(1_200_000)]})
    paths = [write_log(folder / f"{n}.json", events) for n, events in enumerate((chunk, [monster]))]
    blobs = [blob for path in paths if isinstance(blob := claim(path, spool=folder), LocalBlob)]
    setup = make_setup(rules, limits=replace(LIMITS, worker_bytes=96 << 20, rule_seconds=1))
    tally = Tally()
    with LocalEngine(setup, workers=1) as engine:
        for result in engine.run([WorkGroup(tuple(blobs))]):
            tally.add(result)
    assert (tally.events, tally.letters) == (BATCH_EVENTS, {code("record_exhausts_memory"): 1})
    return tally


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "error_class"), [("os._exit(7)", "RuleKilledWorker"), ("time.sleep(60)", "RuleTimeout")]
)
def test_what_a_rule_has_done_is_told_once_although_its_group_is_judged_again_in_smaller_parts(
    tmp_path: Path, does: str, error_class: str
) -> None:
    told = tmp_path / "told"
    twice = names(
        "Twice",
        f"done = open({str(told)!r}, 'a'); done.write('x'); done.close()\n"
        f"        if os.path.getsize({str(told)!r}) <= 2: {does}\n        return True",
    )
    tally = split_after_a_chunk(tmp_path, [EVERY, twice], triggers=[7])
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Twice", error_class)]
    assert (tally.match_count, tally.not_run) == (BATCH_EVENTS, [])


@pytest.mark.slow
def test_the_deaths_that_have_taken_a_rule_off_are_told_although_its_group_is_judged_again(
    tmp_path: Path,
) -> None:
    tally = split_after_a_chunk(tmp_path, [EVERY, names("Bad", "os._exit(7)")], triggers=[2, 4, 6, 8])
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Bad", "RuleKilledWorker")] * 3
    assert (
        len({error.row_id for error in tally.errors} | {entry.row_id for entry in tally.not_run})
        == BATCH_EVENTS
    )
    assert (tally.match_count, len(tally.not_run)) == (BATCH_EVENTS, BATCH_EVENTS - 3)


def test_rules_see_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_REGION",
    ):
        monkeypatch.setenv(name, "told")
    rule = make_rule(
        "Looks",
        "import os\ndef rule(event):\n    return True\n"
        "def title(event):\n    return ' '.join(sorted(name for name in os.environ if name.startswith('AWS_')))",
    )
    stop_fork_server()
    tally, _ = run_rules(tmp_path, [rule], events=1)
    stop_fork_server()
    assert [match.title for match in tally.matches] == ["AWS_REGION"]


def test_leaving_the_engine_leaves_no_process(tmp_path: Path) -> None:
    write_log(tmp_path / "0.json", [record(n) for n in range(10)])
    blob = claim(tmp_path / "0.json", spool=tmp_path)
    assert isinstance(blob, LocalBlob)
    with LocalEngine(make_setup([EVERY]), workers=2) as engine:
        list(engine.run([WorkGroup((blob,)), WorkGroup((blob,))]))
        pids = engine.pids
        assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIG_DFL)


def test_what_is_done_is_not_lost_when_no_worker_starts_for_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write_log(tmp_path / f"{number}.json", [record(number)]) for number in range(2)]
    refused = WorldError(Problem(code=code("worker_broken"), message="no process is to be had"))
    with LocalEngine(make_setup([EVERY]), workers=1) as engine:
        for path in paths:
            blob = claim(path, spool=tmp_path)
            assert isinstance(blob, LocalBlob)
            engine.give(WorkGroup((blob,)))
        gives = engine._give_out

        def giving(queue: Any) -> None:
            if engine._idle:
                raise refused  # as when it has died meanwhile, and no other one starts
            gives(queue)

        engine._give_out(engine._queue)
        monkeypatch.setattr(engine, "_give_out", giving)
        done: list[Any] = []
        while not done:
            done = list(engine.collect(timeout=1))
        assert [it.group.blobs[0].origin.name for it in done] == [str(paths[0])]
        with pytest.raises(WorldError):
            engine.collect(timeout=1)
        monkeypatch.setattr(engine, "_give_out", gives)
        while len(done) < 2:
            done += engine.collect(timeout=1)
        assert engine.is_idle


@pytest.mark.parametrize("loop", ["while True: pass", "all(itertools.repeat(1))"])
def test_a_worker_that_loops_in_a_rule_ends_with_a_parent_that_is_killed(tmp_path: Path, loop: str) -> None:
    write_log(tmp_path / "0.json", [record(7, eventName="Trigger")])
    (tmp_path / "looping.py").write_text(
        "import itertools, os\nfrom pathlib import Path\n"
        'METADATA = {"id": "Loops", "log_types": ["AWS.CloudTrail"], "severity": "Low"}\n'
        f"def rule(event):\n    pids = Path({str(tmp_path / 'pids')!r})\n"
        "    pids.with_suffix('.new').write_text(f'{os.getpid()} {os.getppid()}')\n"
        f"    pids.with_suffix('.new').rename(pids)\n    {loop}\n"
    )
    home = tmp_path / "home"
    command = [sys.executable, "-m", "trailcam", "run", str(tmp_path / "0.json")]
    command += ["--rules", str(tmp_path / "looping.py"), "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as parent:
        pids = eventually(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text()).split()
        parent.kill()
    try:
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), seconds=10)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


@contextmanager
def worker_with_a_copy(folder: Path) -> Iterator[tuple[LocalEngine, int, WorkGroup]]:
    """An engine with one worker, of which a rule has forked a copy; the worker's process id, and a group."""
    blob = claim(write_log(folder / "0.json", [record(n) for n in range(20)]), spool=folder)
    assert isinstance(blob, LocalBlob)
    copies = folder / "copies"
    forks = f"import os, time\nif copy := os.fork():\n    print(copy, file=open({str(copies)!r}, 'a'))"
    waits = "else:\n    time.sleep(60)\n    os._exit(0)"
    rule = make_rule("Forks", f"{forks}\n{waits}\ndef rule(event):\n    return True")
    try:
        with LocalEngine(make_setup([rule]), workers=1) as engine:
            yield engine, engine.pids[0], WorkGroup((blob,))
    finally:
        for copy in copies.read_text().split():
            os.kill(int(copy), signal.SIGKILL)


def outcome(engine: LocalEngine) -> Tally:
    """What comes of the one group that is in work; a worker that does not come up is tried again."""

    def collected() -> list[GroupResult]:
        with suppress(WorldError):
            return engine.collect(timeout=0.1)
        return []

    tally = Tally()
    tally.add(eventually(collected, seconds=20)[0])
    return tally


def test_a_worker_that_dies_is_seen_while_a_copy_of_it_lives(tmp_path: Path) -> None:
    with worker_with_a_copy(tmp_path) as (engine, pid, group):
        os.kill(pid, signal.SIGSTOP)  # so that it has the group in hand, and has not done it
        engine.give(group)
        assert engine.collect(timeout=0.01) == []
        os.kill(pid, signal.SIGKILL)
        tally = outcome(engine)
    assert (tally.match_count, tally.errors, tally.letters.total()) == (20, [], 0)


def test_an_idle_worker_that_died_is_given_nothing_while_a_copy_of_it_lives(tmp_path: Path) -> None:
    with worker_with_a_copy(tmp_path) as (engine, pid, group):
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{pid}").exists())
        engine.give(group)
        engine.collect(timeout=0)
        assert engine.pids != [pid]
        assert outcome(engine).match_count == 20


def test_a_message_that_stops_halfway_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_HALFWAY_SECONDS", 1)
    half = names(
        "Half",
        "ways = {fd: os.path.realpath(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')}\n"
        "        for fd in [int(fd) for fd, to in ways.items() if '/socket:' in to]:\n"
        "            os.write(fd, b'\\0\\0\\1\\0' b'begun'); time.sleep(60)",
    )
    tally, _ = run_rules(tmp_path, [EVERY, half])
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Half", "RuleKilledWorker")]
    assert tally.match_count == 20


def test_a_rule_that_closes_the_way_to_the_parent_and_loops_is_a_timeout(tmp_path: Path) -> None:
    limits = replace(LIMITS, rule_seconds=0.5)
    tally, _ = run_rules(
        tmp_path, [EVERY, names("Bad", "os.closerange(3, 60); time.sleep(60)")], limits=limits
    )
    assert [(error.rule_id, error.error_class) for error in tally.errors] == [("Bad", "RuleTimeout")]
    assert tally.match_count == 20


def test_a_rule_that_closes_the_way_to_the_parent_and_goes_on_holds_nobody_up(tmp_path: Path) -> None:
    blob = claim(write_log(tmp_path / "0.json", [record(0, eventName="Trigger")]), spool=tmp_path)
    assert isinstance(blob, LocalBlob)
    with LocalEngine(make_setup([names("Bad", "os.closerange(3, 60); time.sleep(2)")]), workers=1) as engine:
        engine.give(WorkGroup((blob,)))
        rounds = 0
        results: list[GroupResult] = []
        while not results:
            results = engine.collect(timeout=0.1)
            rounds += 1
    assert [error.error_class for error in results[0].chunks[0].errors] == ["RuleKilledWorker"]
    assert rounds > 10  # in each of them, others can be heard


def test_a_copy_that_is_forked_while_rules_are_executed_does_no_work() -> None:
    rule = make_rule("Copied", "import os\nos.fork()\ndef rule(event):\n    return True")
    with LocalEngine(make_setup([rule]), workers=1) as engine:
        (pid,) = engine.pids
        (copy,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        eventually(lambda: ") Z " in Path(f"/proc/{copy}/stat").read_text(), seconds=10)  # it has ended


def test_no_rule_is_blamed_when_the_fork_server_ends(tmp_path: Path) -> None:
    flag = tmp_path / "ended"
    ends = names(
        "Ends",
        f"flag = {str(flag)!r}\n        if not os.path.exists(flag):\n"
        "            open(flag, 'x').close(); os.kill(os.getppid(), 9); time.sleep(60)\n        return True",
    )
    blob = claim(write_log(tmp_path / "0.json", [record(7, eventName="Trigger")]), spool=tmp_path)
    assert isinstance(blob, LocalBlob)
    with LocalEngine(make_setup([ends]), workers=1) as engine:
        engine.give(WorkGroup((blob,)))
        tally = outcome(engine)
    assert (tally.match_count, tally.errors, tally.letters.total()) == (1, [], 0)
