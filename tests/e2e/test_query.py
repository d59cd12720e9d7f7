"""`trailcam query` as a user meets it: SQL in, rows out, and nothing else reached or changed."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import record, trailcam, write_log

from trailcam.app.home import open_home
from trailcam.errors import TrailcamError, WorldError
from trailcam.logtypes.loader import builtin
from trailcam.query.sql import ask

RULE = '''"""A user does something."""

METADATA = {"id": "Test.Acts", "log_types": ["AWS.CloudTrail"], "severity": "HIGH", "threshold": 2}


def rule(event):
    if event.get("eventName") == "Broken":
        return event["nothing"]
    return event.get("eventName") == "Acts"
'''


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in a folder with an odd name, into which two runs have read, the second some copies too."""
    folder = tmp_path_factory.mktemp("kept") / "it's a #1 %20 'höme'?"
    write_log(folder / "first" / "a.json", [record(n, eventName="Acts") for n in (0, 1, 1)])
    write_log(folder / "first" / "b.json.gz", [record(1, eventName="Acts"), record(2, eventName="Broken")])
    (folder / "first" / "c.json").write_text('{"eventName": ')
    write_log(folder / "second" / "d.json", [record(0, eventName="Acts"), record(3), timeless(4)])
    write_log(folder / "second" / "e.json", [timeless(4), record(5, eventName="\x1b[2Jü", readOnly=True)])
    (folder / "rules").mkdir()
    (folder / "rules" / "acts.py").write_text(RULE)
    for run in ("first", "second"):
        done = trailcam("run", folder / run, "--packs", folder / "rules", "--home", folder / "home")
        assert done.returncode in (0, 1), done.stderr
    return folder / "home"


def timeless(number: int) -> dict[str, Any]:
    return {key: value for key, value in record(number).items() if key != "eventTime"}


@pytest.fixture(autouse=True)
def here(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAILCAM_HOME", str(kept))


def rows(sql: str, **options: Any) -> list[list[Any]]:
    """What a query gives, in this process."""
    home = open_home(Path(os.environ["TRAILCAM_HOME"]))
    with ask(
        sql,
        database=home.database,
        warehouse=home.iceberg.warehouse,
        scratch=home.scratch,
        log_types=options.get("log_types", builtin()),
    ) as answer:
        return [list(row) for row in answer.rows]


def refused(sql: str) -> str:
    with pytest.raises(TrailcamError) as raised:
        rows(sql)
    assert [problem.code for problem in raised.value.problems] == ["TC0608"], raised.value
    assert raised.value.exit_code == 2
    return str(raised.value)


# -- what there is -----------------------------------------------------------------------------------------


def test_each_event_is_there_once_however_often_and_wherever_it_was_read() -> None:
    assert rows("SELECT count(*), count(DISTINCT p_row_id) FROM aws_cloudtrail") == [[6, 6]]
    assert rows('SELECT count(*) FROM "AWS.CloudTrail"') == [[6]]
    assert rows("SELECT count(*) FROM events") == [[6]]


def test_what_rules_said_and_what_came_of_it_are_tables_too() -> None:
    assert rows("SELECT rule_id, count(*) FROM matches GROUP BY ALL") == [["Test.Acts", 2]]
    assert rows("SELECT rule_id, function FROM rule_errors") == [["Test.Acts", "rule"]]
    assert rows("SELECT reason, raw FROM dead_letters") == [["TC0406", "eyJldmVudE5hbWUiOg=="]]
    assert rows("SELECT kind, status, matches FROM alerts WHERE kind = 'match'") == [["match", "open", 2]]
    assert rows("SELECT count(*), count(finished_at) FROM runs") == [[2, 2]]


def test_an_event_can_be_joined_with_its_matches() -> None:
    found = rows(
        "SELECT eventName, title FROM events_ JOIN matches ON row_id = p_row_id".replace(
            "events_", "aws_cloudtrail"
        )
    )
    assert {name for name, _ in found} == {"Acts"}


def test_the_tables_can_be_listed_and_described() -> None:
    listed = {name for (name,) in rows("SHOW TABLES")}
    assert listed >= {
        "aws_cloudtrail",
        "AWS.CloudTrail",
        "events",
        "matches",
        "rule_errors",
        "dead_letters",
        "alerts",
        "runs",
    }
    assert ["userIdentity", "JSON"] in [row[:2] for row in rows("DESCRIBE aws_cloudtrail")]
    assert ["raw", "VARCHAR"] in [row[:2] for row in rows("DESCRIBE events")]
    assert len(rows("SUMMARIZE alerts")) == len(rows("DESCRIBE alerts"))
    assert rows("SELECT count(*) FROM information_schema.columns WHERE table_name = 'runs'") == [[9]]
    assert rows("SELECT count(*) FROM information_schema.tables WHERE table_name = 'runs'") == [[1]]
    assert rows("SELECT count(*) FROM duckdb_columns() WHERE table_name = 'runs'") == [[9]]


@pytest.mark.parametrize(
    "table",
    [
        "aws_cloudtrail",
        "events",
        "matches",
        "rule_errors",
        "dead_letters",
        "alerts",
        "runs",
        "aws_cloudtraildigest",
    ],
)
def test_every_table_can_be_read_whole(table: str) -> None:
    assert len(rows(f"FROM {table}")) == rows(f"SELECT count(*) FROM {table}")[0][0]


def test_what_is_only_decided_is_read_like_what_is_published(kept: Path) -> None:
    with sqlite3.connect(kept / "state.db") as state:
        published = state.execute("SELECT count(*) FROM staged_file WHERE seq IS NOT NULL").fetchone()[0]
        assert published
    state.close()
    wanted = rows("SELECT p_row_id FROM events ORDER BY ALL")
    (kept / "lake" / "catalog.db").rename(kept / "lake" / "catalog.away")
    with sqlite3.connect(kept / "state.db") as state:
        state.execute("CREATE TABLE seqs AS SELECT path, seq FROM staged_file")
        state.execute("UPDATE staged_file SET seq = NULL")
    try:
        assert rows("SELECT p_row_id FROM events ORDER BY ALL") == wanted
    finally:
        (kept / "lake" / "catalog.db").unlink(missing_ok=True)
        (kept / "lake" / "catalog.away").rename(kept / "lake" / "catalog.db")
        state.execute(
            "UPDATE staged_file SET seq = (SELECT seq FROM seqs WHERE seqs.path = staged_file.path)"
        )
        state.execute("DROP TABLE seqs")
        state.commit()
        state.close()


def test_a_query_over_alerts_does_not_touch_the_lake(kept: Path) -> None:
    (kept / "lake").rename(kept / "gone")
    try:
        assert len(rows("FROM alerts WHERE kind = 'match'")) == 1
    finally:
        if (kept / "lake").exists():
            subprocess.run(["rm", "-r", kept / "lake"], check=True)
        (kept / "gone").rename(kept / "lake")


def test_a_table_of_a_log_type_that_is_not_known_here_has_the_columns_of_its_files() -> None:
    others = [log_type for log_type in builtin() if log_type.name != "AWS.CloudTrail"]
    assert rows("SELECT count(*), count(eventName) FROM aws_cloudtrail", log_types=others) == [[6, 6]]
    assert rows("SELECT count(*) FROM events", log_types=others) == [[6]]
    assert ["aws_cloudtrail"] in rows("SHOW TABLES", log_types=others)


def test_a_file_that_is_missing_is_told_with_its_name(kept: Path) -> None:
    file = next((kept / "lake" / "warehouse" / "matches").rglob("*.parquet"))
    file.rename(file.with_suffix(".away"))
    try:
        done = trailcam("query", "FROM matches")
    finally:
        file.with_suffix(".away").rename(file)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error[TC0108]: a file of the table matches is missing\n")
    assert file.name in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_is_damaged_is_told(kept: Path) -> None:
    file = next((kept / "lake" / "warehouse" / "matches").rglob("*.parquet"))
    data = file.read_bytes()
    file.write_bytes(b"no parquet")
    try:
        with pytest.raises(WorldError, match=r"TC0108.*matches cannot be read"):
            rows("FROM matches")
    finally:
        file.write_bytes(data)


def test_a_home_in_which_nothing_is_kept_is_told(tmp_path: Path) -> None:
    done = trailcam("query", "SHOW TABLES", "--home", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "error[TC0607]" in done.stderr
    assert list(tmp_path.iterdir()) == []


# -- what may be asked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "", ";", "-- nothing", "SELECT 1; SELECT 2", "SELEC 1",
        "INSERT INTO alerts VALUES (1)", "UPDATE alerts SET title = ''", "DELETE FROM alerts", "DROP VIEW alerts",
        "CREATE TABLE t AS SELECT 1", "CREATE MACRO m() AS 1", "ALTER VIEW alerts RENAME TO a", "TRUNCATE alerts",
        "SET memory_limit = '1TB'", "RESET memory_limit", "PRAGMA database_list", "CALL pragma_version()",
        "USE memory", "INSTALL httpfs", "LOAD httpfs", "CHECKPOINT", "VACUUM", "BEGIN", "EXPORT DATABASE 'x'",
        "SET VARIABLE a = 1", "PREPARE p AS SELECT 1", "EXECUTE p", "EXPLAIN ANALYZE SELECT 1",
        "SELECT ?", "SELECT $a", "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT * FROM duckdb_settings()", "SELECT * FROM enable_logging()", "SELECT * FROM checkpoint()",
        "SELECT * FROM duckdb_secrets()", "FROM python_map_function((SELECT 1))", "SELECT * FROM kept", "SELECT * FROM sql",
        "WITH x AS (INSERT INTO alerts VALUES (1) RETURNING *) SELECT * FROM x",
        "WITH x AS (DELETE FROM alerts RETURNING *) SELECT * FROM x",
        "SELECT getenv('HOME')", "SELECT Current_Setting('temp_directory')", "SELECT 'temp_directory'.current_setting()",
        "FROM duckdb_settings", "FROM pg_settings", "FROM pg_catalog.pg_settings", "SELECT sql FROM duckdb_views()",
        "SELECT sql FROM duckdb_views", "FROM information_schema.views, alerts", "FROM pg_views", "FROM sqlite_master",
        "SELECT json_serialize_plan('FROM alerts') FROM alerts", "SELECT pg_get_viewdef(1)", "FROM duckdb_databases",
        "WITH pg_settings AS (FROM pg_settings) FROM pg_settings", "WITH pg_settings AS (SELECT 1) FROM pg_catalog.pg_settings",
    ],
)  # fmt: skip
def test_nothing_but_one_select_is_answered(sql: str) -> None:
    refused(sql)


@pytest.mark.parametrize(
    "function",
    [
        "read_text",
        "read_blob",
        "read_csv",
        "read_json",
        "read_parquet",
        "parquet_metadata",
        "glob",
        "sniff_csv",
        "read_duckdb",
    ],
)
def test_no_file_can_be_read(kept: Path, function: str) -> None:
    parquet = next((kept / "lake").rglob("*.parquet"))
    for path in (
        "/etc/passwd",
        str(kept / "state.db"),
        str(kept / "lake" / "warehouse" / ".." / "catalog.db"),
        str(parquet),
    ):
        quoted = path.replace("'", "''")
        refused(f"SELECT * FROM {function}('{quoted}')")
        refused(f"SELECT (SELECT count(*) FROM {function}(['{quoted}']))")
        refused(f"WITH a AS (FROM {function}('{quoted}')) SELECT * FROM a")
        refused(f"""SELECT * FROM "{path.replace('"', '""')}" """)
        refused(f"SELECT * FROM '{quoted}'")
        refused(f"SELECT * FROM '{quoted}', (WITH '{quoted}' AS (SELECT 1) SELECT 2)")
        refused(f"""SELECT * FROM '{quoted}', (WITH "{path.replace('"', '""')}" AS (SELECT 1) SELECT 2)""")


def test_nothing_can_be_written_from_inside_of_a_select(kept: Path, tmp_path: Path) -> None:
    scratch, warehouse = kept / "scratch", kept / "lake" / "warehouse"
    before = sorted(kept.rglob("*"))
    for folder in (tmp_path, scratch, warehouse):
        target = str(folder / "written.csv").replace("'", "''")
        assert "COPY" in refused(f"WITH x AS (COPY (SELECT 1) TO '{target}') SELECT * FROM x")
        refused(f"COPY (SELECT 1) TO '{target}'")
        refused(f"ATTACH '{target}' AS other")
    assert sorted(kept.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_is_told_in_the_words_of_duckdb_with_the_nearest_name() -> None:
    assert 'did you mean "alerts"?' in refused("FROM alert")
    assert '"eventName"' in refused("SELECT evenName FROM aws_cloudtrail")
    assert "query:2" in refused("SELECT 1\nFROM alerts WHERE WHERE")
    assert "Conversion Error" in refused("SELECT raw::INTEGER FROM aws_cloudtrail")
    assert "IN (...)" in refused("PIVOT matches ON severity USING count(*)")


def test_a_table_that_the_query_makes_itself_may_have_any_name() -> None:
    assert rows("WITH alerts AS (SELECT 1 AS a), x AS (FROM alerts) SELECT a FROM x") == [[1]]
    assert rows("WITH runs AS (SELECT count(*) AS n FROM runs) SELECT n FROM runs") == [[2]]
    assert rows("WITH tables AS (SELECT 1 AS a) SELECT a FROM tables") == [[1]]


def test_functions_that_compute_rows_can_be_used() -> None:
    assert rows("SELECT sum(n) FROM range(10) t(n), unnest([1, 2])") == [[90]]
    assert rows("SELECT count(*) FROM aws_cloudtrail, json_each(userIdentity)") == [[18]]


# -- how it is printed ---------------------------------------------------------------------------------------

VALUES = (
    "SELECT 'NaN'::DOUBLE AS nan, [1.5, NULL] AS list, {'a': 'x'} AS struct, '\\xFF'::BLOB AS blob, NULL AS nothing, "
    "TIMESTAMPTZ '2026-03-01 10:00:00Z' AS at, '{\"b\": [1]}'::JSON AS json, 1 AS twice, 2 AS twice, "
    "true AS yes, E'\\x1b[2J\\n' AS control"
)


def test_json_has_every_value_and_each_name_once() -> None:
    done = trailcam("query", VALUES, "--format", "jsonl")
    assert done.stdout.isascii()
    assert json.loads(done.stdout) == {
        "nan": "NaN", "list": [1.5, None], "struct": {"a": "x"}, "blob": "/w==", "nothing": None,
        "at": "2026-03-01T10:00:00Z", "json": {"b": [1]}, "twice": 1, "twice_1": 2, "yes": True, "control": "\x1b[2J\n",
    }  # fmt: skip
    assert json.loads(trailcam("query", VALUES, "--format", "json").stdout) == [json.loads(done.stdout)]
    assert trailcam("query", "SELECT 1 WHERE false", "--format", "json").stdout == "[]\n"


def test_csv_has_a_line_for_each_row_and_no_control_characters() -> None:
    done = trailcam("query", VALUES, "--format", "csv")
    assert "\x1b" not in done.stdout and len(done.stdout.splitlines()) == 2
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert row == {
        "nan": "nan", "list": "[1.5, null]", "struct": '{"a": "x"}', "blob": "/w==", "nothing": "",
        "at": "2026-03-01T10:00:00Z", "json": '{"b": [1]}', "twice": "1", "twice_1": "2", "yes": "true",
        "control": "\\x1b[2J\\n",
    }  # fmt: skip


def test_a_table_that_fits_is_one_and_another_shows_each_row_by_itself() -> None:
    narrow = trailcam("query", "SELECT 'a' AS name, 10 AS n UNION ALL SELECT 'bc', 2 ORDER BY n")
    assert narrow.stdout == "name   n\n────  ──\nbc     2\na     10\n"
    wide = trailcam("query", "SELECT 'a' AS name, repeat('x', 90) AS long")
    assert wide.stdout == f"── 1 ─\nname  a\nlong  {'x' * 90}\n"
    assert trailcam("query", "SELECT 1 WHERE false").stdout == "no rows\n"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_what_logs_hold_does_not_reach_the_terminal_as_it_is(form: str) -> None:
    done = trailcam("query", 'SELECT eventName, eventName AS "\x1b[2J" FROM aws_cloudtrail', "--format", form)
    assert done.returncode == 0, done.stderr
    assert "2J" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_table_shows_the_first_rows_and_says_that_there_are_more() -> None:
    done = trailcam("query", "SELECT * FROM range(201)")
    assert len(done.stdout.splitlines()) == 202
    assert "the first 200 rows" in done.stderr
    assert trailcam("query", "SELECT * FROM range(200)").stderr == ""


def test_a_statement_can_come_from_standard_input_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT 42 AS n;\n")
    assert trailcam("query", "-", "--format", "csv", stdin=b"SELECT 42 AS n").stdout == "n\n42\n"
    assert trailcam("query", "--file", tmp_path / "q.sql", "--format", "csv").stdout == "n\n42\n"


def test_wrong_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_bytes(b"SELECT '\xff'")
    for arguments, code in (
        ((), "TC0104"),
        (("SELECT 1", "--file", "x"), "TC0104"),
        (("--file", "nowhere.sql"), "TC0101"),
        (("--file", str(tmp_path / "q.sql")), "TC0608"),
    ):
        done = trailcam("query", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"error[{code}]" in done.stderr


@pytest.fixture
def endless() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "trailcam",
            "query",
            "SELECT count(*) FROM range(10000000) a, range(10000000) b",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    yield started
    started.kill()
    started.communicate()


@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_query_at_once(endless: subprocess.Popen[bytes], number: int, wanted: int) -> None:
    while Path(f"/proc/{endless.pid}/stat").read_text().rsplit(")", 1)[1].split()[17] in ("1", "2"):
        assert endless.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    sent = time.monotonic()
    endless.send_signal(number)
    _, words = endless.communicate(timeout=30)
    assert time.monotonic() - sent < 3
    assert endless.returncode == wanted
    assert b"Traceback" not in words and b"nanobind" not in words


def test_a_reader_that_has_enough_ends_the_query() -> None:
    sql = "SELECT range, repeat('x', 1000) FROM range(100000000)"
    with subprocess.Popen(
        [sys.executable, "-m", "trailcam", "query", sql, "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started:
        assert started.stdout is not None and started.stderr is not None
        assert started.stdout.readline().startswith(b'{"range": 0,')
        started.stdout.close()
        words = started.stderr.read()
    assert started.returncode == 128 + signal.SIGPIPE
    assert b"Traceback" not in words
