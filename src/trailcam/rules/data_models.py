"""Data models, executed in a worker process: what `event.udm` asks."""

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from trailcam.model.data_model import DataModel
from trailcam.model.event import ImmutableCaseInsensitiveDict, wrap
from trailcam.rules import json_path
from trailcam.rules.modules import execute_source


class SeveralMatches(Exception):
    """The path of a unified name leads to more than one place of an event."""


class UnifiedNames:
    """The unified names of one data model; see `trailcam.model.event.UnifiedNames`."""

    def __init__(self, model: DataModel, module: ModuleType | None) -> None:
        self._id = model.id
        self._paths = {it.name: it.path for it in model.mappings if it.path}
        self._method_names = {it.name: it.method for it in model.mappings if it.method}
        self._finders = {name: json_path.compiled(path) for name, path in self._paths.items()}
        self._methods: dict[str, Callable[[Any], Any]] = {
            name: getattr(module, method) for name, method in self._method_names.items()
        }

    def maps(self, name: str) -> bool:
        """Whether `name` is mapped."""
        return name in self._methods or name in self._finders

    def path(self, name: str, event: Mapping[str, Any]) -> str | None:
        """Where in the event a mapped `name` leads, or its method's name; None when nowhere.

        Raises:
            SeveralMatches: it leads to several places.
        """
        found = self._found(name, event)
        return found[0] if found else self._method_names.get(name)

    def resolve(self, name: str, event: Mapping[str, Any], default: Any) -> Any:
        """The value of a mapped `name`, a null too; `default` when its path leads nowhere.

        Of a name that is mapped twice, the last path is asked, then the last method. A method gets the event
        without the methods that only whole events have.

        Raises:
            SeveralMatches: the path leads to several places.
            BaseException: whatever the method raises.
        """
        found = self._found(name, event)
        if found:
            return wrap(found[1])
        method = self._methods.get(name)
        return default if method is None else method(ImmutableCaseInsensitiveDict(event))

    def _found(self, name: str, event: Mapping[str, Any]) -> tuple[str, Any] | None:
        finder = self._finders.get(name)
        found = finder(event) if finder else []
        if len(found) > 1:
            raise SeveralMatches(
                f"JSONPath [{self._paths[name]}] in DataModel [{self._id}], matched multiple fields."
            )
        return found[0] if found else None


def executed(model: DataModel) -> UnifiedNames:
    """The names of a model, whose file is executed.

    Raises:
        BaseException: whatever the top level of its file raises; a method that is not there.
    """
    module = execute_source(model.id, model.body, model.path) if model.body else None
    return UnifiedNames(model, module)


def by_log_type(models: Iterable[tuple[DataModel, UnifiedNames]]) -> Mapping[str, UnifiedNames]:
    """Log type to the names that speak for it; models that are switched off speak for none."""
    return {log_type: names for model, names in models if model.enabled for log_type in model.log_types}
