"""The extra for rules of panther-analysis brings the modules that its distributions are spelt like."""

import re
import tomllib
from importlib.util import find_spec

import pytest
from tests.docs.markdown import ROOT

from trailcam.rules.extras import extra_with, own_requirements

WRITTEN = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = [
    re.split(r"[<>=!~; ]", requirement)[0].replace("-", "_")
    for requirement in WRITTEN["optional-dependencies"]["panther"]
]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_extra_is_there_for_tests(module: str) -> None:
    assert find_spec(module) is not None


@pytest.mark.parametrize("module", MODULES)
def test_the_installed_package_says_which_extra_brings_a_module(module: str) -> None:
    assert extra_with(module, own_requirements()) == "panther"


@pytest.mark.parametrize("module", ["policyuniverse", "pycountry"])
def test_what_rules_of_panther_analysis_import_is_in_the_extra(module: str) -> None:
    assert module in MODULES
