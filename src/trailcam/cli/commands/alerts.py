"""`trailcam alerts`: the alerts that are kept, and one with all that is known of it."""

import os
import shutil
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailcam.cli.options import ConfigOption, HomeOption
from trailcam.cli.output import (
    MOST_TABLE_ROWS,
    Format,
    alert_row,
    count,
    finding_row,
    print_rows,
    printable,
    say,
    to_json,
)
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.alert import Status
from trailcam.model.match import RuleError
from trailcam.model.severity import Severity
from trailcam.model.timestamps import SECOND, Micros, to_rfc3339

if TYPE_CHECKING:
    from trailcam.app.alerts import Listed, Shown

_LISTED = 50
_MATCHES_SHOWN = 20
_NARROWEST = 40
_BELOW = 4


class What(StrEnum):
    """What is wanted of alerts."""

    list = "list"
    show = "show"


def command(
    what: Annotated[What, typer.Argument(help="list: the newest windows first; show: one of them, whole.")],
    alert: Annotated[
        str | None, typer.Argument(metavar="ID", help="Of show: an id, or enough of its first letters.")
    ] = None,
    *,
    status: Annotated[
        list[Status] | None, typer.Option("--status", help="Of this status only. May be given again.")
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Of this rule only; * is any text. May be given again.")
    ] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", help="Of this severity or a graver one only.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Windows that end later: 2026-03-01 or 2026-03-01T10:00:00Z."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="How many to list; 50 in a table, else all.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Of show: all matches, not the first {_MATCHES_SHOWN}.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """List alerts, or show one with its history and its matches.

    \b
    Examples:
      trailcam alerts list --status open --severity high
      trailcam alerts show 01KAV7
    """
    from trailcam.alerts.read import Wanted  # noqa: PLC0415  # only when it is used
    from trailcam.app.alerts import list_alerts, moment, show_alert  # noqa: PLC0415  # the same
    from trailcam.app.home import open_home  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    filters = {"--status": status, "--rule": rule, "--severity": severity, "--since": since, "--limit": limit}
    _check(what, alert, filters, everything=everything)
    wanted = Wanted(
        statuses=status or (),
        rules=rule or (),
        least=Severity.INFO if severity is None else _severity(severity),
        since=None if since is None else moment(since),
    )
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    opened = open_home(home or settings.home)
    if what is What.list:
        most = min(limit or _LISTED, MOST_TABLE_ROWS) if form is Format.table else limit
        _print_list(list_alerts(opened, wanted, most=most), form)
        return 0
    shown = show_alert(opened, alert or "")
    if form is Format.table:
        _print_alert(shown, everything=everything)
    else:
        print(to_json(_row(shown)))
    return 0


def _check(what: What, alert: str | None, filters: dict[str, Any], *, everything: bool) -> None:
    """Refuses what the other of the two takes."""
    message = ""
    if what is What.show:
        given = [name for name, value in filters.items() if value is not None]
        if not alert:
            message = "show needs the id of an alert"
        elif given:
            message = f"{given[0]} is for list"
    elif alert is not None:
        message = f'list takes no id; found "{alert}"'
    elif everything:
        message = "--all is for show; --limit is for list"
    if message:
        hint = "see trailcam alerts --help"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))


def _severity(text: str) -> Severity:
    try:
        return Severity.parse(text)
    except ValueError as error:
        hint = "see trailcam alerts --help"
        raise TrailcamError(Problem(code=code("bad_option"), message=str(error), hint=hint)) from None


def _print_list(listed: "Listed", form: Format) -> None:
    rows = [alert_row(alert) for alert in listed.alerts]
    if form is Format.table:
        for row in rows:
            if row["status"] != Status.OPEN:
                row["rule_id"] = f"{row['rule_id']} ({row['status']})"
    print_rows(rows, form, columns=("alert_id", "severity", "window_start"), title="alerts")
    more = listed.all - len(rows)
    if more and form is Format.table:
        say(f"{count(more, 'more alert')}: --limit and --format jsonl print more of them")


def _row(shown: "Shown") -> dict[str, Any]:
    """An alert with the fixed keys of `show --format json`."""
    alert = shown.alert
    return {
        **alert_row(alert),
        "kind": alert.key.kind,
        "period_minutes": alert.key.period_minutes,
        "threshold": alert.key.threshold,
        "opened_at": to_rfc3339(alert.opened_at),
        "updated_at": to_rfc3339(alert.updated_at),
        "merged_into": alert.merged_into,
        "history": [
            {"at": to_rfc3339(each.at), "what": each.what, "why": each.why} for each in shown.history
        ],
        "matches": [finding_row(item) for item in shown.matches],
    }


def _print_alert(shown: "Shown", *, everything: bool) -> None:
    alert = shown.alert
    into = f" into {alert.merged_into}" if alert.merged_into else ""
    for name, value in (
        ("alert", alert.id),
        ("title", alert.title),
        ("rule", alert.key.rule_id),
        ("severity", alert.severity.name),
        ("status", f"{alert.status.value}{into}"),
        ("dedup", alert.key.dedup),
        ("window", f"{to_rfc3339(alert.window_start)} to {to_rfc3339(alert.window_end)}"),
        ("matches", f"{alert.matches:,}"),
    ):
        _print(f"{name:<10}", value)
    print("\nhistory")
    for each in shown.history:
        at = Micros(each.at - each.at % SECOND)
        _print(f"  {to_rfc3339(at)}  {each.what:<9}  ", each.why)
    print("\nmatches")
    items = shown.matches if everything else shown.matches[:_MATCHES_SHOWN]
    for item in items:
        _print(f"  {to_rfc3339(item.event_time)}  {item.row_id}  ", _title(item))
    if not shown.matches:
        print("  none: its window is gone, or is another alert's")
    if len(items) < len(shown.matches):
        say(f"{count(len(shown.matches) - len(items), 'more match', 'more matches')}: --all prints them")


def _title(item: Any) -> str:
    if isinstance(item, RuleError):
        return f"{item.error} in {item.function}: {item.message}"
    return str(item.title)


def _print(head: str, value: str) -> None:
    """Words behind a head, or below it where it leaves them less than half of the terminal."""
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    below = len(head) > width // 2
    if below:
        print(head.rstrip())
    indent = " " * (_BELOW if below else len(head))
    lines = textwrap.wrap(
        printable(value),
        width=width,
        initial_indent=indent if below else head,
        subsequent_indent=indent,
        replace_whitespace=False,
        break_on_hyphens=False,
    )
    if lines or not below:
        print("\n".join(line.rstrip() for line in lines) or head.rstrip())
