"""An extra is named for the modules that it brings, and for no other."""

from importlib.metadata import PackageNotFoundError

import pytest

from trailcam.rules import extras
from trailcam.rules.extras import extra_with, own_requirements

WRITTEN = [
    "boto3>=1.40",
    'colorama>=0.4; sys_platform == "win32"',
    "jsonpath-ng>=1.5.3; extra == 'panther'",
    'PyCountry>=23.12.7 ; extra == "panther"',
    'confluent_kafka[avro]>=2; python_version < "4" and extra == "kafka"',
]


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("jsonpath_ng", "panther"),
        ("pycountry", "panther"),
        ("confluent_kafka", "kafka"),
        ("boto3", ""),
        ("colorama", ""),
        ("jsonpath", ""),
        ("panther", ""),
        ("", ""),
    ],
)
def test_a_module_is_that_of_the_distribution_which_is_spelt_like_it(module: str, extra: str) -> None:
    assert extra_with(module, WRITTEN) == extra


def test_what_is_no_requirement_names_no_extra() -> None:
    assert extra_with("x", ["", ";", "; extra == 'a'", "-; extra == 'a'"]) == ""


def test_a_package_that_runs_from_its_source_has_no_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr(extras, "requires", nowhere)
    assert own_requirements() == []
