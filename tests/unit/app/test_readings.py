"""What the cache of readings depends on."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from trailcam.app.readings import readings
from trailcam.contracts.rule_format import Reading
from trailcam.rules.reading_cache import ReadingCache


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


@pytest.mark.parametrize(
    "changed",
    {
        "brought-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: brought\nVersion: 2\n",
        "brought/reading.py": "NAME = 'quite another'\n",
        "brought-1.dist-info/entry_points.txt": "[trailcam.rule_format]\nbrought = brought.other\n",
    }.items(),
    ids=lambda changed: Path(changed[0]).name,
)
def test_a_format_of_another_distribution_is_asked_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: tuple[str, str]
) -> None:
    site = tmp_path / "site"
    for name, text in {
        "brought-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: brought\nVersion: 1\n",
        "brought-1.dist-info/entry_points.txt": "[trailcam.rule_format]\nbrought = brought.reading\n",
        "brought/__init__.py": "raise AssertionError('it is not imported')\n",
        "brought/reading.py": "NAME = 'brought'\n",
    }.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    monkeypatch.syspath_prepend(site)
    file = tmp_path / "a.toml"
    file.write_text("x")

    def cache() -> ReadingCache:
        importlib.invalidate_caches()
        return readings([tmp_path], (), {"TRAILCAM_CACHE": str(tmp_path / "cache")}, ignores_extra_keys=False)

    kept = cache()
    kept.keep(file, Reading(not_run="kept"))
    kept.save()
    assert cache().find(file) is not None
    name, text = changed
    (site / name).write_text(text)
    assert cache().find(file) is None
