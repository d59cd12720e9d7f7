"""What a rule remembers between events, as functions: the names and parameters that rules call.

The meaning lies in `trailcam.rules.keyvalue`; outside its `use` every function raises `StateUnavailable`.
`epoch_seconds` is seconds from now, or since the epoch from 1,000,000,000 on; without it, 90 days. What has
expired is still seen for a while, unless `force_ttl_check`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from trailcam.rules import keyvalue
from trailcam.rules.keyvalue import DEFAULT_TTL_SECONDS


def get_counter(key: str, force_ttl_check: bool = False) -> int | Decimal:
    """The count under `key`, 0 when there is none."""
    return keyvalue.current().counter(key, live_only=force_ttl_check)


def increment_counter(key: str, val: int = 1, epoch_seconds: Any = DEFAULT_TTL_SECONDS) -> int | Decimal:
    """Add `val`; the new count, or `val` when there was no count or it had expired."""
    return keyvalue.current().increment(key, val, ttl=epoch_seconds)


def reset_counter(key: str) -> None:
    """Set the count back to 0, leaving the expiry as it is."""
    keyvalue.current().clear_counter(key)


def set_key_expiration(key: str, epoch_seconds: Any) -> None:
    """Say when what lies under `key` expires, whatever kind it is."""
    keyvalue.current().set_expiry(key, epoch_seconds)


def get_string_set(key: str, force_ttl_check: bool = False) -> set[str]:
    """The strings under `key`, an empty set when there are none."""
    return keyvalue.current().strings(key, live_only=force_ttl_check)


def put_string_set(key: str, val: Iterable[str] | None, epoch_seconds: Any = None) -> None:
    """Keep exactly these strings, in place of all under `key`; no strings at all is `reset_string_set`."""
    keyvalue.current().put_strings(key, val, ttl=epoch_seconds)


def add_to_string_set(
    key: str, val: str | Iterable[str], epoch_seconds: Any = DEFAULT_TTL_SECONDS
) -> set[str]:
    """Add a string or several; the resulting set. With None the expiry stays as it is."""
    return keyvalue.current().add_strings(key, val, ttl=epoch_seconds)


def remove_from_string_set(
    key: str, val: str | Iterable[str], epoch_seconds: Any = DEFAULT_TTL_SECONDS
) -> set[str]:
    """Remove a string or several; the resulting set."""
    return keyvalue.current().remove_strings(key, val, ttl=epoch_seconds)


def reset_string_set(key: str) -> None:
    """Forget the strings, leaving the expiry as it is."""
    keyvalue.current().clear_strings(key)


def put_dictionary(key: str, val: Mapping[str, Any], epoch_seconds: Any = None) -> None:
    """Keep a dictionary that JSON can hold, in place of all that lies under `key`.

    Raises:
        TypeError: `val` is no mapping.
        ValueError: `val` holds what JSON cannot.
    """
    keyvalue.current().put_dictionary(key, val, ttl=epoch_seconds)


def get_dictionary(key: str, force_ttl_check: bool = False) -> dict[str, Any]:
    """The dictionary under `key`, an empty one when there is none."""
    return keyvalue.current().dictionary(key, live_only=force_ttl_check)


def evaluate_threshold(key: str, threshold: int = 10, expiry_seconds: Any = 3600) -> bool:
    """Count one; True at the threshold, and then the count starts again. Each call renews the expiry."""
    reached = increment_counter(key, epoch_seconds=expiry_seconds) >= threshold
    if reached:
        reset_counter(key)
    return reached


def check_account_age(key: Any) -> bool:
    """Whether a live string set lies under `key`, as a rule about new accounts leaves it."""
    return isinstance(key, str) and key != "" and bool(get_string_set(key, force_ttl_check=True))


def ttl_expired(response: Mapping[str, Any]) -> bool:
    """Whether the expiry of a response in DynamoDB's form, `{"Item": {"expiresAt": seconds}}`, has passed."""
    expires_at = response.get("Item", {}).get("expiresAt", 0)
    return keyvalue.current().has_passed(float(expires_at or 0))
