"""Lookup tables from the command line: what rules see, which version answers, what is kept with a match."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.kept import verified
from tests.mmdb import database
from tests.support import record, summary, trailcam, write_log

from trailcam.logtypes import loader

RULE = """
import json
METADATA = {"id": "Test.Noise", "log_types": ["AWS.CloudTrail"], "severity": "Low"}


def rule(event):
    return event.deep_get("p_enrichment", "noise", "sourceIPAddress", "classification") == "malicious"


def title(event):
    return event.deep_get("p_enrichment", "noise", "sourceIPAddress", "actor", default="nobody")
"""

SELECTORS = '"AWS.CloudTrail" = ["sourceIPAddress"]'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise.py").write_text(RULE)
    declare(SELECTORS)
    table("first")
    write_log(tmp_path / "logs/a.json", [record(n, sourceIPAddress=f"192.0.2.{n}") for n in range(4)])
    return tmp_path


def declare(selectors: str, *, path: str = "noise.jsonl", key: str = "ip") -> None:
    keyed = f'key = "{key}"\n' if key else ""
    Path("trailcam.toml").write_text(
        f'[lookup_tables.noise]\npath = "{path}"\n{keyed}[lookup_tables.noise.selectors]\n{selectors}\n'
    )


def table(actor: str, classification: str = "malicious") -> None:
    rows = [{"ip": f"192.0.2.{n}", "classification": classification, "actor": actor} for n in (1, 2)]
    Path("noise.jsonl").write_text("\n".join(map(json.dumps, rows)))


def run(*more: str) -> dict[str, Any]:
    code, told = summary("logs", "--rules", "noise.py", *more)
    assert code == 0
    return told


def asked(sql: str) -> list[dict[str, Any]]:
    done = trailcam("query", sql, "--format", "json")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def since(home: Path, *times: str) -> None:
    """Moves the versions to where a test wants them: a run takes the clock's time."""
    with sqlite3.connect(home / "state.db") as state:
        state.execute("PRAGMA foreign_keys=OFF")
        held = state.execute("SELECT since FROM lookup_version ORDER BY since").fetchall()
        for (old,), new in zip(held, times, strict=True):
            state.execute(
                "UPDATE lookup_version SET since = CAST(strftime('%s', ?) AS INTEGER) * 1000000 WHERE since = ?",
                (new, old),
            )


def test_a_rule_sees_the_row_and_it_stands_with_the_match() -> None:
    assert run()["matches"] == 2
    rows = asked("SELECT title, enrichment FROM matches ORDER BY p_event_time")
    assert [row["title"] for row in rows] == ["first", "first"]
    assert json.loads(rows[0]["enrichment"]) == {
        "noise": {
            "sourceIPAddress": {
                "ip": "192.0.2.1", "classification": "malicious", "actor": "first", "p_match": "192.0.2.1",
            }
        }
    }  # fmt: skip


def test_a_match_without_an_answer_has_no_enrichment(folder: Path) -> None:
    (folder / "noise.py").write_text(
        RULE.split("def rule", maxsplit=1)[0] + "def rule(event):\n    return True\n"
    )
    assert run()["matches"] == 4
    assert asked("SELECT count(*) AS n FROM matches WHERE enrichment IS NULL") == [{"n": 2}]


def test_a_second_run_adds_nothing_though_the_table_has_changed(home: Path) -> None:
    run()
    table("second")
    told = run()
    assert (told["matches"], told["new_matches"], told["new_events"]) == (2, 0, 0)
    assert {row["title"] for row in asked("SELECT title FROM matches")} == {"first"}
    with sqlite3.connect(home / "state.db") as state:
        assert state.execute("SELECT count(*) FROM lookup_version").fetchone() == (2,)
    run()
    with sqlite3.connect(home / "state.db") as state:
        assert state.execute("SELECT count(*) FROM lookup_version").fetchone() == (2,)


def test_an_event_has_the_row_that_was_in_force_when_it_happened(folder: Path, home: Path) -> None:
    empty = write_log(folder / "empty/e.json", [])
    summary(empty, "--rules", "noise.py")
    table("second")
    summary(empty, "--rules", "noise.py")
    since(home, "2026-03-01T00:00:00", "2026-03-08T00:00:00")
    week = ["2026-02-20T10:00:00Z", "2026-03-02T10:00:00Z", "2026-03-08T00:00:00Z", "2026-03-09T10:00:00Z"]
    records = [record(10 + n, sourceIPAddress="192.0.2.1", eventTime=time) for n, time in enumerate(week)]
    write_log(folder / "logs/a.json", records)
    write_log(folder / "logs/copies.json", list(reversed(records)))
    assert run()["matches"] == 4
    titles = [row["title"] for row in asked("SELECT title FROM matches ORDER BY p_event_time")]
    assert titles == ["first", "first", "second", "second"]


def test_a_table_that_is_declared_anew_goes_over_known_files(folder: Path) -> None:
    declare('"AWS.CloudTrail" = ["userAgent"]')
    assert run()["matches"] == 0
    declare(SELECTORS)
    told = run()
    assert (told["matches"], told["new_matches"], told["new_events"]) == (2, 2, 0)
    told = run()
    assert (told["matches"], told["new_matches"]) == (2, 0)


def test_what_a_table_says_of_another_log_type_goes_over_nothing(folder: Path, home: Path) -> None:
    run()
    declare(f'{SELECTORS}\n"AWS.GuardDuty" = ["p_any_ip_addresses"]')
    run()
    with sqlite3.connect(home / "state.db") as state:
        assert state.execute("SELECT count(*) FROM origin").fetchone() == (1,)


def test_a_log_type_that_is_unknown_to_this_run_is_told_after_it(folder: Path) -> None:
    declare(f'{SELECTORS}\n"Custom.Elsewhere" = ["address"]')
    done = trailcam("run", "logs", "--rules", "noise.py")
    assert done.returncode == 0
    assert (
        "never asked: 1 lookup table for Custom.Elsewhere, of which there is no schema: bring it with --log-types"
        in done.stderr
    )
    declare(SELECTORS)
    assert "never asked" not in trailcam("run", "logs", "--rules", "noise.py").stderr


def test_a_database_of_addresses_is_a_table_without_a_key(folder: Path) -> None:
    (folder / "noise.mmdb").write_bytes(
        database({"192.0.2.2/31": {"classification": "malicious", "actor": "net"}})
    )
    declare(SELECTORS, path="noise.mmdb", key="")
    assert run()["matches"] == 2


def test_a_damaged_database_of_addresses_is_told_as_such(folder: Path) -> None:
    data = bytearray(database({"192.0.2.2/31": {"classification": "malicious"}}))
    data[120:123] = (20).to_bytes(3, "big")  # a node that leads back to itself ends the reader's process
    (folder / "noise.mmdb").write_bytes(data)
    declare(SELECTORS, path="noise.mmdb", key="")
    done = trailcam("run", "logs", "--rules", "noise.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error[TC0702]: the database is damaged" in done.stderr


@pytest.mark.parametrize("content", [None, b"", b"\xff", b'{"ip":1}\n{"ip":1}', b"[1]", b'{"x":1}'])
def test_a_table_that_cannot_be_used_is_told_before_anything_is_read(
    folder: Path, home: Path, content: bytes | None
) -> None:
    (folder / "noise.jsonl").unlink()
    if content is not None:
        (folder / "noise.jsonl").write_bytes(content)
    done = trailcam("run", "logs", "--rules", "noise.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error[TC070" in done.stderr
    assert "noise.jsonl" in done.stderr
    assert content is not None or "hint: Mend `path` in [lookup_tables.NAME]" in done.stderr
    assert "Traceback" not in done.stderr
    with sqlite3.connect(home / "state.db") as state:
        assert state.execute(
            "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM lookup_version)"
        ).fetchone() == (0,)


def test_values_that_were_written_to_do_harm_are_values_like_others(folder: Path) -> None:
    hostile: list[Any] = [
        None, 1, True, {}, [], [["192.0.2.1"]], {"a": 1}, "x" * 100_000, "\x00", "192.0.2.1\n", "\ud800", 10**400,
    ]  # fmt: skip
    write_log(folder / "logs/a.json", [record(n, sourceIPAddress=value) for n, value in enumerate(hostile)])
    told = run()
    assert (told["events"], told["dead_letters"], told["rule_errors"]) == (len(hostile), 0, 0)


def test_versions_are_saved_and_brought_back_and_missed_when_they_are_gone(folder: Path, home: Path) -> None:
    run()
    table("second")
    run()
    assert verified(home).holds
    assert trailcam("backup", "saved.tar").returncode == 0
    assert trailcam("restore", "saved.tar", "--home", "again").returncode == 0
    assert verified(folder / "again").holds
    kept = {path.name: path.read_bytes() for path in (home / "lookups/noise").glob("*.jsonl")}
    assert kept == {path.name: path.read_bytes() for path in (folder / "again/lookups/noise").iterdir()}
    assert trailcam("run", "logs", "--rules", "noise.py", "--home", "again").returncode == 0
    assert verified(folder / "again").holds
    now = (folder / "noise.jsonl").read_bytes()
    for path in (home / "lookups/noise").glob("*.jsonl"):
        if path.read_bytes() == now:
            path.write_bytes(now[::-1])
        else:
            path.unlink()
    done = trailcam("verify")
    assert done.returncode == 1
    assert "its bytes are not those that were kept" in done.stdout + done.stderr
    assert "No such file" in done.stdout + done.stderr
    assert trailcam("backup", "more.tar").returncode == 3
    assert trailcam("run", "logs", "--rules", "noise.py").returncode == 3


def test_a_version_that_was_altered_ends_the_run_and_nothing_is_kept_of_it(folder: Path, home: Path) -> None:
    run()
    (kept,) = (home / "lookups/noise").glob("*.index")
    kept.write_bytes(b"x" * kept.stat().st_size)
    write_log(folder / "logs/b.json", [record(9, sourceIPAddress="192.0.2.1")])
    done = trailcam("run", "logs", "--rules", "noise.py", "--summary", "json")
    assert done.returncode == 3
    assert str(kept) in done.stderr
    assert asked("SELECT count(*) AS n FROM aws_cloudtrail") == [{"n": 4}]
    assert asked("SELECT count(*) AS n FROM dead_letters") == [{"n": 0}]


def test_one_event_that_names_very_many_known_values_takes_no_other_with_it(folder: Path) -> None:
    known = [f"10.0.{number >> 8}.{number & 255}" for number in range(40_000)]
    rows = ({"ip": ip, "classification": "malicious", "note": "x" * 300} for ip in known)
    (folder / "noise.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    hostile = record(1, requestParameters={"addresses": known}, sourceIPAddress="10.0.0.1")
    write_log(folder / "logs/a.json", [hostile, record(2, sourceIPAddress="10.0.0.2")])
    text = (folder / "trailcam.toml").read_text()
    assert '"sourceIPAddress"' in text
    (folder / "trailcam.toml").write_text(
        text.replace(
            '"sourceIPAddress"', '"requestParameters.addresses", "p_any_ip_addresses", "sourceIPAddress"'
        )
    )
    told = run()
    assert (told["events"], told["dead_letters"], told["rule_errors"]) == (2, 0, 0)
    assert told["matches"] == 2
    (found,) = asked(f"SELECT enrichment FROM matches WHERE event_id = '{hostile['eventID']}'")
    said = json.loads(found["enrichment"])["noise"]
    assert said["sourceIPAddress"]["p_match"] == "10.0.0.1"
    assert len(said["requestParameters.addresses"]) == 5_000
    assert said["p_left_out"]["requestParameters.addresses"] == 35_000


def test_a_rule_asks_greynoise_of_calls_and_findings(folder: Path) -> None:
    (folder / "trailcam.toml").write_text(
        """
        [lookup_tables.greynoise_noise_basic]
        path = "noise.jsonl"
        key = "ip"
        [lookup_tables.greynoise_noise_basic.selectors]
        "AWS.CloudTrail" = ["sourceIPAddress"]
        "AWS.GuardDuty" = ["p_any_ip_addresses"]
        """
    )
    (folder / "noise.py").write_text(
        """
from panther_greynoise_helpers import GetGreyNoiseObject
METADATA = {"id": "Test.Noise", "log_types": ["AWS.CloudTrail", "AWS.GuardDuty"], "severity": "Low"}
FIELDS = {"AWS.CloudTrail": "sourceIPAddress", "AWS.GuardDuty": "p_any_ip_addresses"}


def rule(event):
    global noise
    noise = GetGreyNoiseObject(event)
    return noise.classification(FIELDS[event.get("p_log_type")]) == "malicious"


def severity(event):
    return "HIGH" if noise.subscription_level() == "basic" else "LOW"
"""
    )
    known = {log_type.name: log_type for log_type in loader.builtin()}
    finding = loader.samples(known["AWS.GuardDuty"])["get_findings_database_login"]
    text = json.dumps({"Findings": [finding]}).replace("203.0.113.200", "192.0.2.2")
    (folder / "logs/findings.json").write_text(text)
    assert run()["matches"] == 3
    assert asked("SELECT log_type, severity, count(*) AS n FROM matches GROUP BY ALL ORDER BY ALL") == [
        {"log_type": "AWS.CloudTrail", "severity": "HIGH", "n": 2},
        {"log_type": "AWS.GuardDuty", "severity": "HIGH", "n": 1},
    ]
    found = asked("SELECT json_extract_string(resource, '$.ResourceType') AS kind, id FROM aws_guardduty")
    assert found == [{"kind": "RDSDBInstance", "id": finding["Id"]}]


# -- tables that packs bring -------------------------------------------------------------------------------

DECLARED = """\
AnalysisType: lookup_table
LookupName: noise
Enabled: true
Filename: noise.jsonl
LogTypeMap:
  PrimaryKey: ip
  AssociatedLogTypes:
    - LogType: AWS.CloudTrail
      Selectors: [$.sourceIPAddress]
    - LogType: Vendor.Unknown
      Selectors: [ip]
"""


@pytest.fixture
def pack(folder: Path) -> Path:
    """A pack with the rule and the table, and settings that say nothing of it."""
    made = folder / "pack"
    made.mkdir()
    (folder / "noise.py").rename(made / "noise.py")
    (folder / "noise.jsonl").rename(made / "noise.jsonl")
    (made / "noise.yml").write_text(DECLARED)
    (folder / "trailcam.toml").write_text("")
    return made


def titles() -> set[str]:
    return {row["title"] for row in asked("SELECT DISTINCT title FROM matches")}


def test_a_table_of_a_pack_is_asked_like_one_of_the_settings(pack: Path) -> None:
    code, told = summary("logs", "--packs", "pack")
    assert (code, told["matches"], titles()) == (0, 2, {"first"})


def test_a_table_of_the_settings_stands_for_that_of_the_pack(pack: Path, folder: Path) -> None:
    table("mine")
    declare(SELECTORS)
    summary("logs", "--packs", "pack")
    assert titles() == {"mine"}


def test_a_table_of_a_pack_that_is_switched_off_is_not_asked(pack: Path) -> None:
    (pack / "noise.yml").write_text(DECLARED.replace("Enabled: true", "Enabled: false"))
    assert summary("logs", "--packs", "pack")[1]["matches"] == 0


def test_a_selector_of_a_pack_that_leads_nowhere_is_told_with_its_file(pack: Path) -> None:
    (pack / "noise.yml").write_text(DECLARED.replace("$.sourceIPAddress", "$.sourceIpAddress"))
    done = trailcam("run", "logs", "--packs", "pack")
    assert done.returncode == 2
    assert 'error[TC0103]: noise: AWS.CloudTrail has no field "sourceIpAddress"' in done.stderr
    assert "--> pack/noise.yml" in done.stderr
