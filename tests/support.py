"""What tests of several rooms build: rules, log files, engines."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from tests.servers import trailcam_command
from tests.tally import Tally

from trailcam.contracts.source import Blob
from trailcam.engines.local import GroupResult
from trailcam.engines.messages import SLOTS, ChunkDone, Limits, Setup, Task, TaskDone, WorkGroup
from trailcam.engines.tasks import Worker
from trailcam.engines.worker import load_models, load_runners
from trailcam.logtypes.loader import builtin
from trailcam.model.data_model import DataModel
from trailcam.model.data_model import Mapping as Mapped
from trailcam.model.lookup import LookupTable
from trailcam.model.rule import Pack, Rule
from trailcam.model.severity import Severity

LIMITS = Limits(origin_bytes=1 << 30, record_bytes=1 << 24, worker_bytes=1 << 30, rule_seconds=15.0)


def make_rule(rule_id: str, body: str, **fields: Any) -> Rule:
    """A rule over CloudTrail with this Python."""
    path = Path(f"{rule_id}.py")
    defaults: dict[str, Any] = {
        "format": "native",
        "path": path,
        "metadata_path": path,
        "log_types": ("AWS.CloudTrail",),
        "severity": Severity.HIGH,
    }
    return Rule(id=rule_id, body=body, **(defaults | fields))


def make_model(model_id: str, body: str, **mappings: str) -> DataModel:
    """A data model of CloudTrail: name to JSONPath, or to the function of `body` that is its method."""
    path = Path(f"{model_id}.py")
    return DataModel(
        id=model_id,
        log_types=("AWS.CloudTrail",),
        mappings=tuple(
            Mapped(name=name, path=said) if said.startswith("$") else Mapped(name=name, method=said)
            for name, said in mappings.items()
        ),
        path=path,
        metadata_path=path,
        body=body,
    )


def make_setup(
    rules: Sequence[Rule],
    *,
    limits: Limits = LIMITS,
    lookups: Sequence[LookupTable] = (),
    models: Sequence[DataModel] = (),
) -> Setup:
    """What workers need to run these rules over the built-in log types."""
    pack = Pack(name="test", root=Path(), rules=tuple(rules))
    return Setup(
        packs=(pack,),
        rules=tuple(rules),
        log_types=builtin(),
        limits=limits,
        lookups=tuple(lookups),
        data_models=tuple(models),
    )


def record(number: int, **fields: Any) -> dict[str, Any]:
    """A CloudTrail record of its own; `fields` stand over the defaults."""
    return {
        "eventVersion": "1.11",
        "eventTime": f"2026-03-01T10:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "eventType": "AwsApiCall",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        **fields,
    }


def write_log(path: Path, records: Iterable[Any]) -> Path:
    """A file as CloudTrail delivers it: an envelope, packed when the name ends in .gz."""
    data = json.dumps({"Records": list(records)}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def trailcam(
    *arguments: str | Path,
    stdin: bytes = b"",
    cwd: str | Path = ".",
    env: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own, as a user would; `options` are those of `subprocess`."""
    done = None
    if not options:
        done = trailcam_command.run(
            [*map(str, arguments)],
            stdin=stdin,
            folder=str(Path(cwd).absolute()),
            environment=os.environ if env is None else env,
            seconds=120,
        )
    done = done or subprocess.run(
        [sys.executable, "-m", "trailcam", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env=env,
        **options,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")
    )


def summary(*arguments: str | Path, stdin: bytes = b"", **options: Any) -> tuple[int, dict[str, Any]]:
    """(exit code, summary) of `trailcam run`."""
    done = trailcam("run", *arguments, "--summary", "json", stdin=stdin, **options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def in_process(setup: Setup, groups: Iterable[Sequence[Blob]], *, batch_events: int = 2_000) -> Tally:
    """The line without worker processes: the same code, for tests that need it thousands of times."""
    slots = [0] * SLOTS
    tally = Tally()
    models, _ = load_models(setup, slots)
    runners, _ = load_runners(setup, slots)
    for number, blobs in enumerate(groups):
        sent: list[object] = []
        Worker(sent.append, slots, setup, runners, models=models).work(
            Task(id=number, blobs=tuple(blobs), batch_events=batch_events)
        )
        result = GroupResult(WorkGroup(tuple(blobs)))
        result.chunks += [message for message in sent if isinstance(message, ChunkDone)]
        assert isinstance(sent[-1], TaskDone)
        tally.add(result)
    return tally


def stop_fork_server() -> None:
    """The next process that forks comes from a new fork server, with the environment of now."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # as multiprocessing's own tests do
