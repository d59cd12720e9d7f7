"""One item of Panther's form as it is written, and what reading any kind of them asks for."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

from trailcam.contracts.rule_format import Item, Known, Reading
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.forms import Form, check
from trailcam.rules import python_source
from trailcam.yaml12 import Document, Steps, read_text

_DOCUMENTS = frozenset({".yml", ".yaml"})


class Written:
    """A document with an `AnalysisType`, beside it the Python file that it names."""

    def __init__(self, document: Document, known: Known) -> None:
        self.document = document
        self.known = known
        self.value: dict[str, Any] = document.value
        self.path = document.path

    @cached_property
    def companions(self) -> tuple[Path, ...]:
        """The file that `Filename` names, if it is one in the folder of the document or below; never another
        document, which is an item of its own."""
        name = self.value.get("Filename")
        if not _inside(name) or Path(name).suffix.lower() in _DOCUMENTS:
            return ()
        return (self._beside(name),)

    def line(self, *steps: str | int) -> int:
        """The line of a value."""
        return self.document.line(steps)

    def problem(self, name: str, steps: Steps, message: str, hint: str = "") -> Problem:
        """A problem of the error table at a value of the document."""
        return Problem(
            code=code(name), message=message, path=self.path, line=self.document.line(steps), hint=hint
        )

    def check(self, form: Form) -> list[Problem]:
        """What is wrong with the document; keys that no form knows may be passed over."""
        problems = check(self.document, form)
        if self.known.ignores_extra_keys:
            unknown = code("unknown_key")
            problems = [problem for problem in problems if problem.code != unknown]
        return problems

    def python(self, *functions: str) -> tuple[str, list[Problem]]:
        """The text of the Python file, and all that is wrong with it; it must bind these functions."""
        filename = self.value.get("Filename")
        if not self.companions or self.companions[0].suffix != ".py":
            if not isinstance(filename, str) or not filename:
                return "", []  # the form has said so
            message = f'Filename must name a .py file in the folder of this one; found "{filename}"'
            return "", [self.problem("bad_value", ("Filename",), message)]
        path = self.companions[0]
        if missing := self.missing(path, ".py"):
            return "", [missing]
        try:
            body = read_text(path)
        except TrailcamError as error:
            return "", list(error.problems)
        problems = python_source.check(body, *functions, path=path)
        syntax = code("rule_syntax")
        return "" if any(it.code == syntax for it in problems) else body, problems

    def file(self) -> tuple[Path | None, list[Problem]]:
        """The file that `Filename` names, of whatever ending, and what is wrong with the name."""
        filename = self.value.get("Filename")
        if not isinstance(filename, str) or not filename:
            return None, []
        if not _inside(filename):
            message = f'Filename must name a file in the folder of this one; found "{filename}"'
            return None, [self.problem("bad_value", ("Filename",), message)]
        path = self._beside(filename)
        missing = self.missing(path, path.suffix)
        return path, [missing] if missing else []

    def missing(self, path: Path, ending: str) -> Problem | None:
        """TC0207 when there is no such file, or what has its name is none."""
        message, near = f"there is no file {self.value['Filename']} beside this one", ""
        try:
            if path.is_file():
                return None
            if path.exists():
                message = f"{self.value['Filename']} is no regular file"
            else:
                near = nearest(path.name, (other.name for other in path.parent.glob(f"*{ending}")))
        except (OSError, ValueError):  # a name that no file could have
            pass
        return self.problem("missing_file", ("Filename",), message, near)

    def names(self, *places: tuple[Steps, Any]) -> tuple[tuple[str, int], ...]:
        """(id, line) for each text among (place, value), or in a list there: what the item refers to."""
        found = []
        for steps, value in places:
            for at, name in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(name, str):
                    found.append((name, self.line(*steps, *([] if at is None else [at]))))
        return tuple(found)

    def reading(
        self,
        item: Item | None,
        key: str,
        *,
        problems: Sequence[Problem] = (),
        names: tuple[tuple[str, int], ...] = (),
    ) -> Reading:
        """What is said of the document: the item, whose id stands under `key`, unless there are problems."""
        name = self.value.get(key)
        name = name if isinstance(name, str) else ""
        if problems:
            ordered = sorted(problems, key=lambda problem: (problem.path != self.path, problem.line or 0))
            return Reading(companions=self.companions, problems=tuple(ordered), id=name, line=self.line(key))
        return Reading(item=item, id=name, line=self.line(key), companions=self.companions, names=names)

    def _beside(self, filename: str) -> Path:
        return self.path.parent / os.path.normpath(filename)


def _inside(filename: Any) -> TypeGuard[str]:
    """Whether a file name is one in the folder of the file that holds it, or below."""
    if not isinstance(filename, str) or not filename or "\0" in filename or Path(filename).is_absolute():
        return False
    return Path(os.path.normpath(filename)).parts[:1] not in ((), ("..",))
