"""What `event.udm` gets of a data model."""

from pathlib import Path
from typing import Any

import pytest

from trailcam.model.data_model import DataModel, Mapping
from trailcam.model.event import ImmutableCaseInsensitiveDict, ImmutableList, PantherEvent
from trailcam.rules.data_models import SeveralMatches, UnifiedNames, by_log_type, executed
from trailcam.rules.modules import helpers

BODY = """\
COUNT = 0

def method(event):
    global COUNT
    COUNT += 1
    return f"{event.get('A')} {COUNT}"

def nothing(event):
    return None

def itself(event):
    return event

def nested(event):
    return event.deep_get("nested")

def raises(event):
    raise KeyError("x")

def asks(event):
    return event.udm("path")
"""

EVENT: dict[str, Any] = {
    "a": 1,
    "null": None,
    "nested": {"Key": {"x": 1}, "list": [{"y": 2}]},
    "list": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}],
    "one": [{"ip": "192.0.2.1"}],
    "fallback": "top",
    "p_udm": {"unmapped": "core"},
}


def model(*mappings: tuple[str, str], body: str = BODY, **fields: Any) -> DataModel:
    """A model with these (name, path or method); a path begins with a dollar."""
    return DataModel(
        id="The.Model",
        log_types=fields.pop("log_types", ("AWS.CloudTrail",)),
        mappings=tuple(
            Mapping(name=name, path=said) if said.startswith("$") else Mapping(name=name, method=said)
            for name, said in mappings
        ),
        path=Path("model.py"),
        metadata_path=Path("model.yml"),
        body=body,
        **fields,
    )


def names(*mappings: tuple[str, str], body: str = BODY) -> UnifiedNames:
    return executed(model(*mappings, body=body))


def udm(*mappings: tuple[str, str], default: Any = None, data: Any = None, name: str = "n") -> Any:
    return PantherEvent(EVENT if data is None else data, names(*mappings)).udm(name, default=default)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a", 1),
        ("$.null", None),
        ("$.nested.Key.x", 1),
        ("$.one[*].ip", "192.0.2.1"),
        ("$.list[1].ip", "192.0.2.2"),
        ("$.list[?(@.ip == '192.0.2.2')].ip", "192.0.2.2"),
        ("$.A", "default"),
        ("$.nested.key.x", "default"),
        ("$.nothing", "default"),
        ("$.list[7].ip", "default"),
        ("$.a.b", "default"),
    ],
)
def test_a_path_gives_the_one_value_a_null_too_else_the_default(path: str, value: Any) -> None:
    assert udm(("n", path), default="default") == value


def test_what_a_path_gives_is_wrapped_as_everything_of_an_event() -> None:
    found = udm(("n", "$.nested"))
    assert type(found) is ImmutableCaseInsensitiveDict
    assert found["key"]["X"] == 1
    assert type(udm(("n", "$.list"))) is ImmutableList


def test_a_path_that_leads_to_several_places_is_an_error() -> None:
    event = PantherEvent(EVENT, names(("n", "$.list[*].ip")))
    words = r"^JSONPath \[\$\.list\[\*\]\.ip\] in DataModel \[The\.Model\], matched multiple fields\.$"
    for ask in (event.udm, event.udm_path):
        with pytest.raises(SeveralMatches, match=words):
            ask("n")


def test_a_mapped_name_that_finds_nothing_falls_back_on_nothing() -> None:
    assert udm(("fallback", "$.nothing"), name="fallback") is None
    assert udm(("unmapped", "$.nothing"), name="unmapped", default="d") == "d"
    assert udm(("n", "$.nothing"), name="unmapped") == "core"
    assert udm(("n", "$.nothing"), name="fallback") == "top"


def test_a_method_gets_the_event_in_any_case_without_the_methods_of_events() -> None:
    assert udm(("n", "method")) == "1 1"
    given = udm(("n", "itself"))
    assert type(given) is ImmutableCaseInsensitiveDict
    assert udm(("n", "nested"))["KEY"]["x"] == 1
    with pytest.raises(AttributeError, match="udm"):
        udm(("n", "asks"))


def test_what_a_method_returns_is_the_answer_none_too() -> None:
    assert udm(("n", "nothing"), default="d") is None
    with pytest.raises(KeyError):
        udm(("n", "raises"), default="d")


def test_a_method_cannot_change_the_event() -> None:
    event = PantherEvent(EVENT, names(("n", "itself")))
    with pytest.raises(TypeError):
        event.udm("n")["a"] = 2
    assert event == EVENT


def test_a_model_is_executed_once_for_all_events() -> None:
    found = names(("n", "method"))
    assert [PantherEvent(EVENT, found).udm("n") for _ in range(2)] == ["1 1", "1 2"]


@pytest.mark.parametrize("order", [("$.a", "method"), ("method", "$.a")])
def test_of_a_name_with_a_path_and_a_method_the_path_is_asked_first(order: tuple[str, str]) -> None:
    found = names(*(("n", said) for said in order))
    assert (PantherEvent({"a": None}, found).udm("n"), PantherEvent({"a": None}, found).udm_path("n")) == (
        None, "a",
    )  # fmt: skip
    assert (PantherEvent({"A": 2}, found).udm("n"), PantherEvent({"A": 2}, found).udm_path("n")) == (
        "2 1", "method",
    )  # fmt: skip


def test_of_several_paths_of_one_name_the_last_counts() -> None:
    assert udm(("n", "$.null"), ("n", "$.a"), default="d") == 1
    assert udm(("n", "$.a"), ("n", "$.nothing"), default="d") == "d"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("$.nested.Key.x", "nested.Key.x"),
        ("$.one[*].ip", "one.[0].ip"),
        ("$.null", "null"),
        ("$.nothing", None),
        ("method", "method"),
        ("nothing", "nothing"),
    ],
)
def test_udm_path_is_the_full_place_or_the_name_of_the_method(said: str, path: str | None) -> None:
    event = PantherEvent(EVENT, names(("n", said)))
    assert event.udm_path("n") == path
    assert event.udm_path("other") is None


def test_the_file_of_a_model_may_import_helpers_and_is_in_no_modules() -> None:
    body = "import sys\nfrom panther_base_helpers import deep_get\ndef method(event):\n    return 'The.Model' in sys.modules\n"
    with helpers(()):
        assert udm(("n", "method"), data={}) != "1 1"
        assert PantherEvent({}, names(("n", "method"), body=body)).udm("n") is False


def test_a_model_without_methods_executes_nothing() -> None:
    assert PantherEvent(EVENT, names(("n", "$.a"), body="")).udm("n") == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise SystemExit", SystemExit),
        ("1 / 0", ZeroDivisionError),
        ("from json import *", AttributeError),
        ("import nowhere_at_all", ModuleNotFoundError),
    ],
)
def test_what_the_file_of_a_model_raises_comes_through(body: str, error: type[BaseException]) -> None:
    with pytest.raises(error):
        names(("n", "method"), body=body)


def test_models_that_are_switched_off_speak_for_no_log_type() -> None:
    on = model(("n", "$.a"), log_types=("A", "B"))
    off = model(("n", "$.a"), log_types=("C",), enabled=False)
    said = executed(on)
    assert by_log_type([(on, said), (off, executed(off))]) == {"A": said, "B": said}
