"""What a run tells of correlation rules that it leaves to others."""

import pytest

from trailcam.cli.told_correlations import tell_left


def test_rules_that_are_left_to_a_server_are_told_some_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    tell_left({f"R{number}": "has its turn in the server" for number in range(12)})
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "waiting: R0 has its turn in the server"
    assert (len(told), told[-1]) == (11, "  and 2 more correlation rules")
