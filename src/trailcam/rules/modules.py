"""Executes the Python of rules, in a worker process, with the modules they may import.

A rule's module is not put into `sys.modules`: two rules may have one name, and none can shadow a library.
What rules import is found in this order: modules already loaded, the pack's helpers, the compatibility
modules that Trailcam brings, the environment.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from trailcam.model.rule import Pack, Rule

COMPAT_FOLDER = Path(__file__).parent / "compat"


class HelperFinder(MetaPathFinder):
    """Finds helper modules of packs, then compatibility modules; never shadows the standard library."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._files = {name: path for pack in packs for name, path in pack.helper_modules}
        self._folders = [str(path) for pack in packs for path in pack.helper_paths]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a top-level module; a package's own modules are found in the ordinary way."""
        if path is not None or fullname in sys.stdlib_module_names or fullname == "trailcam":
            return None
        if fullname in self._files:
            return spec_from_file_location(fullname, self._files[fullname])
        return PathFinder.find_spec(fullname, [*self._folders, str(COMPAT_FOLDER)], target)


@contextmanager
def helpers(packs: Sequence[Pack]) -> Iterator[None]:
    """While this is open, the helper modules of these packs can be imported; afterwards nothing is left."""
    finder = HelperFinder(packs)
    before = set(sys.modules)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            spec = getattr(sys.modules[name], "__spec__", None)
            top = name.partition(".")[0]
            if spec is not None and finder.find_spec(top, None) is not None:
                del sys.modules[name]


def execute(rule: Rule) -> ModuleType:
    """The module of a rule, freshly executed.

    Raises:
        BaseException: whatever the top level of the rule's file raises.
    """
    module = ModuleType(rule.id)
    module.__file__ = str(rule.path)
    code = compile(rule.body, str(rule.path), "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102  # the user's own rules are trusted code; workers contain them
    return module
