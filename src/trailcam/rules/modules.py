"""Executes the Python of rules, in a worker process, with the modules they may import.

A rule's module does not stay in `sys.modules`: two rules may have one name, and none can shadow a library.
What rules import is found in this order: modules already loaded, the pack's helpers, the compatibility
modules that Trailcam brings, the environment.
"""

import ast
import builtins
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from trailcam.model.rule import Pack, Rule
from trailcam.rules.settings import configured_source

COMPAT_FOLDER = Path(__file__).parent / "compat"

_EVERYBODYS = frozenset({*sys.stdlib_module_names, "trailcam"})
"""Modules that no rule may take from the others, and no helper may shadow."""


class MissingFunction(Exception):
    """The file of a rule was executed, and the function that decides is not there afterwards."""


class HelperFinder(MetaPathFinder):
    """Finds helper modules of packs, then compatibility modules; never shadows the standard library."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._files = {helper.id: helper.path for pack in packs for helper in pack.helper_modules}
        self._folders = [str(path) for pack in packs for path in pack.helper_paths]
        self.found: set[str] = set()
        """Top-level names that were found here."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a top-level module; a package's own modules are found in the ordinary way."""
        if path is not None or fullname in _EVERYBODYS:
            return None
        if fullname in self._files:
            spec = spec_from_file_location(fullname, self._files[fullname])
        else:
            spec = PathFinder.find_spec(fullname, [*self._folders, str(COMPAT_FOLDER)], target)
        if spec is None or spec.loader is None:  # a folder without `__init__.py` must not hide a library
            return None
        self.found.add(fullname)
        return spec


@contextmanager
def helpers(packs: Sequence[Pack]) -> Iterator[None]:
    """While this is open, the helper modules of these packs can be imported; afterwards nothing is left."""
    finder = HelperFinder(packs)
    path, loaded = list(sys.path), set(sys.modules)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        with suppress(ValueError):  # a rule has removed it
            sys.meta_path.remove(finder)
        sys.path[:] = path
        for name in set(sys.modules) - loaded:
            if name.partition(".")[0] in finder.found:
                del sys.modules[name]


def execute(rule: Rule) -> ModuleType:
    """The module of a rule, freshly executed.

    Raises:
        MissingFunction: it does not define what decides.
        BaseException: whatever the top level of the rule's file raises.
    """
    module = execute_source(rule.id, configured_source(rule), rule.path)
    if not hasattr(module, rule.kind.matcher):
        raise MissingFunction(f"it defines no `{rule.kind.call}`")
    return module


def execute_filters(rule: Rule) -> ModuleType | None:
    """The module of a rule's filters, freshly executed; None where it has none.

    Raises:
        BaseException: whatever its top level raises.
    """
    if not rule.filters:
        return None
    return execute_source(f"{rule.id} (filters)", rule.filters, rule.metadata_path)


def execute_source(name: str, source: str | ast.Module, path: Path) -> ModuleType:
    """A module of this name, freshly executed from source that lies at `path`.

    Raises:
        BaseException: whatever its top level raises.
    """
    module = ModuleType(name)
    module.__file__ = str(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a rule's pattern is its author's business
        code = compile(source, str(path), "exec", dont_inherit=True)
    _run_top_level(code, module)
    return module


def _run_top_level(code: CodeType, module: ModuleType) -> None:
    """Executes code as a module; builtins and modules that are everybody's are afterwards as they were.

    Meanwhile the module is in `sys.modules`, where `dataclasses` looks for the module of a class; unless an
    import could mean its name, and would find it there.
    """
    restore_builtins, kept, loaded = vars(builtins).update, dict(vars(builtins)), dict(sys.modules)
    name = module.__name__
    if not _could_be_imported(name):
        sys.modules[name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102  # the user's own rules are trusted code; workers contain them
    finally:
        restore_builtins(kept)  # first: what comes below may need any of them
        if sys.modules.get(name) is module:
            del sys.modules[name]
        for other, was in loaded.items():
            if sys.modules.get(other) is not was and other.partition(".")[0] in _EVERYBODYS:
                sys.modules[other] = was


def _could_be_imported(name: str) -> bool:
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    top = name.partition(".")[0]
    return name in sys.modules or top in sys.modules or find_spec(top) is not None
