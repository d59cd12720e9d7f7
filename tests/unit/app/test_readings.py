"""What the cache of readings depends on."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from trailcam.app.readings import readings
from trailcam.contracts.rule_format import Reading


def test_another_version_of_python_knows_nothing_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.yml"
    file.write_text("x")
    environment = {"TRAILCAM_CACHE": str(tmp_path / "cache")}
    kept = readings([tmp_path], (), environment, ignores_extra_keys=False)
    kept.keep(file, Reading(not_run="kept"))
    kept.save()
    assert readings([tmp_path], (), environment, ignores_extra_keys=False).find(file) is not None
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(cache_tag="cpython-299"))
    assert readings([tmp_path], (), environment, ignores_extra_keys=False).find(file) is None
