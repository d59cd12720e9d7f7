"""A fresh clone comes up by the first commands of the README; the short form is `test_commands.py`."""

from pathlib import Path

import pytest
from tests.docs.checkout import check_out, run


@pytest.mark.slow
def test_make_env_makes_an_environment_from_nothing(tmp_path: Path) -> None:
    checkout = check_out(tmp_path, environment=False)
    made, again, version, ran = run(
        checkout,
        [
            "make env",
            "make env",
            ".venv/bin/trailcam --version",
            ".venv/bin/trailcam run examples/logs --packs examples/detections",
        ],
        seconds=600,
    )
    assert made.status == 0, made.output
    assert "Nothing to be done" in again.output
    assert version.output.startswith("trailcam ")
    assert ran.status == 0, ran.output
    assert "2 files, 8 records = 7 events + 1 duplicate + 0 dead letters" in ran.output
