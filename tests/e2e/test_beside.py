"""Runs beside one another, and what happens to files between being claimed, read and decided."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.kept import everything
from tests.support import record, summary, trailcam, write_log

from trailcam.app import keeper
from trailcam.app.home import Home, make_home
from trailcam.app.load import load
from trailcam.app.report import Report
from trailcam.app.run import run
from trailcam.commit.decide import decide
from trailcam.commit.naming import FilesGone
from trailcam.commit.recover import recover
from trailcam.errors import WorldError, code
from trailcam.settings.schema import Settings
from trailcam.sources import files

RULE = """
METADATA = {"id": "%s", "log_types": ["AWS.CloudTrail"], "severity": "Low"}


def rule(event):
    return True
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "logs/a.json", [record(n) for n in range(3)])


def rule(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"{name}.py"
    path.write_text(RULE % f"Test.{name}")
    return path


def ran(home: Home, log: Path, *rules: Path) -> Report:
    return run([log], load(rules=[str(path) for path in rules]), Settings(), home, workers=1)


def before_deciding(monkeypatch: pytest.MonkeyPatch, first: Callable[[], object]) -> None:
    """Has something happen once, just before the next group is decided."""
    todo = [first]

    def decide_after(*arguments: Any, **options: Any) -> int:
        if todo:
            todo.pop()()
        return decide(*arguments, **options)

    monkeypatch.setattr(keeper, "decide", decide_after)


def test_files_that_another_run_has_decided_meanwhile_are_seen_by_the_rules_of_both(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path / "home")
    others: list[Report] = []
    one, two = rule(tmp_path, "One"), rule(tmp_path, "Two")
    before_deciding(monkeypatch, lambda: others.append(ran(home, log, one)))
    told = ran(home, log, two)
    assert [len(report.matches) for report in (*others, told)] == [3, 3]
    assert (told.events.distinct, told.new.events, told.new.matches) == (3, 0, 3)
    assert ran(home, log, one, two).new.matches == 0


def test_a_group_whose_staged_files_are_gone_is_staged_again(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path / "home")
    cleared: list[int] = []
    before_deciding(
        monkeypatch, lambda: cleared.append(recover(home.database, home.iceberg, age_seconds=-60))
    )
    told = ran(home, log, rule(tmp_path, "One"))
    assert cleared[0] > 0
    assert (told.new.events, told.new.matches) == (3, 3)
    undisturbed = make_home(tmp_path / "other")
    ran(undisturbed, log, rule(tmp_path, "One"))
    assert everything(home.path) == everything(undisturbed.path)


def test_a_staged_file_that_is_cut_short_is_not_decided(tmp_path: Path, log: Path) -> None:
    home = make_home(tmp_path / "home")
    kept: list[Any] = []

    def cut_short(database: Any, group: Any, **options: Any) -> int:
        if not kept:
            kept.append(group)
            path = home.iceberg.warehouse / group.files[0].path
            path.write_bytes(path.read_bytes()[:-1])
            with pytest.raises(FilesGone):
                decide(database, group, **options)
        return decide(database, group, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "decide", cut_short)
        assert ran(home, log).new.events == 3


def test_staged_files_that_never_stay_end_the_run_with_an_error(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path / "home")
    tries: list[object] = []

    def cleared_before(database: Any, group: Any, **options: Any) -> int:
        tries.append(group)
        recover(home.database, home.iceberg, age_seconds=-60)
        return decide(database, group, **options)

    monkeypatch.setattr(keeper, "decide", cleared_before)
    with pytest.raises(WorldError) as caught:
        ran(home, log)
    assert [problem.code for problem in caught.value.problems] == [code("staged_gone")]
    assert len(tries) == 3
    monkeypatch.undo()
    assert ran(home, log).new.events == 3


def test_a_known_file_that_cannot_be_read_again_leaves_the_new_rule_not_run_until_it_can(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path / "home")
    one, two = rule(tmp_path, "One"), rule(tmp_path, "Two")
    assert ran(home, log, one).exit_code == 0
    away = log.with_name("away")
    claim = files.claim

    def claim_and_lose(*arguments: Any, **options: Any) -> Any:
        claimed = claim(*arguments, **options)
        log.rename(away)
        return claimed

    with monkeypatch.context() as patch:
        patch.setattr(files, "claim", claim_and_lose)
        told = ran(home, log, one, two)
    assert told.exit_code == 3
    assert [(each.rule_id, each.reason, each.events) for each in told.not_run] == [
        ("Test.Two", code("origin_unreadable"), 3)
    ]
    away.rename(log)
    told = ran(home, log, one, two)
    assert (told.exit_code, len(told.matches), told.not_run) == (0, 6, [])


def test_what_stops_a_file_in_the_same_place_is_new_only_once(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.json.gz"
    records = "".join(f'{{"eventID":"{n}","pad":"{"x" * 1000}"}}\n' for n in range(200))
    bomb.write_bytes(gzip.compress(records.encode()))
    (tmp_path / "limits.toml").write_text("[limits]\norigin_bytes = 100000\n")
    limited: list[str | Path] = [bomb, "--config", tmp_path / "limits.toml"]
    first_code, first = summary(*limited)
    assert (first_code, first["new_dead_letters"] > 0) == (1, True)
    for _ in range(2):
        again_code, again = summary(*limited)
        assert (again_code, again["dead_letters"]) == (1, first["dead_letters"])
        assert [again[name] for name in ("new_events", "new_dead_letters")] == [0, 0]
    counted = trailcam("query", "SELECT count(*) FROM dead_letters", "--format", "csv").stdout
    assert counted.splitlines()[1] == str(first["dead_letters"])
    assert trailcam("verify").returncode == 0
