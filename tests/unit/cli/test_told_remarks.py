"""Remarks on rules are a few lines, whatever their number."""

from pathlib import Path

import pytest

from trailcam.cli.told_remarks import tell_remarks
from trailcam.errors import Problem


def remarks(number: int) -> list[Problem]:
    return [Problem(code="TC0223", message="m", path=Path("a.yml"), line=n) for n in range(1, number + 1)]


def test_each_remark_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    tell_remarks(remarks(2))
    told = capsys.readouterr()
    places = [line.split(": ")[:2] for line in told.err.splitlines()]
    assert places == [["remark[TC0223]", f"a.yml:{line}"] for line in (1, 2)]
    assert not told.out


def test_of_many_remarks_the_first_are_told_and_the_rest_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tell_remarks(remarks(1_005))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "  and 1,000 more remarks: trailcam test --format json has all of them"
