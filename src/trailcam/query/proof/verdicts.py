"""What rules said, and what became of alerts and runs: the lake's rows against the state's.

The lake is at-least-once and takes nothing back. Of the copies of a match, that of the first decision stands
in the state. An error of the lake may be gone from the state: where the pair has matched, or where another
version of the rule has gone over the origin since.
"""

from collections.abc import Iterator, Sequence

import duckdb

from trailcam.commit.correlation_rules import DERIVED
from trailcam.commit.group import GONE_OVER
from trailcam.lake.tables import ALERTS, MATCHES, RULE_ERRORS, RUNS, TEXTS, LakeTable
from trailcam.model.rule import LEAST_PERIOD_MINUTES
from trailcam.query.lake import source
from trailcam.query.proof.moment import ERROR, MATCH, Readable

_MATCH = ("rule_id", "row_id")
_ERROR = (*_MATCH, "function")
_PURPOSES = ", ".join(f"'{purpose.value}'" for purpose in sorted(GONE_OVER))


def verdicts(opened: duckdb.DuckDBPyConnection, readable: Readable) -> Iterator[str]:
    """In words, what lake and state do not both hold."""
    opened.register("files", readable.decisions)
    yield from _matches(opened, readable)
    yield from _errors(opened, readable)
    yield from _as_they_stand(opened, readable, ALERTS, "alerts", "alert_id")
    yield from _as_they_stand(opened, readable, RUNS, "runs", "run_id")


def _matches(opened: duckdb.DuckDBPyConnection, readable: Readable) -> Iterator[str]:
    read = {
        "event_time": "epoch_us(p_event_time)",
        "period_minutes": f"greatest(period_minutes, {LEAST_PERIOD_MINUTES})",
        "threshold": "greatest(threshold, 1)",
    }
    _load(
        opened,
        "every_match",
        readable,
        MATCHES,
        [*(read.get(name, name) + f" AS {name}" for name in MATCH.names), "vanished"],
    )
    # what correlation rules say may vanish and come again: of theirs, what was decided last counts
    last = f"max(decision_id) OVER (PARTITION BY {', '.join(_MATCH)})"
    opened.execute(
        "CREATE TABLE lake_match AS SELECT * EXCLUDE (vanished, last) FROM (SELECT *, "
        f"{last} AS last FROM every_match) "
        f"WHERE log_type <> '{DERIVED}' OR (decision_id = last AND vanished IS NOT TRUE)"
    )
    pair = _same("s", "l", _MATCH)
    shown = _shown("s")
    yield from _several(
        opened,
        f"SELECT DISTINCT {_shown('l')} AS shown FROM lake_match l ANTI JOIN state_match s ON {pair}",
        "matches of the lake are not in the state",
    )
    yield from _several(
        opened,
        f"SELECT {shown} AS shown FROM state_match s ANTI JOIN lake_match l ON {pair}",
        "matches of the state are not in the lake",
    )
    yield from _several(
        opened,
        f"SELECT {shown} AS shown FROM (SELECT * FROM state_match s SEMI JOIN lake_match l ON {pair}) s "
        f"ANTI JOIN lake_match l ON {_same('s', 'l', MATCH.names)} "
        f"UNION SELECT {shown} FROM state_match s JOIN lake_match l "
        f"ON {pair} AND l.decision_id < s.decision_id",
        "matches are not in the state as they were decided first",
    )


def _errors(opened: duckdb.DuckDBPyConnection, readable: Readable) -> Iterator[str]:
    read = {"event_time": "epoch_us(p_event_time)"}
    columns = [read.get(name, name) + f" AS {name}" for name in ERROR.names]
    _load(opened, "lake_error", readable, RULE_ERRORS, [*columns, "pack"])
    yield from _several(
        opened,
        f"SELECT {_shown('s')} AS shown FROM state_error s ANTI JOIN lake_error l "
        f"ON {_same('s', 'l', ERROR.names)}",
        "rule errors of the state are not in the lake as they were decided",
    )
    opened.execute(
        "CREATE TABLE absent AS SELECT * FROM lake_error l "
        f"ANTI JOIN state_error s ON {_same('s', 'l', _ERROR)}"
    )
    gone_over = (
        "SELECT a.rule_id, a.row_id, a.function FROM absent a "
        f"JOIN state_ledger e ON e.origin_id = a.origin_id AND e.decision_id > a.decision_id "
        f"AND e.purpose IN ({_PURPOSES}) "
        "JOIN state_pack_rule later ON later.pack = e.pack AND later.rule_id = a.rule_id "
        "JOIN state_pack_rule its ON its.pack = a.pack AND its.rule_id = a.rule_id "
        "WHERE later.rule_version <> its.rule_version"
    )
    matched = (
        "SELECT a.rule_id, a.row_id, a.function FROM absent a "
        f"SEMI JOIN state_match s ON {_same('s', 'a', _MATCH)}"
    )
    yield from _several(
        opened,
        f"SELECT DISTINCT {_shown('a')} AS shown FROM absent a ANTI JOIN "
        f"(SELECT * FROM ({gone_over} UNION ALL {matched}) WHERE function <> 'unique') w "
        f"ON {_same('w', 'a', _ERROR)}",
        "rule errors of the lake are not in the state",
    )


def _as_they_stand(
    opened: duckdb.DuckDBPyConnection,
    readable: Readable,
    table: LakeTable,
    what: str,
    identity: str,
) -> Iterator[str]:
    """Alerts and runs, of which the lake has what was published."""
    held = source(table, readable.by_table.get(table.name, ()))
    yield from _several(
        opened,
        f"SELECT DISTINCT l.{identity} AS shown FROM {held} l ANTI JOIN state_{what} s "
        f"ON {_same('s', 'l', (identity,))}",
        f"{what} of the lake are not in the state",
    )
    columns = [column.name for column in table.schema if column.type != TEXTS]
    yield from _several(
        opened,
        f"SELECT s.{identity} AS shown FROM (SELECT * FROM state_{what} WHERE published) s "
        f"ANTI JOIN {held} l ON {_same('s', 'l', columns)}",
        f"{what} of the state are not in the lake as they stand",
    )


def _load(
    opened: duckdb.DuckDBPyConnection, name: str, readable: Readable, table: LakeTable, columns: list[str]
) -> None:
    """Reads a table's files once, into a table of the connection."""
    held = source(table, readable.by_table.get(table.name, ()))
    opened.execute(
        f"CREATE TABLE {name} AS SELECT {', '.join(columns)} FROM {held} JOIN files USING (filename)"
    )


def _several(opened: duckdb.DuckDBPyConnection, shown: str, words: str) -> Iterator[str]:
    """How many there are of a kind, in words, with one of them."""
    count, example = opened.execute(f"SELECT count(*), min(shown) FROM ({shown})").fetchall()[0]
    if count:
        yield f"{count:,} {words}: {example}"


def _shown(alias: str) -> str:
    return f"{alias}.rule_id || ' on ' || {alias}.row_id"


def _same(one: str, other: str, columns: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in columns)
