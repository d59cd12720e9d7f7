"""Values of an answer: every type of DuckDB becomes what JSON and a table can hold."""

from typing import Any

import duckdb
import pytest

from trailcam.query.values import plain, readable


def value(expression: str) -> Any:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        relation = opened.sql(f"SELECT {expression}")
        kind = str(relation.types[0])
        table = relation.project(readable("#1", kind)).to_arrow_reader(10).read_all()
    (found,) = plain(table.column(0).combine_chunks(), kind)
    return found


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("NULL", None),
        ("true", True),
        ("-1::TINYINT", -1),
        ("18446744073709551615::UBIGINT", 18446744073709551615),
        ("-170141183460469231731687303715884105727::HUGEINT", -170141183460469231731687303715884105727),
        ("340282366920938463463374607431768211455::UHUGEINT", 340282366920938463463374607431768211455),
        ("sum(1)", 1),
        ("1.5", 1.5),
        ("2.0", 2),
        ("0.12345678901234567890::DECIMAL(38,20)", "0.12345678901234567890"),
        ("'inf'::DOUBLE", float("inf")),
        ("'a\x1b'", "a\x1b"),
        ("'\\xFF\\x00'::BLOB", "/wA="),
        ("TIMESTAMPTZ '2026-03-01 10:00:00.5+02'", "2026-03-01T08:00:00.500000Z"),
        ("TIMESTAMP '2026-03-01 10:00:00'", "2026-03-01T10:00:00"),
        ("TIMESTAMP_S '1969-12-31 23:59:59'", "1969-12-31T23:59:59"),
        ("TIMESTAMP_NS '2026-03-01 10:00:00.123456789'", "2026-03-01 10:00:00.123456789"),
        ("'infinity'::TIMESTAMPTZ", "infinity"),
        ("'-infinity'::TIMESTAMPTZ", "-infinity"),
        ("TIMESTAMPTZ '290000-01-01 00:00:00+00'", "9089348860800.000000 s since 1970"),
        ("DATE '2026-03-01'", "2026-03-01"),
        ("'infinity'::DATE", "infinity"),
        ("TIME '10:00:00.25'", "10:00:00.250000"),
        ("TIMETZ '10:00:00+01'", "10:00:00+01"),
        ("INTERVAL 90 MINUTE", "01:30:00"),
        ("'a'::ENUM('a', 'b')", "a"),
        ("'0190e5c0-0000-7000-8000-000000000000'::UUID", "0190e5c0-0000-7000-8000-000000000000"),
        ("[[1], NULL, []]", [[1], None, []]),
        ("[1, 2]::INTEGER[2]", [1, 2]),
        ("{'at': TIMESTAMPTZ '2026-03-01 10:00:00Z', 'n': [1.5]}", {"at": "2026-03-01T10:00:00Z", "n": [1.5]}),
        ("NULL::STRUCT(a INTEGER)", None),
        ("MAP {1: 'x', 2: NULL}", {"1": "x", "2": None}),
        ("union_value(n := 7)", "7"),
        ("'101'::BIT", "101"),
        ("'{\"a\": 1}'::JSON", '{"a": 1}'),
        ("12345678901234567890123456789012345678901234567890::BIGNUM", "12345678901234567890123456789012345678901234567890"),
        ("{'b': 1::HUGEINT}", "{'b': 1}"),
    ],
)  # fmt: skip
def test_a_value_is_written_so_that_nothing_of_it_is_lost(expression: str, wanted: Any) -> None:
    found = value(expression)
    assert found == wanted
    assert type(found) is type(wanted)


def test_lists_of_a_part_of_a_column_are_their_own() -> None:
    sql = "SELECT [i, i + 1] AS l, {'v': i} AS s, MAP {i: i} AS m FROM range(10) t(i)"
    with duckdb.connect() as opened:
        table = opened.sql(sql).to_arrow_reader(10).read_all()
    part = table.slice(4, 2).combine_chunks()
    assert plain(part.column(0).chunk(0), "BIGINT[]") == [[4, 5], [5, 6]]
    assert plain(table.column(1).chunk(0).slice(4, 2), "STRUCT(v BIGINT)") == [{"v": 4}, {"v": 5}]
    assert plain(table.column(2).chunk(0).slice(4, 2), "MAP(BIGINT, BIGINT)") == [{"4": 4}, {"5": 5}]
