"""Reading values that lie deep in an event, a part of one, or plain dictionaries and lists."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def deep_get(dictionary: Any, *keys: Any, default: Any = None) -> Any:
    """The value at the end of the path of keys; `default` where a key is absent, a value null or no mapping.

    Lists are not entered. Falsy values other than None are values. Where the path breaks, the remaining keys
    are looked up in `default`, should that be a mapping.

    >>> deep_get({"requestParameters": {"bucketName": "b"}}, "requestParameters", "bucketName")
    'b'
    """
    found = dictionary
    for key in keys:
        level: Mapping[Any, Any] = found if isinstance(found, Mapping) else {}
        found = level.get(key, default)
    return default if found is None else found


def deep_walk(obj: Any, *keys: str, default: Any = None, return_val: str = "all") -> Any:
    """The values at the ends of the path of keys, which enters lists on its way.

    A path through dictionaries alone gives the value as it lies there. Past a list it gives the distinct
    values in the order they are met, a list among them spread out: `return_val` says whether `first`, `last`
    or `all`, which is a list, or the value itself when there is one. An element of a list without the path
    counts as `default`, unless that is None. Nothing found, or nothing but empty lists: `default`.

    Raises:
        TypeError: a value past a list is a dictionary.
    """
    if not keys:
        return default if _holds_nothing(obj) else obj
    if isinstance(obj, Mapping):
        inner = obj.get(keys[0])
        return (
            default if inner is None else deep_walk(inner, *keys[1:], default=default, return_val=return_val)
        )
    if not _is_list(obj):
        return default
    each = (deep_walk(item, *keys, default=default, return_val=return_val) for item in obj)
    distinct = list(dict.fromkeys(value for found in each for value in _spread(found)))
    if not distinct:
        return default
    match return_val:
        case "first":
            return distinct[0]
        case "last":
            return distinct[-1]
        case "all":
            return distinct if len(distinct) > 1 else distinct[0]
        case _:
            return "all"  # what rules get for a misspelt return_val elsewhere


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _holds_nothing(value: Any) -> bool:
    return _is_list(value) and all(map(_holds_nothing, value))


def _spread(found: Any) -> Iterable[Any]:
    if found is None:
        return ()
    return found if _is_list(found) else (found,)
