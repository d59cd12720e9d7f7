"""`trailcam run` as a user meets it: logs in every layout, matches and windows out."""

import base64
import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.live import eventually
from tests.support import record, summary, trailcam, write_log

from trailcam.app.home import make_home
from trailcam.app.load import load
from trailcam.app.run import Progress, run
from trailcam.logtypes import loader
from trailcam.settings.schema import Settings

RULE = '''"""Instance terminated."""

METADATA = {"id": "Test.Terminated", "log_types": ["AWS.CloudTrail"], "severity": "HIGH", "threshold": 2}


def rule(event):
    if event.get("eventName") == "Broken":
        return event["nothing"]
    return event.get("eventName") == "TerminateInstances"


def title(event):
    return f"{event.deep_get('userIdentity', 'userName')} terminated instances"
'''

SUMMARY_KEYS = [
    "origins", "records", "events", "duplicates", "conflicting_ids", "dead_letters", "matches", "rule_errors",
    "not_run", "waiting", "windows", "alerts", "new_events", "new_dead_letters", "new_matches", "new_rule_errors", "new_windows",
    "new_alerts", "seconds", "bytes",
]  # fmt: skip


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    path = tmp_path / "rules" / "terminated.py"
    path.parent.mkdir()
    path.write_text(RULE)
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    write_log(folder / "a.json.gz", [record(n, eventName="TerminateInstances") for n in range(3)])
    write_log(folder / "deep/er/b.json", [record(n) for n in range(3, 8)])
    write_log(folder / "c.json", [record(8, eventName="Broken")])
    return folder


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_summary_has_its_fixed_keys_and_adds_up(logs: Path, rule: Path) -> None:
    code, told = summary(logs, "--rules", rule)
    assert list(told) == SUMMARY_KEYS
    assert (told["origins"], told["records"], told["events"]) == (3, 9, 9)
    assert (told["matches"], told["rule_errors"], told["windows"], told["dead_letters"]) == (3, 1, 2, 0)
    assert code == 1


def test_matches_and_rule_errors_come_one_a_line_with_fixed_keys(logs: Path, rule: Path) -> None:
    done = trailcam("run", logs, "--rules", rule, "--format", "jsonl")
    found = lines(done.stdout)
    assert [list(line) for line in found] == [
        ["rule_id", "log_type", "event_id", "row_id", "event_time", "title", "dedup", "severity", "error"]
    ] * 4
    assert found[0] | {"row_id": ""} == {
        "rule_id": "Test.Terminated",
        "log_type": "AWS.CloudTrail",
        "event_id": "00000000-0000-4000-8000-000000000000",
        "row_id": "",
        "event_time": "2026-03-01T10:00:00Z",
        "title": "alice terminated instances",
        "dedup": "alice terminated instances",
        "severity": "HIGH",
        "error": None,
    }
    assert (found[3]["dedup"], found[3]["title"]) == ("KeyError", "KeyError('nothing')")
    assert 'terminated.py", line 8, in rule' in found[3]["error"]


def test_a_window_line_has_its_fixed_keys(logs: Path, rule: Path) -> None:
    done = trailcam("run", logs, "--rules", rule, "--windows", "--format", "jsonl")
    assert lines(done.stdout)[0] == {
        "rule_id": "Test.Terminated",
        "title": "alice terminated instances",
        "severity": "HIGH",
        "dedup": "alice terminated instances",
        "window_start": "2026-03-01T10:00:00Z",
        "window_end": "2026-03-01T11:00:00Z",
        "matches": 3,
        "qualifies": True,
    }


def test_formats_tell_the_same(logs: Path, rule: Path) -> None:
    as_lines = lines(trailcam("run", logs, "--rules", rule, "--format", "jsonl").stdout)
    as_list = json.loads(trailcam("run", logs, "--rules", rule, "--format", "json").stdout)
    assert as_lines == as_list
    table = trailcam("run", logs, "--rules", rule).stdout
    assert table.count("alice terminated") == 3
    assert max(map(len, table.splitlines())) <= 80


def test_the_summary_comes_last_behind_lines(logs: Path, rule: Path) -> None:
    done = trailcam("run", logs, "--rules", rule, "--format", "jsonl", "--summary", "json")
    assert list(lines(done.stdout)[-1]) == SUMMARY_KEYS
    assert len(lines(done.stdout)) == 5


@pytest.mark.parametrize("packed", [True, False])
def test_standard_input_is_read_like_a_file(packed: bool, rule: Path, tmp_path: Path) -> None:
    data = b"".join(json.dumps(record(n, eventName="TerminateInstances")).encode() + b"\n" for n in range(4))
    run = ("--rules", rule, "--format", "jsonl")
    done = trailcam("run", "-", *run, "--summary", "json", stdin=gzip.compress(data) if packed else data)
    *found, told = lines(done.stdout)
    assert (done.returncode, told["origins"], told["events"], told["matches"]) == (0, 1, 4, 4)
    file = tmp_path / "same.jsonl"
    file.write_bytes(data)
    assert lines(trailcam("run", file, *run, "--home", tmp_path / "another").stdout) == found


def test_a_named_pipe_is_read_like_standard_input(tmp_path: Path, rule: Path) -> None:
    data = write_log(tmp_path / "x.json", [record(1)]).read_bytes()
    command = f"exec {sys.executable} -m trailcam run <(cat {tmp_path / 'x.json'}) --summary json"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout)["bytes"] == len(data)


def test_a_file_given_twice_or_copied_is_one_origin(logs: Path, rule: Path) -> None:
    (logs / "copy.json").write_bytes((logs / "c.json").read_bytes())
    done = trailcam("run", logs, logs / "a.json.gz", "--rules", rule, "--summary", "json")
    assert json.loads(done.stdout)["origins"] == 3
    assert "2 files with the bytes of a file read before" in done.stderr


def test_an_event_delivered_again_in_another_file_is_a_duplicate(logs: Path, rule: Path) -> None:
    write_log(logs / "again.json", [record(n, eventName="TerminateInstances") for n in (2, 1)])
    _, told = summary(logs, "--rules", rule)
    assert (told["records"], told["events"], told["duplicates"], told["matches"]) == (11, 9, 2, 3)


def test_one_vendor_id_with_two_contents_is_two_events(logs: Path, rule: Path) -> None:
    write_log(logs / "forged.json", [record(4, eventName="Other"), record(5, eventName="Other")])
    _, told = summary(logs, "--rules", rule)
    assert (told["events"], told["duplicates"], told["conflicting_ids"]) == (11, 0, 2)


def test_an_update_under_a_vendors_id_is_no_conflict_and_another_content_of_it_is(
    tmp_path: Path, rule: Path
) -> None:
    known = {log_type.name: log_type for log_type in loader.builtin()}
    finding = loader.samples(known["AWS.GuardDuty"])["api_call"]
    update = finding | {"updatedAt": "2024-05-06T09:00:00Z", "severity": 8}
    sent = {"detail-type": "GuardDuty Finding", "source": "aws.guardduty", "detail": update}
    written = [finding, sent, {"Findings": [finding]}, {"Findings": [update | {"title": "other"}]}]
    (tmp_path / "findings").mkdir()
    for number, value in enumerate(written):
        (tmp_path / "findings" / f"{number}.json").write_text(json.dumps(value))
    _, told = summary(tmp_path / "findings", "--rules", rule)
    assert (told["events"], told["duplicates"], told["conflicting_ids"]) == (3, 1, 1)
    (tmp_path / "findings" / "3.json").unlink()
    _, told = summary(tmp_path / "findings", "--rules", rule)
    assert (told["events"], told["duplicates"], told["conflicting_ids"]) == (2, 1, 0)


def test_a_rule_is_run_by_its_id_out_of_a_pack(logs: Path, rule: Path) -> None:
    other = RULE.replace("Test.Terminated", "Test.Other")
    (rule.parent / "other.py").write_text(other)
    _, told = summary(logs, "--packs", rule.parent)
    assert told["matches"] == 6
    _, told = summary(logs, "--packs", rule.parent, "--rules", "Test.Other")
    assert told["matches"] == 3
    _, told = summary(logs, "--packs", rule.parent, "--rules", "Test.*")
    assert told["matches"] == 6


def test_an_id_that_no_rule_has_is_told_with_the_nearest(logs: Path, rule: Path) -> None:
    done = trailcam("run", logs, "--packs", rule.parent, "--rules", "Test.Terminatd")
    assert done.returncode == 2
    assert 'did you mean "Test.Terminated"?' in done.stderr


def test_output_is_the_same_whatever_the_number_of_workers(logs: Path, rule: Path, tmp_path: Path) -> None:
    for n in range(12):
        write_log(
            logs / f"m{n}.json", [record(100 + n * 5 + k, eventName="TerminateInstances") for k in range(5)]
        )
    settings = tmp_path / "t.toml"
    settings.write_text("[limits]\ngroup_bytes = 1000\n")
    run = ("run", logs, "--rules", rule, "--format", "jsonl", "--config", settings)
    # homes of their own: what is kept already would not be worked on again
    printed = {trailcam(*run, "--workers", n, "--home", tmp_path / n).stdout for n in ("1", "2", "3")}
    assert len(printed) == 1
    assert len(lines(printed.pop())) == 64


def test_what_a_rule_prints_goes_to_stderr(logs: Path, rule: Path) -> None:
    rule.write_text(RULE + "\nprint('hello from the top')\n")
    done = trailcam("run", logs, "--rules", rule, "--format", "jsonl")
    assert "hello from the top" in done.stderr
    assert len(lines(done.stdout)) == 4


def test_without_rules_the_logs_are_still_read(logs: Path) -> None:
    done = trailcam("run", logs)
    assert done.returncode == 0
    assert "9 records = 9 events" in done.stderr
    assert "no rules were run" in done.stderr


def test_output_that_nobody_reads_ends_the_run_quietly(logs: Path, rule: Path) -> None:
    run = f"{sys.executable} -m trailcam run {logs} --rules {rule} --format jsonl"
    many = f"{run} | head -0; echo ${{PIPESTATUS[0]}} >&2"
    done = subprocess.run(["bash", "-c", many], capture_output=True, check=False, timeout=60)
    assert done.stderr.splitlines()[-1] == b"141"
    assert b"Traceback" not in done.stderr


def test_ctrl_c_ends_the_run_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(RULE.replace("def rule(event):", "def rule(event):\n    import time; time.sleep(0.2)"))
    log = write_log(tmp_path / "many.json", [record(n) for n in range(500)])
    process = subprocess.Popen(
        [sys.executable, "-m", "trailcam", "run", str(log), "--rules", str(slow)],
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    eventually(lambda: len(servers(process.pid)) > 1)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err.decode() == "interrupted\n"
    eventually(lambda: not servers(process.pid), seconds=5)


def test_ctrl_c_while_processes_come_up_is_heard_by_the_parent_alone(tmp_path: Path, rule: Path) -> None:
    log = write_log(tmp_path / "one.json", [record(0)])
    process = subprocess.Popen(
        [sys.executable, "-m", "trailcam", "run", str(log), "--rules", str(rule)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not servers(process.pid) and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.1)  # it imports what workers need
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode() == "interrupted\n"


def servers(session: int) -> list[int]:
    """The processes of a session that fork workers, and the workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if b"forkserver" in (folder / "cmdline").read_bytes() and os.getsid(int(folder.name)) == session:
                found.append(int(folder.name))
    return found


def test_a_bar_is_drawn_on_a_terminal(tmp_path: Path) -> None:
    log = write_log(tmp_path / "many.json", [record(n) for n in range(6000)])
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "trailcam", "run", str(log), "--summary", "json"],
        stdout=subprocess.DEVNULL, stderr=terminal, env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(terminal)
    drawn = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    os.close(master)
    assert process.wait(timeout=60) == 0
    assert b"reading" in drawn
    assert b"records" in drawn


def test_a_big_file_moves_the_bar_before_it_is_done(tmp_path: Path) -> None:
    log = write_log(tmp_path / "big.json", [record(n, x="y" * 3000) for n in range(7000)])
    seen: list[Progress] = []
    run([log], load(), Settings(), make_home(tmp_path / "home"), workers=1, progress=seen.append)
    assert len(seen) >= 3
    assert [at.bytes_done for at in seen] == sorted(at.bytes_done for at in seen)
    assert 0 < seen[0].bytes_done < seen[-1].bytes_done == seen[-1].bytes_all
    assert 0 < seen[0].records < seen[-1].records == 7000


def test_a_switched_off_rule_runs_only_when_it_is_named(logs: Path, rule: Path) -> None:
    rule.write_text(RULE.replace('"threshold": 2', '"enabled": False'))
    done = trailcam("run", logs, "--packs", rule.parent, "--summary", "json")
    assert json.loads(done.stdout)["matches"] == 0
    assert "1 rule switched off" in done.stderr
    for named in (str(rule), "Test.Terminated"):
        _, told = summary(logs, "--packs", rule.parent, "--rules", named)
        assert told["matches"] == 3


def test_a_rule_for_a_log_type_without_a_schema_is_not_quiet(logs: Path, rule: Path) -> None:
    rule.write_text(RULE.replace("AWS.CloudTrail", "Acme.Unheard"))
    done = trailcam("run", logs, "--rules", rule)
    assert "never run: 1 rule for Acme.Unheard, of which there is no schema" in done.stderr


def test_of_many_log_types_without_a_schema_those_with_most_rules_are_told(logs: Path, rule: Path) -> None:
    for number in range(12):
        names = [f"Acme.Unheard{number}", *(["Acme.Unheard11"] if number < 3 else [])]
        text = RULE.replace('"AWS.CloudTrail"', ", ".join(f'"{name}"' for name in names))
        (rule.parent / f"unheard{number}.py").write_text(text.replace("Test.Terminated", f"Test.{number}"))
    told = trailcam("run", logs, "--packs", rule.parent).stderr.splitlines()
    at = told.index("never run: 12 rules for 12 log types, of which there is no schema:")
    assert told[at + 1 : at + 4] == [
        "  bring them with --log-types",
        "  4 rules for Acme.Unheard11",
        "  1 rule for Acme.Unheard0",
    ]
    assert told[at + 12] == "  and 2 more log types"


def test_an_empty_text_is_no_path(rule: Path) -> None:
    done = trailcam("run", "", "--rules", rule)
    assert done.returncode == 2
    assert "an empty text is no path" in done.stderr


def test_a_rule_error_is_marked_in_the_table(logs: Path, rule: Path) -> None:
    assert "Test.Terminated FAILED: KeyError" in " ".join(
        trailcam("run", logs, "--rules", rule).stdout.split()
    )


def test_a_full_disk_under_the_output_is_told(logs: Path, rule: Path) -> None:
    command = f"{sys.executable} -m trailcam run {logs} --rules {rule} --format jsonl > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.returncode == 3
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_temporary_folder_with_too_long_a_path_is_told_with_a_cure(logs: Path, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    done = trailcam("run", logs, env={**os.environ, "TMPDIR": str(long)})
    assert done.returncode == 3
    assert "point TMPDIR at a folder with a shorter path" in done.stderr


def test_sigterm_leaves_nothing_behind(home: Path, rule: Path) -> None:
    spool = home / "spool"
    process = subprocess.Popen(
        [sys.executable, "-m", "trailcam", "run", "-", "--rules", str(rule)],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"x" * 100_000)
    process.stdin.flush()
    for _ in range(100):
        if list(spool.glob("*")):
            break
        time.sleep(0.1)
    else:
        pytest.fail("standard input was not spooled")
    process.terminate()
    assert process.wait(timeout=20) == 143
    process.stdin.close()
    assert not list(spool.glob("*"))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_standard_streams_are_no_traceback(
    logs: Path, rule: Path, closed: str, tmp_path: Path
) -> None:
    path = "-" if closed == "<&-" else logs
    command = f"{sys.executable} -m trailcam run {path} --rules {rule} --format jsonl {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1)


def test_dead_letters_are_written_whole(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.json", [record(1), {"no": "log" * 500}])
    done = trailcam("run", log, "--dead-letters", tmp_path / "dead.jsonl", "--summary", "json")
    assert "dead letters: 1" in done.stderr
    (letter,) = lines((tmp_path / "dead.jsonl").read_text())
    assert list(letter) == [
        "origin", "origin_id", "position", "size_bytes", "reason", "reason_name", "detail", "raw_base64",
    ]  # fmt: skip
    raw = base64.b64decode(letter["raw_base64"])
    assert json.loads(raw) == {"no": "log" * 500}
    assert log.read_bytes()[letter["position"] :].startswith(raw)
    done = trailcam("run", log, "--dead-letters", tmp_path / "no" / "folder.jsonl")
    assert done.returncode == 3
    assert "cannot write dead letters" in done.stderr


def test_an_event_in_two_files_gives_one_result_in_any_order(tmp_path: Path) -> None:
    rule = tmp_path / "file.py"
    rule.write_text(
        RULE.replace(
            "f\"{event.deep_get('userIdentity', 'userName')} terminated instances\"", 'event["p_source_file"]'
        )
    )
    both = [record(1, eventName="TerminateInstances")]
    one = write_log(tmp_path / "one.json", both)
    two = write_log(tmp_path / "two.json", [*both, record(2)])
    there = trailcam("run", one, two, "--rules", rule, "--format", "jsonl").stdout
    back = trailcam("run", two, one, "--rules", rule, "--format", "jsonl").stdout
    assert there == back
    assert len(lines(there)) == 1
