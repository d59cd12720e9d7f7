"""What a written form may hold, declared once: the checker, its messages and the reference come from it.

A form is a mapping with known keys. Checking never stops at the first mistake: all problems of a document
come at once, each with its line, what was expected, what was found and the nearest known key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trailcam.errors import Problem, code, nearest
from trailcam.yaml12 import Document, Steps

Report = Callable[[str, Steps, str, str], None]
"""Takes (error name, steps to the value, message, hint)."""


class Kind(Protocol):
    """What a key may hold."""

    @property
    def expected(self) -> str:
        """In words, for the message: `a text`, `a list of texts`."""
        ...

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports everything that is wrong with `value`."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A value that one predicate accepts; `found` says in words what another one is, else `describe` does."""

    expected: str
    accepts: Callable[[Any], bool]
    found: Callable[[Any], str] | None = None

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports a value the predicate refuses."""
        if not self.accepts(value):
            wrong(self.expected, value, steps, report, found=self.found)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text out of a few; `fold` says that case does not matter."""

    words: tuple[str, ...]
    fold: bool = False

    @property
    def expected(self) -> str:
        """The words, in order."""
        return f"one of {', '.join(self.words)}"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports a value that is none of the words."""
        known = {word.lower() for word in self.words} if self.fold else set(self.words)
        given = value.lower() if self.fold and isinstance(value, str) else value
        if not isinstance(given, str) or given not in known:
            hint = nearest(value, self.words) if isinstance(value, str) else ""
            wrong(self.expected, value, steps, report, hint)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are all of one kind.

    `least` is the smallest length. `alike` gives the text by which two items are the same, which is then an
    error, or None for an item that is like no other.
    """

    item: Kind
    least: int = 0
    alike: Callable[[Any], str | None] | None = None

    @property
    def expected(self) -> str:
        """In words."""
        length = {0: "", 1: " of one or more"}.get(self.least, f" of {self.least} or more")
        return f"a list{length}, each item {self.item.expected}"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports a value that is no list, and every item that is not of the kind or comes twice."""
        if not isinstance(value, list) or len(value) < self.least:
            wrong(self.expected, value, steps, report)
            return
        seen: set[str] = set()
        for index, item in enumerate(value):
            here: Steps = (*steps, index)
            self.item.check(item, here, report)
            same = self.alike(item) if self.alike else None
            if same is not None and same in seen:
                report("bad_value", here, f'{_place(steps)} holds "{same}" twice', "remove one of the two")
            elif same is not None:
                seen.add(same)


@dataclass(frozen=True, slots=True)
class MappingOf:
    """A mapping with free keys whose values are all of one kind, and the keys too where `key` is given."""

    value: Kind
    key: Kind | None = None

    @property
    def expected(self) -> str:
        """In words."""
        return f"a mapping, each value {self.value.expected}"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports a value that is no mapping, and every value in it that is not of the kind."""
        if not isinstance(value, dict):
            wrong(self.expected, value, steps, report)
            return
        for key, item in value.items():
            here: Steps = (*steps, key if isinstance(key, int) else str(key))
            if self.key is not None:
                self.key.check(key, here, report)
            self.value.check(item, here, report)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a form."""

    kind: Kind
    required: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A mapping with known keys.

    `exactly_one` names groups of keys of which one and only one must be present. `called` gives what messages
    call the one at these steps, where a document holds many; else it is `name`. Values may be given late
    (`recurse`), so that a form can contain itself.
    """

    name: str
    keys: Mapping[str, Key]
    exactly_one: tuple[tuple[str, ...], ...] = ()
    called: Callable[[Steps], str] | None = None

    @property
    def expected(self) -> str:
        """In words."""
        return f"a mapping ({self.name})"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports unknown and missing keys and every value of the wrong kind."""
        if not isinstance(value, dict):
            wrong(self.expected, value, steps, report)
            return
        called = self.called(steps) if self.called else self.name
        for key, item in value.items():
            here: Steps = (*steps, key if isinstance(key, int) else str(key))
            known = self.keys.get(key) if isinstance(key, str) else None
            if known is None:
                hint = nearest(str(key), self.keys) or f"known keys: {', '.join(self.keys)}"
                report("unknown_key", here, f'unknown key "{key}" in {called}', hint)
            else:
                known.kind.check(item, here, report)
        for name, known in self.keys.items():
            if known.required and name not in value:
                report(
                    "missing_key",
                    steps,
                    f'missing key "{name}" in {called}',
                    f"it holds {known.kind.expected}",
                )
        for group in self.exactly_one:
            given = [name for name in group if name in value]
            if len(given) != 1:
                found = " and ".join(given) or "none of them"
                report(
                    "missing_key" if not given else "bad_value",
                    steps,
                    f"{called} needs exactly one of {', '.join(group)}; found {found}",
                    "",
                )


@dataclass(frozen=True, slots=True)
class Recursive:
    """A kind named before it exists, so that a form can contain itself."""

    get: Callable[[], Kind] = field(repr=False)
    expected: str = "a mapping"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Checks with the kind that `get` gives."""
        self.get().check(value, steps, report)


def is_text(value: Any) -> bool:
    """A non-empty text."""
    return isinstance(value, str) and value != ""


def is_whole(value: Any) -> bool:
    """A whole number, not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def whole_between(least: int, most: int) -> Plain:
    """A whole number within bounds, both included."""
    return Plain(
        f"a whole number from {least} to {most}", lambda value: is_whole(value) and least <= value <= most
    )


def seconds(value: Any) -> float | None:
    """A number of seconds above zero; None when it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        return None
    return float(value)


def same_text(item: Any) -> str | None:
    """For `ListOf.alike`: the text itself."""
    return item if isinstance(item, str) else None


def same_word(item: Any) -> str | None:
    """For `ListOf.alike`: the text, case aside."""
    return item.lower() if isinstance(item, str) else None


TEXT = Plain("a text", lambda value: isinstance(value, str))
NAME = Plain("a non-empty text", is_text)
PATH = Plain("a path", is_text)
TEXTS = ListOf(TEXT)
WHOLE = Plain("a whole number", is_whole)
COUNT = Plain("a whole number above zero", lambda value: is_whole(value) and value > 0)
SECONDS = Plain("a number of seconds above zero", lambda value: seconds(value) is not None)
TRUTH = Plain("true or false", lambda value: isinstance(value, bool))
MAPPING = Plain("a mapping", lambda value: isinstance(value, dict))
ANYTHING = Plain("anything", lambda _: True)


def check(document: Document, form: Form) -> list[Problem]:
    """Every problem of a document, in the order of its lines; empty when it fits the form."""
    return sorted((problem for _, problem in located(document, form)), key=lambda problem: problem.line or 0)


def located(document: Document, form: Form) -> list[tuple[Steps, Problem]]:
    """Every problem of a document with the place it is at, in the order of the form."""
    found: list[tuple[Steps, Problem]] = []

    def report(name: str, steps: Steps, message: str, hint: str) -> None:
        if steps in document.holes:
            return
        line = document.line(steps)
        problem = Problem(code=code(name), message=message, path=document.path, line=line, hint=hint)
        found.append((steps, problem))

    form.check(document.value, (), report)
    return found


def wrong(
    expected: str,
    value: Any,
    steps: Steps,
    report: Report,
    hint: str = "",
    *,
    found: Callable[[Any], str] | None = None,
) -> None:
    """Reports a value that is not what is expected; `found` says what it is, else `describe` does."""
    told = (found or describe)(value)
    report("bad_value", steps, f"{_place(steps)} must be {expected}; found {told}", hint)


def _place(steps: Steps) -> str:
    return ".".join(str(step) for step in steps) or "the document"


def describe(value: Any) -> str:
    """A value in a few words, for a message: its kind and its beginning."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 40 else f'the text "{value[:37]}..."'
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"
