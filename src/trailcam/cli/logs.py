"""What runs for long tells on stderr what happens, as keys and values: for people, or as JSON."""

import sys
from collections.abc import Callable, MutableMapping
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import typer

from trailcam.errors import visible


class LogFormat(StrEnum):
    """How a line of a log is written."""

    text = "text"
    json = "json"


LogFormatOption: TypeAlias = Annotated[
    LogFormat, typer.Option("--log-format", help="How what happens is told on stderr.")
]


def teller(form: LogFormat) -> Callable[..., None]:
    """What is called with (what happened, values by name). What has a `code` is a warning."""
    import structlog  # noqa: PLC0415  # 60 ms that only what runs for long needs

    shown = structlog.processors.JSONRenderer() if form is LogFormat.json else _line
    log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"), shown],
    )

    def told(what: str, /, **values: object) -> None:
        log.msg(what, level="warning" if "code" in values else "info", **values)

    return told


def _line(_logger: Any, _name: str, said: MutableMapping[str, Any]) -> str:
    """`2026-11-28T10:00:00Z info started role=serve`; log content in it cannot start another line."""
    time, level, what = said.pop("time"), said.pop("level"), said.pop("event")
    values = " ".join(f"{key}={_value(value)}" for key, value in said.items())
    return f"{time[:19]}Z {level:<7} {what} {values}".rstrip()


def _value(value: object) -> str:
    text = visible(str(value))
    return f'"{text}"' if " " in text or not text else text
