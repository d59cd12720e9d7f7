"""Tables are as wide as the terminal, and no log content leaves its cell."""

from typing import Any

import pytest
from rich.cells import cell_len

from trailcam.cli.output import print_table

ROWS: list[dict[str, Any]] = [
    {"id": "01M87Y9NB0YHNV5S801Z0YDRPK", "severity": "HIGH", "title": "ci-deploy terminated three machines"},
    {"id": "01M87Y9NB4GKS717G7RABNK9TB", "severity": None, "title": "\x1b[31m[bold]日本\nsecond " * 9},
]


@pytest.fixture(params=[40, 80, 200])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    columns: int = request.param
    monkeypatch.setenv("COLUMNS", str(columns))
    return columns


def printed(capsys: pytest.CaptureFixture[str], last: str = "title") -> list[str]:
    print_table(ROWS, "alerts", last=last)
    return capsys.readouterr().out.splitlines()


def test_a_line_is_never_wider_than_the_terminal(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert max(map(cell_len, printed(capsys))) <= width


def test_the_last_column_stands_beside_the_others_where_half_of_the_terminal_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = printed(capsys)
    assert lines[0].split() == ["id", "severity", "title"]
    assert lines[2].endswith("HIGH      ci-deploy terminated three machines")
    assert lines[2].index("ci-deploy") == lines[0].index("title")


def test_the_last_column_stands_below_the_others_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = printed(capsys)
    assert lines[:2] == ["id                          severity", "  title"]
    assert lines[3:5] == [
        "01M87Y9NB0YHNV5S801Z0YDRPK  HIGH",
        "  ci-deploy terminated three machines",
    ]


def test_nothing_of_a_cell_is_lost_or_obeyed(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys)
    text = "".join(lines).replace(" ", "")
    assert text.count(r"\x1b[31m[bold]日本\nsecond") == 9
    assert "\x1b" not in text


@pytest.mark.parametrize("columns", ["12", "80"])
def test_an_empty_cell_leaves_its_row_and_no_line_more(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    print_table([{"severity": "LOW", "title": ""}], "alerts", last="title")
    assert capsys.readouterr().out.splitlines()[-1] == "LOW"


def test_a_table_without_rows_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([], "alerts", last="title")
    assert capsys.readouterr().out == "no alerts\n"
