"""Bad input gets a clear error and loses nothing: what can be read is read, the rest is a dead letter."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.kept import read
from tests.support import record, summary, trailcam, write_log

from trailcam.errors import code

DEEP = (
    '{"eventVersion":"1.11","eventName":"X","eventSource":"s","eventTime":"t","a":'
    + "[" * 10_000
    + "]" * 10_000
    + "}"
)


def raw(number: int, **fields: Any) -> str:
    return json.dumps(record(number, **fields))


def spliced(number: int, text: str) -> bytes:
    """A record with a field `x` whose JSON is this text."""
    return raw(number, x="@@").replace('"@@"', text).encode()


def told_of(*arguments: Path, **options: Any) -> tuple[int, dict[str, Any], str]:
    """(exit code, summary, words) of one run."""
    done = trailcam("run", *arguments, "--summary", "json", **options)
    return done.returncode, json.loads(done.stdout), done.stderr


DEAD = {
    "broken JSON in the middle of a file": (b'{"eventVersion": oops}', "json_broken"),
    "bytes that are not UTF-8": (spliced(2, '"@"').replace(b"@", b"\xff\xfe"), "not_utf8"),
    "nesting 10,000 deep": (DEEP.encode(), "too_deep"),
    "NUL bytes": (spliced(2, '"\x00"'), "json_broken"),
    "NaN": (spliced(2, "NaN"), "number_out_of_range"),
    "1e999": (spliced(2, "1e999"), "number_out_of_range"),
    "another kind of log": (b'{"version": "0", "detail-type": "x"}', "log_type_unknown"),
    "a text where a record belongs": (b'"hello"', "not_a_record"),
}


@pytest.mark.parametrize("broken", DEAD.values(), ids=DEAD.keys())
@pytest.mark.parametrize("layout", [b'{"Records":[%s,%s,%s]}', b"%s\n%s\n%s\n"], ids=["envelope", "lines"])
def test_one_bad_record_is_one_dead_letter_and_its_neighbours_are_read(
    tmp_path: Path, layout: bytes, broken: tuple[bytes, str]
) -> None:
    log = tmp_path / "log.json"
    data = layout % (raw(1).encode(), broken[0], raw(3).encode())
    log.write_bytes(data)
    exit_code, told, words = told_of(log)
    assert (told["records"], told["events"], told["dead_letters"], exit_code) == (3, 2, 1, 1)
    assert f"[{code(broken[1])}]" in words
    assert f"at byte {data.index(broken[0]):,}" in words


ALIVE = {
    "a lone surrogate": spliced(2, r'"\ud800"'),
    "an integer beyond 64 bits": spliced(2, "123456789012345678901234567890"),
    "a record of 300 kB": spliced(2, json.dumps("x" * 300_000)),
    "text that is not ASCII": raw(2, x="\u65e5\u672c\U0001f600").encode(),
    "a key given twice": raw(2).replace('"awsRegion"', '"awsRegion": "x", "awsRegion"').encode(),
    "no eventTime": json.dumps({k: v for k, v in record(2).items() if k != "eventTime"}).encode(),
    "a malformed eventTime": raw(2, eventTime="yesterday").encode(),
    "an eventTime that is a number": raw(2, eventTime=1_700_000_000).encode(),
    "an eventTime in the future": raw(2, eventTime="9999-12-31T23:59:59Z").encode(),
    "an eventName that is a number": raw(2, eventName=17).encode(),
    "a userIdentity that is a text": raw(2, userIdentity="root").encode(),
    "a userIdentity that is null": raw(2, userIdentity=None).encode(),
    "a sourceIPAddress that is a list": raw(2, sourceIPAddress=["192.0.2.1"]).encode(),
}


@pytest.mark.parametrize("odd", ALIVE.values(), ids=ALIVE.keys())
def test_an_odd_record_is_an_event_that_rules_see(tmp_path: Path, home: Path, odd: bytes) -> None:
    (tmp_path / "log.json").write_bytes(b'{"Records":[%s,%s]}' % (raw(1).encode(), odd))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "every.py").write_text(
        'METADATA = {"id": "T.Every", "log_types": ["AWS.CloudTrail"], "severity": "LOW"}\n\n\n'
        "def rule(event):\n    return True\n\n\ndef alert_context(event):\n    return event\n"
    )
    report = read(tmp_path / "log.json", tmp_path / "rules", home)
    told = report.summary
    assert (told["events"], told["matches"], told["dead_letters"], told["rule_errors"]) == (2, 2, 0, 0)
    assert (report.exit_code, told["windows"] > 0) == (0, True)


def test_a_truncated_gzip_gives_its_records_and_one_dead_letter(tmp_path: Path) -> None:
    records = [record(n, x=os.urandom(40).hex()) for n in range(100)]
    packed = gzip.compress(json.dumps({"Records": records}).encode())
    (tmp_path / "cut.json.gz").write_bytes(packed[: len(packed) // 2])
    exit_code, told, words = told_of(tmp_path / "cut.json.gz")
    assert 20 < told["events"] < 80
    assert (told["dead_letters"], told["records"], exit_code) == (1, told["events"] + 1, 1)
    assert f"[{code('gzip_truncated')}]" in words


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    bomb = b'{"Records":[' + raw(1).encode() + b"," + b" " * 50_000_000 + raw(2).encode() + b"]}"
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(bomb))
    limited = {**os.environ, "TRAILCAM_LIMITS_ORIGIN_BYTES": "1 MiB"}
    exit_code, told, words = told_of(tmp_path / "bomb.json.gz", env=limited)
    assert (told["events"], told["dead_letters"], exit_code) == (1, 1, 1)
    assert f"[{code('too_large_unpacked')}]" in words
    _, told = summary(tmp_path / "bomb.json.gz")
    assert (told["events"], told["dead_letters"]) == (2, 0)


def test_an_empty_file_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "empty.json.gz").write_bytes(gzip.compress(b""))
    exit_code, told, words = told_of(tmp_path)
    assert (exit_code, told["origins"], told["records"]) == (0, 2, 0)
    assert "1 file empty" in words


def test_a_folder_without_logs_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("nothing here")
    (tmp_path / ".hidden.json").write_text("{}")
    done = trailcam("run", tmp_path)
    assert done.returncode == 2
    assert f"error[{code('no_logs')}]" in done.stderr
    assert ".jsonl" in done.stderr


def test_paths_that_do_not_exist_are_told_all_at_once(tmp_path: Path) -> None:
    done = trailcam("run", tmp_path / "a", tmp_path / "b")
    assert done.returncode == 2
    assert done.stderr.count(f"error[{code('path_not_found')}]") == 2


def powerless(command: list[str]) -> list[str]:
    """The command without root's power over files that are closed to their owner."""
    drop = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", drop, "--inh-caps", drop, *command] if os.getuid() == 0 else command


def test_files_without_permission_are_dead_letters_and_the_others_are_read(tmp_path: Path) -> None:
    write_log(tmp_path / "logs/open.json", [record(1)])
    write_log(tmp_path / "logs/closed.json", [record(2)]).chmod(0)
    write_log(tmp_path / "logs/shut/inner.json", [record(3)]).parent.chmod(0)
    command = powerless(
        [sys.executable, "-m", "trailcam", "run", str(tmp_path / "logs"), "--summary", "json"]
    )
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    finally:
        (tmp_path / "logs/shut").chmod(0o755)
    told, words = json.loads(done.stdout), done.stderr.decode()
    assert (told["events"], told["dead_letters"], done.returncode) == (1, 2, 3)
    assert f"[{code('origin_unreadable')}]" in words
    assert "closed.json" in words
    assert "shut" in words


def test_a_link_that_leads_nowhere_is_a_dead_letter(tmp_path: Path) -> None:
    write_log(tmp_path / "a.json", [record(1)])
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere.json")
    exit_code, told = summary(tmp_path)
    assert (exit_code, told["events"], told["dead_letters"]) == (3, 1, 1)


def test_a_link_that_leads_nowhere_costs_no_other_file_whatever_its_name(tmp_path: Path) -> None:
    write_log(tmp_path / "logs" / "z.json", [record(0)])
    (tmp_path / "logs" / os.fsdecode(b"bad\xff.json")).symlink_to(tmp_path / "nowhere")
    exit_code, counts = summary(tmp_path / "logs")
    assert (exit_code, counts["events"], counts["dead_letters"]) == (3, 1, 1)


def test_every_problem_of_every_rule_comes_at_once_with_file_line_and_hint(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.json", [record(1)])
    pack = tmp_path / "pack"
    pack.mkdir()
    head = 'METADATA = {"id": "%s", "log_types": ["AWS.CloudTrail"], "severity": "LOW"}\n'
    body = "def rule(event): return True\n"
    (pack / "syntax.py").write_text(head % "A" + "def rule(event:\n")
    (pack / "typo.py").write_text((head % "B").replace(', "sev', ',\n\n\n"sev').replace("rity", "rty") + body)
    (pack / "pair.yml").write_text(
        "AnalysisType: rule\nRuleID: C\nEnabled: true\nFilename: pair.py\nLogTypes: [AWS.CloudTrail]\n"
        "Severity: Hgih\nTreshold: 3\n"
    )
    (pack / "pair.py").write_text(body)
    (pack / "good.py").write_text(head % "D" + body)
    (pack / "twice.py").write_text(head % "D" + body)
    done = trailcam("run", log, "--packs", pack, "--format", "jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    for expected in (
        f"{pack / 'syntax.py'}:2",
        f"{pack / 'typo.py'}:4",
        'did you mean "severity"?',
        f"{pack / 'pair.yml'}:6",
        'did you mean "High"?',
        f"{pack / 'pair.yml'}:7",
        'did you mean "Threshold"?',
        f"error[{code('duplicate_id')}]",
    ):
        assert expected in done.stderr, expected


def test_an_unknown_setting_is_told_with_the_nearest(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.json", [record(1)])
    (tmp_path / "trailcam.toml").write_text("[limits]\norigin_byte = 5\nrule_seconds = 'long'\n")
    done = trailcam("run", log, cwd=tmp_path)
    assert done.returncode == 2
    assert 'did you mean "origin_bytes"?' in done.stderr
    assert "rule_seconds" in done.stderr
    done = trailcam("run", log, env={**os.environ, "TRAILCAM_LIMITS_RECORDS_BYTES": "5"})
    assert 'did you mean "TRAILCAM_LIMITS_RECORD_BYTES"?' in done.stderr


def test_log_text_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.json", [record(1, eventName="\x1b[2Jclear\r\n")])
    (tmp_path / "every.py").write_text(
        'METADATA = {"id": "T.Every", "log_types": ["AWS.CloudTrail"], "severity": "LOW"}\n\n\n'
        "def rule(event):\n    return True\n\n\ndef title(event):\n    return event['eventName']\n"
    )
    for form in ("table", "json", "jsonl"):
        done = trailcam("run", log, "--rules", tmp_path / "every.py", "--format", form)
        assert "\x1b[2J" not in done.stdout + done.stderr
        assert "clear" in done.stdout


def test_log_text_cannot_forge_a_line_of_the_summary(tmp_path: Path) -> None:
    forged = "x\n5 matches\x1b[31m"
    write_log(tmp_path / "logs" / "a\nforged: yes.json", [record(1, userAgent=forged), {"no": "log"}])
    (tmp_path / "bad.py").write_text(
        'METADATA = {"id": "T.Bad", "log_types": ["AWS.CloudTrail"], "severity": "LOW"}\n\n\n'
        "def rule(event):\n    raise ValueError(event['userAgent'])\n"
    )
    done = trailcam("run", tmp_path / "logs", "--rules", tmp_path / "bad.py")
    assert "\x1b" not in done.stderr
    for line in done.stderr.splitlines():
        assert not line.startswith(("5 matches", "forged: yes"))
    assert "forged: yes" in done.stderr
