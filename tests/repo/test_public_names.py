"""The public names: what code outside of Trailcam may lean on. They change only on purpose.

`pytest tests/repo --update-golden` writes them anew; the diff is a change for others, so it goes into
CHANGELOG.md.
"""

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import trailcam
from trailcam import contracts, registry

GOLDEN = Path(__file__).parent / "public_names.txt"


def names_of(module: ModuleType) -> list[str]:
    """The public names that a module defines itself."""
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and getattr(value, "__module__", module.__name__) == module.__name__
    )


def members_of(value: object) -> list[str]:
    return sorted(
        name for name in {*getattr(value, "__annotations__", {}), *vars(value)} if not name.startswith("_")
    )


def public_names() -> list[str]:
    """Everything that a component of another distribution imports, a name a line."""
    lines = [f"trailcam.{name}" for name in ["__version__", *names_of(trailcam)]]
    for found in pkgutil.iter_modules(contracts.__path__):
        module = import_module(f"{contracts.__name__}.{found.name}")
        for name in names_of(module):
            lines.append(f"{module.__name__}.{name}")
            value = getattr(module, name)
            if inspect.isclass(value):
                lines += [f"{module.__name__}.{name}.{member}" for member in members_of(value)]
    return lines + [f"entry point trailcam.{kind}" for kind in registry.kinds()]


def test_the_public_names_are_those_written_down(update_golden: bool) -> None:
    written = "\n".join(public_names()) + "\n"
    if update_golden:
        GOLDEN.write_text(written, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == written


def test_importing_trailcam_brings_its_version_and_nothing_to_lean_on_by_accident() -> None:
    assert names_of(trailcam) == []
