"""One SELECT statement over everything that is kept, published or only decided.

What a person writes sees the kept tables and nothing else: no file, no setting, and of the functions that
give rows only those that compute. DuckDB's own walls stand behind these.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from trailcam.model.logtype import LogType
from trailcam.query.kept import Kept
from trailcam.query.lake import connection, locked
from trailcam.query.refusals import said, told
from trailcam.query.statement import asked
from trailcam.query.values import plain, readable
from trailcam.state.database import Database

_T = TypeVar("_T")

_ROWS_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an answer: its name, which no other has, and its type as DuckDB names it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query gives. `rows` are read while the query goes on, once."""

    columns: Sequence[Column]
    rows: Iterator[Sequence[Any]]
    """Values as `trailcam.query.values.plain` gives them."""


@contextmanager
def ask(
    sql: str, *, database: Database, warehouse: Path, scratch: Path, log_types: Iterable[LogType]
) -> Iterator[Answer]:
    """Runs a query while this is open; what interrupts the reader of its rows ends it at once.

    Raises, also while rows are read:
        TrailcamError: TC0608 with DuckDB's words.
        WorldError: TC0108 a file is missing or cannot be read, or memory does not suffice.
    """
    with (
        connection(warehouse=warehouse, scratch=scratch) as opened,
        ThreadPoolExecutor(1, thread_name_prefix="query") as aside,
    ):
        kept = Kept(opened, database, warehouse, log_types)
        locked(opened)
        question = asked(opened, sql)
        kept.make_views(question)
        running = _Running(opened, aside)
        with told():
            yield running.answer(question.statement)


class _Running:
    """A query that a second thread runs, so that signals reach this one meanwhile."""

    def __init__(self, opened: duckdb.DuckDBPyConnection, aside: ThreadPoolExecutor) -> None:
        self._opened = opened
        self._aside = aside

    def answer(self, statement: duckdb.Statement) -> Answer:
        """Starts the query."""
        relation = self._await(lambda: self._opened.sql(statement))
        types = [str(kind) for kind in relation.types]
        columns = [
            Column(name=name, type=kind)
            for name, kind in zip(_distinct_names(relation.columns), types, strict=True)
        ]
        selected = ", ".join(readable(f"#{at}", kind) for at, kind in enumerate(types, 1))
        reader = self._await(lambda: relation.project(selected).to_arrow_reader(_ROWS_AT_ONCE))
        return Answer(columns=columns, rows=self._rows(reader, types))

    def _rows(self, reader: Any, types: Sequence[str]) -> Iterator[Sequence[Any]]:
        while (batch := self._await(lambda: _next(reader))) is not None:
            columns = [plain(column, kind) for column, kind in zip(batch.columns, types, strict=True)]
            yield from zip(*columns, strict=True)

    def _await(self, call: Callable[[], _T]) -> _T:
        pending: Future[_T] = self._aside.submit(call)
        try:
            return pending.result()
        finally:
            if not pending.done():
                self._opened.interrupt()
                wait([pending])


def _next(reader: Any) -> Any:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
    except OSError as error:  # so Arrow hands on whatever DuckDB says from here on
        raise said(error) from None


def _distinct_names(names: Sequence[str]) -> list[str]:
    """Names of columns, those that were given before with a number behind.

    >>> _distinct_names(["a", "b", "a"])
    ['a', 'b', 'a_1']
    """
    found: dict[str, None] = {}
    for name in names:
        number, fresh = 0, name
        while fresh in found:
            number += 1
            fresh = f"{name}_{number}"
        found[fresh] = None
    return list(found)
