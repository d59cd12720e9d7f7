"""`trailcam verify` says that nothing is missing when nothing is, and only then."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.kept import write_rules, write_tree
from tests.support import summary

from trailcam.app.home import open_home
from trailcam.app.load import load
from trailcam.app.verify import Checked, verify
from trailcam.query.proof import proof
from trailcam.settings.read import read_settings

QUIET = """
METADATA = {
    "id": "Quiet.Listing", "log_types": ["AWS.CloudTrail"], "severity": "Info", "create_alert": False,
}
def rule(event):
    return event.get("eventName") == "ListBuckets"
"""

MENDED = """
METADATA = {"id": "Now.And.Then.Fails", "log_types": ["AWS.CloudTrail"], "severity": "Info", "threshold": 5}
def rule(event):
    return (event.get("requestParameters") or {}).get("count", 0) > 3 or event["eventName"]["x"] == 1
"""
"""What failed before is no match now, and more fails than before."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs, rules, a home that has read them in two runs between which a rule has changed."""
    folder = tmp_path_factory.mktemp("tree")
    write_tree(folder / "logs", objects=12)
    rules = write_rules(folder / "rules")
    (rules / "quiet_listing.py").write_text(QUIET)
    half = sorted((folder / "logs").rglob("*.gz"))[:7]
    summary(*half, "--packs", rules, "--home", folder / "home")
    (rules / "now_and_then_fails.py").write_text(MENDED)
    summary(*half[:5], folder / "logs" / half[-1].parent.name, "--packs", rules, "--home", folder / "home")
    summary(folder / "logs", "--packs", rules, "--home", folder / "home")
    return folder


@pytest.fixture
def home(tree: Path, tmp_path: Path) -> Iterator[Path]:
    """The home, which is afterwards as it was; a copy of it elsewhere would have other tables."""
    home = tree / "home"
    shutil.copytree(home, tmp_path / "kept", symlinks=True)
    yield home
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "kept", home)


def verified(home: Path, *names: str | Path, read: bool = False, repair: bool = True) -> Checked:
    return verify(
        [str(name) for name in names],
        load(),
        read_settings(folder=home, environment={}, file=None),
        open_home(home),
        reread=read,
        repair=repair,
        workers=1,
    )


def edit(home: Path, *statements: str) -> None:
    state = sqlite3.connect(home / "state.db")
    changed = 0
    for statement in statements:
        changed += state.execute(statement).rowcount
    state.commit()
    state.close()
    assert changed


def test_a_home_of_several_runs_and_versions_holds(tree: Path) -> None:
    checked = verified(tree / "home", read=True)
    assert checked.missing == checked.proof.missing == []
    assert checked.holds
    assert checked.proof.files == checked.proof.files_read
    state = sqlite3.connect(tree / "home/state.db")
    rows = {
        name: state.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("rule_error", "alert")
    }
    state.close()
    assert min(rows.values()) > 0
    lake = sum(
        pq.read_metadata(path).num_rows
        for path in (tree / "home/lake/warehouse/rule_errors").rglob("*.parquet")
    )
    assert lake > rows["rule_error"]  # some were replaced


ONE_ALERT = "WHERE id = (SELECT min(id) FROM alert WHERE status = 'open')"
THE_RULE = "WHERE rule_id = 'Every.Hour'"

EDITS = {
    "matches that make no window": (
        ["DELETE FROM match WHERE rule_id = 'Quiet.Listing'"],
        "matches of the lake are not in the state: Quiet.Listing on ",
    ),
    "a whole rule": (
        [
            f"DELETE FROM alert_history WHERE alert_id IN (SELECT id FROM alert {THE_RULE})",
            f"DELETE FROM window {THE_RULE}",
            f"DELETE FROM alert {THE_RULE}",
            f"DELETE FROM match {THE_RULE}",
        ],
        "matches of the lake are not in the state: Every.Hour on ",
    ),
    "rule errors": (
        ["DELETE FROM rule_error", "DELETE FROM window WHERE kind = 'error'"],
        "rule errors of the lake are not in the state: Now.And.Then.Fails on ",
    ),
    "rule errors of the lake": (
        ["DELETE FROM staged_file WHERE table_name = 'rule_errors'"],
        "rule errors of the state are not in the lake as they were decided: Now.And.Then.Fails on ",
    ),
    "an error's message": (["UPDATE rule_error SET message = 'x'"], "as they were decided"),
    "files of matches": (
        ["DELETE FROM staged_file WHERE table_name = 'matches'"],
        "files that the state does not name: ",
    ),
    "the ledger": (
        ["DELETE FROM origin"],
        "in the lake are of origins that the ledger does not have: sha256:",
    ),
    "histories": (["DELETE FROM alert_history"], "alerts whose history does not say that they were opened: "),
    "an alert's title": ([f"UPDATE alert SET title = 'x' {ONE_ALERT}"], "1 alerts are not as their windows"),
    "an alert's end": (
        [f"UPDATE alert SET window_end = window_end + 1 {ONE_ALERT}"],
        "1 alerts are not as their windows",
    ),
    "an alert's matches": (
        [f"UPDATE alert SET matches = matches + 1 {ONE_ALERT}"],
        "1 alerts are not as their windows",
    ),
    "an alert's severity, lowered": (
        [f"UPDATE alert SET severity = severity - 1 {ONE_ALERT}"],
        "1 alerts are not as their windows",
    ),
    "an alert's severity, raised": (
        [f"UPDATE alert SET severity = severity + 1 {ONE_ALERT}"],
        "1 alerts of the state are not in the lake as they stand",
    ),
    "an alert's status": (
        [f"UPDATE alert SET status = 'closed' {ONE_ALERT}"],
        "1 alerts of the state are not in the lake as they stand",
    ),
    "matches' titles": (["UPDATE match SET title = 'x'"], "are not in the state as they were decided first"),
    "matches' severities": (
        ["UPDATE match SET severity = 4"],
        "are not in the state as they were decided first",
    ),
    "a match's title with all that follows": (
        [f"UPDATE {table} SET title = 'x' {THE_RULE}" for table in ("match", "window", "alert")],
        "are not in the state as they were decided first",
    ),
    "a window's title": (
        [f"UPDATE window SET title = 'x' {THE_RULE}"],
        "windows are not as its matches cut them",
    ),
    "the rules of packs": (["DELETE FROM pack_rule"], "the state knows 0 rules of pack "),
    "a rule of a pack": (
        ["DELETE FROM pack_rule WHERE rule_id = 'Every.Hour'"],
        "the state knows 3 rules of pack ",
    ),
    "scopes of runs": (["DELETE FROM run_origin"], "are not among those of the run that decided them"),
    "numbers of commits": (["DELETE FROM publication"], "the last that was given out is 0"),
    "runs": (["DELETE FROM run"], "rows in decision name a run that is not there"),
    "the end of a run": (
        ["UPDATE run SET summary = '{}'"],
        "runs of the state are not in the lake as they stand",
    ),
    "decisions": (["DELETE FROM decision"], "rows in match name a decision that is not there"),
    "counts of the ledger": (
        ["UPDATE origin SET events = events + 1, records = records + 1"],
        " events in the lake, ",
    ),
}


@pytest.mark.parametrize(("statements", "words"), EDITS.values(), ids=EDITS.keys())
def test_what_was_altered_in_the_state_is_told(home: Path, statements: list[str], words: str) -> None:
    edit(home, *statements)
    checked = verified(home)
    assert not checked.holds
    assert any(words in told for told in checked.proof.missing), checked.proof.missing
    assert len(checked.proof.missing) < 40


def test_rotten_bytes_are_told(home: Path) -> None:
    path = next((home / "lake/warehouse/aws_cloudtrail/data").rglob("*.parquet"))
    group = pq.read_metadata(path).row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    with path.open("r+b") as file:
        file.seek(columns["raw"].data_page_offset + columns["raw"].total_compressed_size // 2)
        file.write(b"\0" * 32)
    checked = verified(home)
    assert any(path.name in told and "its bytes are not" in told for told in checked.proof.missing)
    assert not checked.holds


@pytest.mark.parametrize("step", ["files", "look_at_tables", "rows"])
def test_what_is_decided_while_a_proof_is_made_is_no_false_alarm(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    logs = sorted((tree / "logs").rglob("*.gz"))
    rules: list[str | Path] = ["--packs", tree / "rules", "--home", tmp_path / "home"]
    summary(*logs[:4], *rules)
    real = getattr(proof, step)

    def after_a_run(*arguments: Any, **options: Any) -> Any:
        summary(*logs, *rules)
        return real(*arguments, **options)

    monkeypatch.setattr(proof, step, after_a_run)
    checked = verified(tmp_path / "home")
    assert checked.proof.missing == []
    assert checked.proof.origins == 4


# -- reading anew ------------------------------------------------------------------------------------------


def test_reading_anew_needs_no_paths_and_tells_what_cannot_be_read_any_more(home: Path, tree: Path) -> None:
    logs = sorted((tree / "logs").rglob("*.gz"))
    checked = verified(home, read=True)
    assert checked.reread_origins == len(logs)
    assert checked.reread == checked.proof.lake_events
    away = logs[0].rename(logs[0].with_suffix(".away"))
    try:
        checked = verified(home, read=True)
    finally:
        away.rename(logs[0])
    assert (checked.holds, checked.unread) == (True, [str(logs[0])])
    assert checked.reread_origins == len(logs) - 1
    (tree / "logs").rename(tree / "gone")
    try:
        assert not verified(home, read=True).holds
    finally:
        (tree / "gone").rename(tree / "logs")


def test_a_run_is_read_anew_by_the_names_in_the_ledger(home: Path) -> None:
    state = sqlite3.connect(home / "state.db")
    (run_id,) = state.execute("SELECT min(id) FROM run").fetchone()
    state.close()
    checked = verified(home, run_id, read=True)
    assert (checked.holds, checked.reread_origins) == (True, 7)


def test_events_that_are_not_in_the_lake_are_told_when_read_anew(home: Path, tree: Path) -> None:
    edit(home, "UPDATE origin SET events = 0, records = 0", "DELETE FROM staged_file WHERE decision_id = 1")
    checked = verified(home, tree / "logs", read=True)
    assert any("when read anew, 0 in the ledger" in told for told in checked.missing)
    assert any("read anew are not in the lake" in told for told in checked.missing)


def test_what_cannot_be_read_anew_to_its_end_does_not_count_as_proved(
    home: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAILCAM_LIMITS_ORIGIN_BYTES", "1 KiB")
    checked = verify(
        [str(tree / "logs")],
        load(),
        read_settings(folder=home, environment=os.environ, file=None),
        open_home(home),
        reread=True,
        workers=1,
    )
    assert not checked.holds
    assert any("cannot be read to its end: " in told for told in checked.missing), checked.missing


def test_a_stream_that_was_looked_at_leaves_no_copy(home: Path, tree: Path) -> None:
    pipe = home.with_name("pipe")
    os.mkfifo(pipe)
    log = sorted((tree / "logs").rglob("*.gz"))[0]
    for read in (False, True):
        writer = os.fork()
        if not writer:
            pipe.write_bytes(log.read_bytes())
            os._exit(0)
        checked = verified(home, pipe, read=read)
        os.waitpid(writer, 0)
        assert (checked.holds, checked.files) == (True, 1)
        assert list((home / "spool").iterdir()) == []
    pipe.unlink()


# -- names that are patterns -------------------------------------------------------------------------------


def test_the_neighbour_of_a_home_is_not_taken_for_it(tmp_path: Path, tree: Path) -> None:
    log = sorted((tree / "logs").rglob("*.gz"))[0]
    for name in ("wX", "w*", "p_row_id=1"):
        summary(log, "--home", tmp_path / name)
    for name in ("w*", "p_row_id=1"):
        assert verified(tmp_path / name, read=True).holds
    events = (tmp_path / "w*/lake/warehouse/aws_cloudtrail/data").rglob("*.parquet")
    for path in events:
        path.unlink()
    checked = verified(tmp_path / "w*", read=True)
    assert any("events that were read anew are not in the lake" in told for told in checked.missing)
