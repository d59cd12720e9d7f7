"""A command costs what it imports: neither other commands nor libraries that it does not use."""

import json
import subprocess
import sys

from trailcam.cli.application import build

HEAVY = {"boto3", "duckdb", "pyarrow", "pyiceberg", "sqlalchemy"}


def imported(statement: str) -> set[str]:
    """The modules that are there after a statement in a fresh process."""
    program = f"import sys, json; {statement}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def names(asked: str) -> set[str | None]:
    return {command.name for command in build(asked).registered_commands}


def test_a_command_that_is_asked_for_is_there_alone() -> None:
    assert names("dead-letters") == {"dead-letters"}


def test_what_is_no_command_is_looked_for_among_all() -> None:
    assert names("tset") == names("--help") == names("")
    assert {"test", "run", "dead-letters"} < names("")


def test_inline_tests_import_no_database_and_no_lake() -> None:
    statement = "from trailcam.cli.application import build; build('test'); import trailcam.app.load, trailcam.app.test"
    assert not HEAVY & imported(statement)


def test_workers_that_stage_nothing_import_no_database_and_no_lake() -> None:
    assert not HEAVY & imported("import trailcam.engines.worker")
