import sys
from pathlib import Path

import pytest

from trailcam import registry
from trailcam.errors import TrailcamError, code


def test_components_are_found_by_where_they_lie() -> None:
    assert registry.names("rule_format") == ("native", "panther")
    assert registry.load("rule_format", "native").__name__ == "trailcam.rules.formats.native"


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(TrailcamError) as caught:
        registry.load("rule_format", "panter")
    (problem,) = caught.value.problems
    assert problem.code == code("unknown_component")
    assert problem.hint == 'did you mean "panther"?'
    assert "native, panther" in problem.message


def test_folders_of_data_are_found_by_their_marker() -> None:
    names = [folder.name for folder in registry.folders("log_type", "schema.yml")]
    assert names == sorted(names)
    assert "aws_cloudtrail" in names


def test_another_distribution_brings_components_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "brought.py").write_text("NAME = 'brought'\n")
    types = tmp_path / "brought_types"
    (types / "acme").mkdir(parents=True)
    (types / "__init__.py").write_text("")
    (types / "acme" / "schema.yml").write_text("")
    info = tmp_path / "brought-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[trailcam.rule_format]\nbrought = brought\n[trailcam.log_type]\nacme = brought_types\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "brought" in registry.names("rule_format")
    assert "brought" not in sys.modules
    assert registry.load("rule_format", "brought").NAME == "brought"
    del sys.modules["brought"]  # for good: monkeypatch would bring it back for tests to come
    assert types / "acme" in registry.folders("log_type", "schema.yml")
