"""A way of writing rules down: which files hold one, and how they become a `Rule`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trailcam.errors import Problem
from trailcam.forms import Form
from trailcam.model.data_model import DataModel
from trailcam.model.lookup import DeclaredTable
from trailcam.model.query import Query
from trailcam.model.rule import Collection, DerivedRule, HelperModule, Rule

Item = Rule | DerivedRule | HelperModule | DataModel | Query | DeclaredTable | Collection
"""What a file can be; every item has an `id`, and no two items have one id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known outside of a rule's own files."""

    log_types: frozenset[str]
    sample: Callable[[str, str], dict[str, Any]]
    """(log type, name) gives a raw sample record. Raises KeyError; what it raises after the name, as in
    `KeyError(name, *names)`, are the names there are, for the hint."""
    ignores_extra_keys: bool = False
    """Keys of rules that no form knows are passed over instead of refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one file of a format holds: an item, something that is not run, or problems only."""

    item: Item | None = None
    id: str = ""
    """The id as it is written, also where there are problems; empty where there is none."""
    line: int = 1
    """Where the id stands."""
    names: tuple[tuple[str, int], ...] = ()
    """(id, line) of other items that it cannot do without."""
    not_run: str = ""
    """The kind, in words, of an item that this version does not run."""
    companions: tuple[Path, ...] = ()
    """Further files that belong to the item, whatever its problems: no format reads them as items."""
    problems: tuple[Problem, ...] = ()
    """All that is wrong with the file and its companions; with problems, there is no item."""


class RuleFormat(Protocol):
    """A module in `trailcam.rules.formats`, or one behind an entry point `trailcam.rule_format`."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:  # noqa: N802  # a constant of the module
        """Endings, in lower case, of the files it reads: `.yml`. Companions need not end so."""
        ...

    @property
    def EXAMPLE(self) -> Mapping[str, str]:  # noqa: N802  # a constant of the module
        """A whole rule with tests, file name to text: what its documentation shows and its contract runs."""
        ...

    def forms(self) -> Iterable[Form]:
        """What its files may hold, for their documentation."""
        ...

    def template(self, rule_id: str, stem: str) -> Mapping[str, str]:
        """A new rule of this id, file name to text; files are named by `stem`. It loads, and its first inline
        test fails until `rule` is written."""
        ...

    def read(self, path: Path, *, known: Known) -> Reading | None:
        """What the file holds; None when it is not of this format.

        Never raises for what a user wrote, and executes nothing of it. The answer does not depend on which
        other items are read.
        """
        ...
