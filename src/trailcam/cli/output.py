"""How results look: JSON lines with fixed keys, tables that fit the terminal, bars on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailcam.errors import Problem, TrailcamError, code, visible
from trailcam.model.alert import Alert
from trailcam.model.match import Match, RuleError
from trailcam.model.timestamps import to_rfc3339

if TYPE_CHECKING:
    from trailcam.app.run import Progress
    from trailcam.commit.windows import Row


class Format(StrEnum):
    """How data is printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


class TextFormat(StrEnum):
    """How something is told: in words, or as one JSON object."""

    text = "text"
    json = "json"


def finding_row(item: Match | RuleError) -> dict[str, Any]:
    """A match or rule error with the fixed keys of `--format jsonl`; `error` is null for a match."""
    if isinstance(item, RuleError):
        title, dedup, error = item.error, item.error_class, f"{item.function}: {item.message}"
    else:
        title, dedup, error = item.title, item.dedup, None
    return {
        "rule_id": item.rule_id,
        "log_type": item.log_type,
        "event_id": item.event_id,
        "row_id": item.row_id,
        "event_time": to_rfc3339(item.event_time),
        "title": title,
        "dedup": dedup,
        "severity": item.severity.name,
        "error": error,
    }


def window_row(window: "Row") -> dict[str, Any]:
    """A window with the fixed keys of `--windows`."""
    return {
        "rule_id": window.key.rule_id,
        "title": window.title,
        "severity": window.severity.name,
        "dedup": window.key.dedup,
        "window_start": to_rfc3339(window.start),
        "window_end": to_rfc3339(window.end),
        "matches": window.matches,
        "qualifies": window.alerts,
    }


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert with the fixed keys of `--alerts`."""
    return {
        "alert_id": alert.id,
        "rule_id": alert.key.rule_id,
        "title": alert.title,
        "severity": alert.severity.name,
        "dedup": alert.key.dedup,
        "status": alert.status.value,
        "window_start": to_rfc3339(alert.window_start),
        "window_end": to_rfc3339(alert.window_end),
        "matches": alert.matches,
    }


MOST_TABLE_ROWS = 200
"""A table is for eyes; the other formats print everything."""


def print_rows(rows: Sequence[dict[str, Any]], form: Format, *, columns: Sequence[str], title: str) -> None:
    """Rows as a table of some of their columns, one JSON list, or one JSON object a line.

    In a table the last column is the rule with its title, as wide as the terminal leaves it.
    """
    if form is Format.jsonl:
        for row in rows:
            print(to_json(row))
    elif form is Format.json:
        print("[" + ",\n ".join(to_json(row) for row in rows) + "]")
    else:
        shown = [
            {
                **{column: row[column] for column in columns},
                "rule: title": f"{row['rule_id']}{' FAILED' if row.get('error') else ''}: {row['title']}",
            }
            for row in rows[:MOST_TABLE_ROWS]
        ]
        print_table(shown, title, last="rule: title")
        if shown:
            print()
        if len(rows) > MOST_TABLE_ROWS:
            say(f"{len(rows) - MOST_TABLE_ROWS:,} more {title}: --format jsonl prints all of them")


def to_json(row: Any) -> str:
    """Compact JSON in ASCII, so that log text cannot carry control codes into a terminal."""
    return json.dumps(row, separators=(", ", ": "), ensure_ascii=True)


def print_table(rows: Sequence[dict[str, Any]], title: str, *, last: str) -> None:
    """Rows as a table; the column `last` is as wide as the terminal leaves it, the others as they need.

    Where that leaves less than half of the terminal, it stands below the others instead of beside them.
    """
    from rich.console import Console  # noqa: PLC0415  # 60 ms that other formats need not pay
    from rich.text import Text  # noqa: PLC0415  # the same

    console = Console(highlight=False)
    if not rows:
        console.print(f"no {title}")
        return
    lines = [{column: Text(column.replace("_", " "), "bold") for column in rows[0]}]
    lines += [{column: Text(printable(it), _style(column, it)) for column, it in row.items()} for row in rows]
    heads = [Text() for _line in lines]
    for column in rows[0]:
        if column != last:
            width = max(line[column].cell_len for line in lines)
            for head, line in zip(heads, lines, strict=True):
                line[column].align("left", width)
                head.append_text(line[column]).append("  ")
    below = console.width - heads[0].cell_len < console.width // 2
    indent = Text("  ") if below else Text(" " * heads[0].cell_len)
    for number, (head, line) in enumerate(zip(heads, lines, strict=True)):
        parts = line[last].wrap(console, max(console.width - indent.cell_len, 1), overflow="fold")
        shown = [indent + part for part in parts]
        if below:
            shown = [head, *shown] if line[last].cell_len else [head]
        else:
            shown[0] = head + parts[0]
        for text in shown:
            text.rstrip()
            console.print(text, soft_wrap=True)
        if number == 0:
            console.print("─" * console.width)


_COLOURS = {"CRITICAL": "bold red", "HIGH": "red", "MEDIUM": "yellow", "LOW": "cyan", "INFO": "dim"}


def _style(column: str, value: Any) -> str:
    return _COLOURS.get(str(value), "") if column == "severity" else ""


def printable(value: Any) -> str:
    """A cell's text, in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(str(value))


def say(words: str) -> None:
    """A line for a person, on stderr; log content in it cannot start another."""
    print(visible(words), file=sys.stderr)


def say_problem(problem: Problem) -> None:
    """What is wrong, where, and what to do, on stderr."""
    print(problem.render(), file=sys.stderr)


def existing(path: str) -> Path:
    """A path as it was given.

    Raises:
        TrailcamError: TC0101 nothing was given: an empty text would mean the folder one is in.
    """
    if not path:
        raise TrailcamError(Problem(code=code("path_not_found"), message="an empty text is no path"))
    return Path(path)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 match`, `2 matches`, `1,204 events`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on stderr while this is open, when stderr is a terminal; told (done, all, words)."""
    if not sys.stderr.isatty():
        yield lambda _done, _all, _words: None
        return
    from rich.console import Console  # noqa: PLC0415  # only where there is a terminal
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415  # the same

    parts = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}% {task.fields[words]}"),
        TimeRemainingColumn(),
    )
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, words="")

        def update(done: int, everything: int, words: str) -> None:
            bar.update(task, completed=done, total=everything or None, words=words)

        yield update


@contextmanager
def reading_bar() -> Iterator[Callable[["Progress"], None]]:
    """A bar of a run that reads logs."""
    with progress_bar("reading") as update:

        def tell(at: "Progress") -> None:
            words = f"{at.records:,} records, {count(at.matches, 'match', 'matches')}"
            update(at.bytes_done, at.bytes_all, words)

        yield tell


def grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Items by key, in the order in which the keys first came."""
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
