"""What a process tells: one line each, whatever stands in it."""

import errno
import io
import json
import re

import pytest

from trailcam.cli.logs import LogFormat, teller

HOSTILE = [
    "two\nlines", "a\r\nb", "\x1b[2J", "\x00", "\u2028", "\u202e", "\x9b31m", "\ud800", "tab\there", " ", "",
    'a" role="admin', "a=b", "ü", "🌲", "\\", "two words\\", "null",
]  # fmt: skip


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    return err.removesuffix("\n").split("\n")


def test_a_line_has_a_time_a_level_what_happened_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    told = teller(LogFormat.text)
    told("started", role="serve", rules=7, sources="a b")
    told("source fails", code="TC0802", why="it is not there")
    told("stopped")
    first, second, third = lines(capsys)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(rf'{time} info    started role=serve rules=7 sources="a b"', first)
    assert re.fullmatch(rf'{time} warning source fails code=TC0802 why="it is not there"', second)
    assert re.fullmatch(rf"{time} info    stopped", third)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_starts_a_line_or_another_value(capsys: pytest.CaptureFixture[str], value: str) -> None:
    teller(LogFormat.text)("not fetched", what=value, tries=1)
    (line,) = lines(capsys)
    assert line.isprintable()
    written = re.fullmatch(r'\S+ info    not fetched what=([^ ="]+|"(?:[^"\\]|\\.)*") tries=1', line)
    assert written, line
    assert ("ü" in line) == ("ü" in value)


@pytest.mark.parametrize("value", HOSTILE)
def test_json_holds_every_value_as_it_is_in_one_line_of_ascii(
    capsys: pytest.CaptureFixture[str], value: str
) -> None:
    teller(LogFormat.json)("not fetched", what=value, code="TC0416")
    (line,) = lines(capsys)
    assert line.isascii()
    assert line.isprintable()
    said = json.loads(line)
    assert said.pop("time").endswith("Z")
    assert said == {"event": "not fetched", "level": "warning", "what": value, "code": "TC0416"}


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, f"no space for {text}")


@pytest.mark.parametrize("form", LogFormat)
def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch, form: LogFormat) -> None:
    monkeypatch.setattr("sys.stderr", Full())
    told = teller(form)
    told("started", role="serve")
    told("stopped")
