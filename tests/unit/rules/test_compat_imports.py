"""The modules that rules import by name, as a rule imports them: at the top level."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

import trailcam.rules.compat
from trailcam.model import event as model

COMPAT = Path(trailcam.rules.compat.__path__[0])
NAMES = sorted(
    entry.stem for entry in COMPAT.iterdir() if not entry.name.startswith("_") and entry.suffix in ("", ".py")
)


@pytest.fixture
def load() -> Iterator[Callable[[str], Any]]:
    path, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(COMPAT))
    yield importlib.import_module
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] in NAMES:
            del sys.modules[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_module_here_imports_under_its_own_name(load: Callable[[str], Any], name: str) -> None:
    assert load(name).__doc__


def test_the_modules_are_the_ones_that_public_rules_import() -> None:
    assert {
        "panther_base_helpers",
        "panther_core",
        "panther_detection_helpers",
        "panther_greynoise_helpers",
        "panther_oss_helpers",
    } <= set(NAMES)


@pytest.mark.usefixtures("load")
@pytest.mark.parametrize(
    "line",
    [
        "from panther_base_helpers import deep_get, pattern_match_list",
        "from panther_base_helpers import aws_rule_context, deep_walk, okta_alert_context",
        "from panther_base_helpers import resolve_timestamp_string, PantherUnexpectedAlert, EMAIL_REGEX",
        "from panther_core import PantherEvent",
        "from panther_core.enriched_event import PantherEvent",
        "from panther_core.immutable import ImmutableCaseInsensitiveDict, ImmutableList",
        "from panther_detection_helpers import caching",
        "from panther_greynoise_helpers import GetGreyNoiseObject, GetGreyNoiseRiotObject",
        "from panther_detection_helpers.caching import get_string_set, put_string_set",
        "from panther_detection_helpers.mocking import is_mock",
        "from panther_detection_helpers import monitoring",
        "from panther_oss_helpers import add_parse_delay, evaluate_threshold, get_string_set, put_string_set",
    ],
)
def test_the_import_lines_of_rules_work(line: str) -> None:
    exec(line, {})


@pytest.mark.parametrize("name", ["panther_base_helpers", "panther_oss_helpers"])
def test_every_name_that_a_module_announces_exists(load: Callable[[str], Any], name: str) -> None:
    module = load(name)

    assert [each for each in module.__all__ if not hasattr(module, each)] == []


def test_the_event_classes_are_trailcams_own(load: Callable[[str], Any]) -> None:
    assert load("panther_core").PantherEvent is model.PantherEvent
    assert load("panther_core.enriched_event").PantherEvent is model.PantherEvent
    assert load("panther_core.immutable").ImmutableList is model.ImmutableList
    assert load("panther_core.immutable").ImmutableCaseInsensitiveDict is model.ImmutableCaseInsensitiveDict


def test_the_older_name_hands_out_the_newer_functions(load: Callable[[str], Any]) -> None:
    older, caching = load("panther_oss_helpers"), load("panther_detection_helpers.caching")

    assert older.put_string_set is caching.put_string_set
    assert older.set_counter_expiration is caching.set_key_expiration
    assert older.listify is load("panther_base_helpers").listify


def test_a_packs_own_neighbour_wins_over_the_one_here(load: Callable[[str], Any], tmp_path: Path) -> None:
    base = load("panther_base_helpers")
    own = "\n".join(f"{name} = 'of the pack'" for name in base.__all__)
    (tmp_path / "panther_base_helpers.py").write_text(own)
    del sys.modules["panther_base_helpers"]
    sys.path.insert(0, str(tmp_path))

    assert load("panther_oss_helpers").listify == "of the pack"


def test_a_mock_of_an_inline_test_is_told_from_a_function(load: Callable[[str], Any]) -> None:
    is_mock = load("panther_detection_helpers.mocking").is_mock

    assert is_mock(MagicMock(return_value="x")) is True
    assert is_mock(len) is False


def test_the_monitoring_decorator_changes_nothing(load: Callable[[str], Any]) -> None:
    decorate = load("panther_detection_helpers.monitoring").wrap(name="a.name", tags={"a": "b"})

    assert decorate(len) is len
