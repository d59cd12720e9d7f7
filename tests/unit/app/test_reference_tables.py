"""The page of tables has a sentence for every column of every table."""

from trailcam.app.reference.tables import COLUMNS, tables
from trailcam.lake.tables import OWN, event_table
from trailcam.logtypes.loader import builtin
from trailcam.query.kept import EVENT_COLUMNS
from trailcam.query.lake import SQL_TYPES


def section(name: str) -> str:
    return tables(builtin()).partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_every_column_of_our_own_tables_is_described_and_no_other() -> None:
    assert {name: list(columns) for name, columns in COLUMNS.items()} == {
        name: table.schema.names for name, table in OWN.items()
    }


def test_every_table_shows_its_columns_with_their_types() -> None:
    for table in OWN.values():
        for column in table.schema:
            assert f"| `{column.name}` | {SQL_TYPES[column.type]} | " in section(table.name)


def test_every_field_of_a_log_type_is_a_column_of_its_table() -> None:
    for log_type in builtin():
        shown = section(event_table(log_type).name)
        assert [field.name for field in log_type.fields if f"| `{field.name}` | " not in shown] == []


def test_the_columns_that_all_log_types_have_are_described_once() -> None:
    for name in EVENT_COLUMNS:
        assert f"| `{name}` | " in section("events")
