"""The event as a rule sees it: read-only, case-insensitive, wrapped level by level.

The classes answer as Panther's do, names included, because rules print them into titles and dedup strings.
Wrapping is lazy: building an event copies one dict, and a nested value is wrapped when it is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final, Protocol, overload


class PantherError(Exception):
    """A rule asked the event for something that it cannot know."""


class UnifiedNames(Protocol):
    """What an event needs of a data model: the unified names of one log type."""

    def maps(self, name: str) -> bool:
        """Whether `name` is mapped."""

    def path(self, name: str, event: Mapping[str, Any]) -> str | None:
        """Where in the event a mapped `name` leads (`a.b.[0]`), else its method's name; None when nowhere."""

    def resolve(self, name: str, event: Mapping[str, Any], default: Any) -> Any:
        """The value of a mapped `name`, or `default` when nothing is found.

        `event` is in plain dicts and lists, which are not to be changed, and what comes of it is wrapped.
        """


LookupFunction = Callable[["PantherEvent", str, str], Any]
"""Event, table and key in, row out; None when the table has no such key."""


class ImmutableCaseInsensitiveDict(Mapping[str, Any]):
    """A read-only dict whose keys match in any case: the exact key first, else the first that matches.

    It lies over a shallow copy of `container`, which is a dict of parsed JSON or another wrapper.

    >>> ImmutableCaseInsensitiveDict({"Name": {"First": "Ann"}})["name"]
    ImmutableCaseInsensitiveDict({'First': 'Ann'})
    """

    __slots__ = ("_data",)

    def __init__(self, container: Mapping[str, Any]) -> None:
        if type(container) is not dict and isinstance(container, ImmutableCaseInsensitiveDict):
            container = container._data
        self._data: dict[str, Any] = dict(container)

    def __getitem__(self, key: str) -> Any:
        value = self._raw(key)
        if value is _MISSING:
            raise KeyError(key)
        return _wrap(value)

    def __contains__(self, key: object) -> bool:
        return self._raw(key) is not _MISSING

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._data!r})"

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, wrapped; `default`, as it is, when no key matches. A null value is a value."""
        value = self._raw(key)
        return default if value is _MISSING else _wrap(value)

    def deep_get(self, *keys: str, default: Any = None) -> Any:
        """The value at the end of a path of mappings; `default` when the path breaks or ends in null.

        Lists are not entered. 0, False and empty values are found values. Where the path breaks, the
        remaining keys are looked up in `default`, should that be a mapping which has them.
        """
        if not keys:
            return self
        node = self._raw(keys[0])
        for position, key in enumerate(keys[1:], start=1):
            if type(node) is dict:
                node = node[key] if key in node else _in_any_case(node, key)
            elif node is _MISSING:
                return _walk_default(default, keys[position:]) if default else default
            else:
                node = node.get(key, _MISSING) if _is_mapping(node) else _MISSING
        return default if node is None or node is _MISSING else _wrap(node)

    def to_dict(self) -> dict[str, Any]:
        """A deep copy in plain dicts and lists, free to change."""
        return {key: _thaw(value) for key, value in self._data.items()}

    def copy(self) -> dict[str, Any]:
        """The same as `to_dict`."""
        return self.to_dict()

    def raw_view(self) -> dict[str, Any]:
        """The data in plain dicts and lists, case-sensitive; a copy, so that no rule changes the event."""
        return self.to_dict()

    def _raw(self, key: Any) -> Any:
        data = self._data
        if key in data:
            return data[key]
        return self._other_case(key) if data else _MISSING

    def _other_case(self, key: Any) -> Any:
        return _in_any_case(self._data, key)


class ImmutableList(Sequence[Any]):
    """A read-only list: items are wrapped as they are read, a slice is a tuple of raw copies.

    >>> ImmutableList(["a", ["b"]])[1]
    ImmutableList(('b',))
    """

    __slots__ = ("_items",)
    __hash__ = None  # type: ignore[assignment]  # equal to lists, hence as unhashable as they are

    def __init__(self, container: Iterable[Any]) -> None:
        self._items = tuple(container)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return tuple(map(_thaw, self._items[index]))
        return _wrap(self._items[index])

    def __iter__(self) -> Iterator[Any]:
        return map(_wrap, self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ImmutableList):
            return self._items == other._items
        if isinstance(other, list | tuple):
            return self._items == tuple(other)
        return NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"

    def as_list(self) -> list[Any]:
        """A deep copy in plain dicts and lists, free to change."""
        return [_thaw(item) for item in self._items]

    def copy(self) -> list[Any]:
        """The same as `as_list`."""
        return self.as_list()


class PantherEvent(ImmutableCaseInsensitiveDict):
    """One event, with the methods that only the whole event has; nested dicts do not.

    The first key that is not there as asked builds a lower-cased map of all keys, which is kept: hundreds of
    rules ask one event.

    >>> PantherEvent({"userIdentity": {"type": "Root"}}).deep_get("useridentity", "Type")
    'Root'
    """

    __slots__ = ("_folded", "_lookup_function", "_model")

    def __init__(self, event: Mapping[str, Any], data_model: UnifiedNames | None = None) -> None:
        super().__init__(event)
        self._model = data_model
        self._folded: dict[str, str] | None = None
        self._lookup_function: LookupFunction | None = None

    def deep_walk(self, *keys: str, default: Any = None, return_val: str = "all") -> Any:
        """The distinct values at the end of a path that also enters lists; case-sensitive, not wrapped.

        Below a list, one value comes as itself and several as a list in first-seen order; `return_val` may
        ask for the `first` or the `last`, and any other word is answered with the word "all". Each element
        without the key adds `default`. A dict or list at the end is a copy.

        Raises:
            TypeError: a value below a list is a dict or a list of lists, which cannot be told apart by hash.
        """
        return _walk(self._data, keys, default, return_val)

    def udm(self, *keys: str, default: Any = None) -> Any:
        """A value by its unified name: the data model's answer when it maps the one key given.

        Else the core field `p_udm.<keys>`, else the event's own `<keys>`; either counts only when true.
        """
        if not keys:
            return default
        if self._model is not None and len(keys) == 1 and self._model.maps(keys[0]):
            return self._model.resolve(keys[0], self._data, default)
        return self.deep_get("p_udm", *keys) or self.deep_get(*keys) or default

    def udm_path(self, key: str) -> str | None:
        """Where in this event a unified name leads, as `client.ipAddress`, or the name of its method.

        None when it is not mapped, or leads nowhere in this event.

        Raises:
            PantherError: the event's log type has no data model.
        """
        if self._model is None:
            log_type = self._data.get("p_log_type")
            raise PantherError(f"a data model hasn't been specified for log type: {log_type}")
        return self._model.path(key, self._data) if self._model.maps(key) else None

    def lookup(self, lookup_name: str, lookup_key: str) -> Any:
        """The row of a lookup table: the engine's, else the one in the event's `_mocked_lookup_data_`."""
        if self._lookup_function is not None:
            return self._lookup_function(self, lookup_name, lookup_key)
        return self.deep_get("_mocked_lookup_data_", lookup_name, lookup_key)

    def event_time_epoch(self, force_utc: bool = True) -> int:
        """`p_event_time` in whole seconds since 1970; 0 when it is missing or cannot be parsed.

        With `force_utc` a time that names its own zone, such as `...Z`, cannot be parsed. No clock and no
        local zone are asked: a time without a known zone is UTC, one without a date is of 1970-01-01.
        """
        text = self.get("p_event_time")
        if not text or not isinstance(text, str):
            return 0
        from dateutil.parser import parse as parse_time  # noqa: PLC0415 - 50 ms, and few rules ask

        try:
            moment = parse_time(f"{text} UTC" if force_utc else text, default=_EPOCH, tzinfos=_zone)
            return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        except (ValueError, ArithmeticError):  # dateutil lets both through, on hostile text
            return 0

    @staticmethod
    def json_encoder(obj: Any) -> Any:
        """What `json.dumps(..., default=PantherEvent.json_encoder)` calls: takes the wrapping off, in a copy.

        Raises:
            TypeError: `obj` is neither JSON nor a wrapper.
        """
        if isinstance(obj, ImmutableCaseInsensitiveDict):
            return obj.to_dict()
        if isinstance(obj, ImmutableList):
            return obj.as_list()
        raise TypeError(f"object of type {type(obj)} is not JSON serializable")

    def _add_lookup_function(self, function: LookupFunction | None) -> None:
        self._lookup_function = function

    def _other_case(self, key: Any) -> Any:
        if self._folded is None:
            try:  # backwards, so that of keys which differ in case only the first stays
                self._folded = {stored.lower(): stored for stored in reversed(self._data)}
            except AttributeError:  # a key that is no text: what stands before it can still be found
                return super()._other_case(key)
        return self._data.get(self._folded.get(key.lower(), _MISSING), _MISSING)


Event = PantherEvent
"""Trailcam's own word for it."""


_MISSING: Final[Any] = object()
_ATOMS: Final = frozenset({str, int, float, bool, type(None)})
_JSON: Final = _ATOMS | {dict, list}
_EPOCH: Final = datetime(1970, 1, 1)


def _zone(_name: str | None, offset_seconds: int | None) -> int | None:
    return offset_seconds


def wrap(value: Any) -> Any:
    """A value of an event as rules see it: a dict or a list is wrapped, all others are themselves."""
    return _wrap(value)


def _wrap(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return ImmutableCaseInsensitiveDict(value)
    if kind is list:
        return ImmutableList(value)
    return value


def _unwrap(value: Any) -> Any:
    if type(value) not in _JSON:
        if isinstance(value, ImmutableCaseInsensitiveDict):
            return value._data
        if isinstance(value, ImmutableList):
            return list(value._items)
    return value


def _thaw(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {key: _thaw(item) for key, item in value.items()}
    if kind is list:
        return [_thaw(item) for item in value]
    if isinstance(value, ImmutableCaseInsensitiveDict | ImmutableList):
        return value.copy()
    return deepcopy(value)


def _in_any_case(data: Mapping[str, Any], key: str) -> Any:
    if data:
        lowered = key.lower()
        for stored in data:
            if stored.lower() == lowered:
                return data[stored]
    return _MISSING


def _walk_default(default: Any, keys: tuple[str, ...]) -> Any:
    node = default
    for key in keys:
        node = node.get(key, default) if _is_mapping(node) else default
    return default if node is None else node


def _walk(node: Any, keys: tuple[str, ...], default: Any, return_val: str) -> Any:
    node = _unwrap(node)
    if not keys:
        if node is None or _is_hollow(node):
            return default
        return _thaw(node)
    if _is_mapping(node):
        return _walk(node.get(keys[0], default), keys[1:], default, return_val)
    if not _is_list(node):
        return default
    found: dict[Any, None] = {}  # an ordered set
    for element in node:
        value = _walk(element, keys, default, return_val)
        if _is_list(value):
            found.update(dict.fromkeys(value))
        elif value is not None:
            found[value] = None
    if not found:
        return default
    values = list(found)
    if return_val == "all":
        return values if len(values) > 1 else values[0]
    return {"first": values[0], "last": values[-1]}.get(return_val, "all")


def _is_mapping(value: Any) -> bool:
    kind = type(value)
    return kind is dict or (kind not in _JSON and isinstance(value, Mapping))


def _is_list(value: Any) -> bool:
    kind = type(value)
    return kind is list or (kind not in _JSON and isinstance(value, Sequence) and not isinstance(value, str))


def _is_hollow(value: Any) -> bool:
    return _is_list(value) and all(map(_is_hollow, value))
