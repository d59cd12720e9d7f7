"""What every type of live source has, whoever brings it."""

import inspect

import pytest

from trailcam import registry
from trailcam.contracts.source import SourceType
from trailcam.settings.sources import KIND


@pytest.mark.parametrize("name", registry.names(KIND))
@pytest.mark.parametrize("function", ["open_source", "examine"])
def test_a_type_of_source_is_called_as_its_contract_says(name: str, function: str) -> None:
    found = inspect.signature(getattr(registry.load(KIND, name), function)).parameters
    asked = inspect.signature(getattr(SourceType, function)).parameters
    assert [(it.name, it.kind) for it in found.values()] == [
        (it.name, it.kind) for it in asked.values() if it.name != "self"
    ]
