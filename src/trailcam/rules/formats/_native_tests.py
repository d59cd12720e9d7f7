"""Tests of the native form: an event, or a named sample, with fields changed by dotted path."""

import json
from collections.abc import Iterator
from copy import deepcopy
from math import isfinite
from typing import Any

from trailcam.contracts.rule_format import Known
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.forms import ANYTHING, NAME, TEXT, TRUTH, Form, Key, ListOf, MappingOf, Plain, describe
from trailcam.model.rule import Mock, RuleTest
from trailcam.model.severity import Severity
from trailcam.rules.settings import SETTING, misfits
from trailcam.rules.values import SEVERITY
from trailcam.yaml12 import Document, Steps


def is_json(value: Any) -> bool:
    """Whether JSON can hold a value as it is: no tuple, no bytes, no key that is not a text."""
    return next(_odd(value), None) is None


def _odd(value: Any) -> Iterator[str]:
    """What of a value JSON cannot hold, in words."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"a key that is {describe(key)}"
            yield from _odd(item)
    elif isinstance(value, list):
        for item in value:
            yield from _odd(item)
    elif isinstance(value, float):
        if not isfinite(value):
            yield describe(value)
    elif isinstance(value, int):
        if value.bit_length() >= 14_000:  # about the 4,300 digits that a record's integer may have
            yield describe(value)
    elif not (value is None or isinstance(value, str)):
        yield describe(value)


def _found(value: Any) -> str:
    """What was found in the place of JSON, in words: of what holds something else, that too."""
    whole, odd = describe(value), next(_odd(value), "")
    return f"{whole} that holds {odd}" if isinstance(value, dict | list) and odd else whole


_JSON = Plain("what JSON can hold: dict, list, text, number, True, False or None", is_json, _found)
_RECORD = Plain(
    "a dict of what JSON can hold: dict, list, text, number, True, False or None",
    lambda value: isinstance(value, dict) and is_json(value),
    _found,
)
_SAMPLE = Plain(
    'a text like "AWS.CloudTrail/console_login"',
    lambda value: isinstance(value, str) and all(value.partition("/")),
)
_PATH = Plain(
    'a dotted path like "userIdentity.type"',
    lambda value: isinstance(value, str) and all(value.split(".")),
)

TEST_FORM = Form(
    "a test",
    {
        "name": Key(NAME, required=True, doc="What it shows, as a sentence."),
        "expect": Key(TRUTH, required=True, doc="What `rule(event)` gives."),
        "sample": Key(_SAMPLE, doc="A raw record: log type, slash, name of the sample."),
        "event": Key(_RECORD, doc="The event as the rule sees it; with `log_type`, a raw record."),
        "log_type": Key(NAME, doc="Of which type the raw record in `event` is."),
        "override": Key(
            MappingOf(_JSON, _PATH),
            doc="Dotted path to new value; numbers index lists; the last step may be new.",
        ),
        "remove": Key(ListOf(_PATH), doc="Dotted paths of fields to take out."),
        "enrichment": Key(
            _RECORD,
            doc="What `p_enrichment` holds: table, then field, to the row or the rows of the table. "
            "A row gets its `p_match` where the field has one value.",
        ),
        "mocks": Key(MappingOf(ANYTHING, NAME), doc="Name in the module to what a call of it returns."),
        "settings": Key(MappingOf(SETTING), doc="Values that the rule's settings have during the test."),
        "severity": Key(SEVERITY, doc="What severity the match has."),
        "title": Key(TEXT, doc="What title the match has."),
        "dedup": Key(TEXT, doc="What dedup string the match has."),
    },
    exactly_one=(("sample", "event"),),
)


OF_A_MATCH = ("severity", "title", "dedup")
"""Keys that say what the match has, where one is expected."""


def same_name(test: Any) -> str | None:
    """For `ListOf.alike`: tests are told apart by name."""
    name = test.get("name") if isinstance(test, dict) else None
    return name if isinstance(name, str) else None


def build(document: Document, index: int, *, known: Known) -> RuleTest | list[Problem]:
    """One test of a document that fits the form, or everything that is wrong with it."""
    building = _Building(document, index, known)
    event = building.event()
    if event is not None:
        building.change(event)
    building.check_settings()
    building.check_wanted()
    if building.problems or event is None:
        return building.problems
    test = building.test
    return RuleTest(
        name=test["name"],
        expected=test["expect"],
        event=event,
        log_type=building.log_type,
        mocks=tuple(Mock(name=name, return_value=value) for name, value in test.get("mocks", {}).items()),
        settings=json.dumps(test.get("settings", {}), sort_keys=True),
        enrichment=deepcopy(test.get("enrichment")),
        wanted=tuple((name, _wanted(name, test[name])) for name in OF_A_MATCH if name in test),
        line=document.line(("TESTS", index)),
    )


def _wanted(name: str, value: str) -> str:
    return Severity.parse(value).name if name == "severity" else value


class _Nowhere(Exception):
    """A path that leads nowhere: the message says where it stops."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class _Building:
    def __init__(self, document: Document, index: int, known: Known) -> None:
        self.document = document
        self.known = known
        self.test: dict[str, Any] = document.value["TESTS"][index]
        self.log_type: str | None = self.test.get("log_type")
        self.problems: list[Problem] = []
        self._place: Steps = ("TESTS", index)

    def event(self) -> dict[str, Any] | None:
        """The event before its changes; None when there is none to change."""
        if "sample" in self.test:
            if "log_type" in self.test:
                self._report("bad_value", ("log_type",), "log_type goes with event; a sample has its own")
            self.log_type, _, name = self.test["sample"].partition("/")
            return self._sample(self.log_type, name) if self._is_known(("sample",)) else None
        if self.log_type is not None:
            self._is_known(("log_type",))
        event: dict[str, Any] = deepcopy(self.test["event"])
        return event

    def change(self, event: dict[str, Any]) -> None:
        """Applies `override`, then `remove`, in the order they are written."""
        for path, value in self.test.get("override", {}).items():
            try:
                container, key = _lead(event, path, new=True)
                container[key] = deepcopy(value)
            except _Nowhere as stop:
                self._report("path_leads_nowhere", ("override", path), f"override {stop}", stop.hint)
        for index, path in enumerate(self.test.get("remove", ())):
            try:
                container, key = _lead(event, path, new=False)
                del container[key]
            except _Nowhere as stop:
                self._report("path_leads_nowhere", ("remove", index), f"remove {stop}", stop.hint)

    def check_settings(self) -> None:
        """Finds settings that the rule does not have, and values of another kind than it declares."""
        declared = self.document.value.get("SETTINGS")
        given = self.test.get("settings", {})
        for name, message, hint in misfits(given, declared if isinstance(declared, dict) else {}):
            self._report("bad_value", ("settings", name), message, hint)

    def check_wanted(self) -> None:
        """Finds what is said of the match where none is expected."""
        for name in OF_A_MATCH:
            if name in self.test and not self.test["expect"]:
                self._report("bad_value", (name,), f"{name} is that of a match, and none is expected")

    def _is_known(self, at: Steps) -> bool:
        name = self.log_type or ""
        if name in self.known.log_types:
            return True
        self._report(
            "unknown_log_type", at, f'unknown log type "{name}"', nearest(name, self.known.log_types)
        )
        return False

    def _sample(self, log_type: str, name: str) -> dict[str, Any] | None:
        try:
            return deepcopy(self.known.sample(log_type, name))
        except KeyError as error:
            names = [str(known) for known in error.args[1:]]
            hint = nearest(name, names) or (f"samples: {', '.join(names)}" if names else "")
            self._report("unknown_sample", ("sample",), f'{log_type} has no sample "{name}"', hint)
        except TrailcamError as error:  # the samples themselves are broken
            self.problems.extend(error.problems)
        return None

    def _report(self, name: str, at: Steps, message: str, hint: str = "") -> None:
        line = self.document.line((*self._place, *at))
        self.problems.append(
            Problem(code=code(name), message=message, path=self.document.path, line=line, hint=hint)
        )


def _lead(event: dict[str, Any], path: str, *, new: bool) -> tuple[Any, Any]:
    """The container and key a dotted path leads to; `new`: a mapping need not have the key yet.

    Raises:
        _Nowhere: the path stops before its end.
    """
    *before, last = path.split(".")
    container: Any = event
    for depth, step in enumerate(before):
        container = container[_key(container, step, path=path, depth=depth)]
    if new and isinstance(container, dict):
        return container, last
    return container, _key(container, last, path=path, depth=len(before))


def _key(container: Any, step: str, *, path: str, depth: int) -> str | int:
    place = ".".join(path.split(".")[:depth]) or "the event"
    if isinstance(container, dict):
        if step not in container:
            raise _Nowhere(f'"{path}" leads nowhere: {place} has no "{step}"', nearest(step, container))
        return step
    if isinstance(container, list):
        if not (step.isascii() and step.isdecimal() and int(step) < len(container)):
            raise _Nowhere(f'"{path}" leads nowhere: {place} is a list of {len(container)}, without "{step}"')
        return int(step)
    raise _Nowhere(f'"{path}" leads nowhere: {place} is {describe(container)}')
