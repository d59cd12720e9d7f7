"""`trailcam query`: SQL over everything that is kept."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.query_results import QueryFormat, print_answer
from trailcam.errors import Problem, TrailcamError, code


def command(
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="One SELECT statement; - is standard input.")
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option("--file", help="A file that holds the statement.")] = None,
    form: Annotated[QueryFormat, typer.Option("--format", help="How to print.")] = QueryFormat.table,
    log_types: LogTypesOption = None,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Ask in SQL about everything that is kept.

    Each log type is a table, such as aws_cloudtrail; events has those of all log types. Beside them stand
    matches, rule_errors, dead_letters, alerts and runs. Each event is there once, however often it was read.
    SHOW TABLES lists the tables, DESCRIBE shows the columns of one. Nothing can be changed by a query.

    \b
    Examples:
      trailcam query "SELECT eventName, count(*) FROM aws_cloudtrail GROUP BY ALL"
      trailcam query "FROM alerts WHERE severity = 'HIGH'" --format jsonl
    """
    from trailcam.app.home import open_home  # noqa: PLC0415  # only when it is used
    from trailcam.app.load import load_log_types  # noqa: PLC0415
    from trailcam.query.sql import ask  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    asked = _asked(sql, file)
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    known = load_log_types(log_types or ())
    kept = open_home(home or settings.home)
    with ask(
        asked, database=kept.database, warehouse=kept.iceberg.warehouse, scratch=kept.scratch, log_types=known
    ) as answer:
        print_answer(answer, form)
    return 0


def _asked(sql: str | None, file: Path | None) -> str:
    if (sql is None) == (file is None):
        message = "either a statement is given or --file, not both"
        raise TrailcamError(Problem(code=code("bad_option"), message=message))
    if sql is not None and sql != "-":
        return sql
    if file is not None and not file.is_file():
        raise TrailcamError(Problem(code=code("path_not_found"), message=f"no such file: {file}"))
    data = file.read_bytes() if file is not None else sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the statement is not UTF-8: byte {error.start}"
        raise TrailcamError(Problem(code=code("bad_query"), message=message, path=file)) from None
