"""The name under which rules written before 2024 import what lies in two modules now.

Those are `panther_base_helpers` and `panther_detection_helpers.caching`. What looked up scanned resources,
or the place of an address, under this name is not here.
"""

from panther_base_helpers import (  # type: ignore[import-not-found]  # importable where rules load
    EPOCH_REGEX,
    TIME_FORMATS,
    add_parse_delay,
    aws_strip_role_session_id,
    is_dmz_tags,
    is_ip_in_network,
    listify,
    nano_to_micro,
    pattern_match,
    pattern_match_list,
    resolve_timestamp_string,
    time_delta,
)
from panther_detection_helpers.caching import (  # type: ignore[import-not-found]  # importable where rules load
    add_to_string_set,
    check_account_age,
    evaluate_threshold,
    get_counter,
    get_dictionary,
    get_string_set,
    increment_counter,
    put_dictionary,
    put_string_set,
    remove_from_string_set,
    reset_counter,
    reset_string_set,
    set_key_expiration,
    ttl_expired,
)

__all__ = [
    "EPOCH_REGEX",
    "TIME_FORMATS",
    "add_parse_delay",
    "add_to_string_set",
    "aws_strip_role_session_id",
    "check_account_age",
    "check_new_user",
    "evaluate_threshold",
    "get_counter",
    "get_dictionary",
    "get_string_set",
    "increment_counter",
    "is_dmz_tags",
    "is_ip_in_network",
    "listify",
    "nano_to_micro",
    "pattern_match",
    "pattern_match_list",
    "put_dictionary",
    "put_string_set",
    "remove_from_string_set",
    "reset_counter",
    "reset_string_set",
    "resolve_timestamp_string",
    "set_counter_expiration",
    "set_key_expiration",
    "time_delta",
    "ttl_expired",
]

set_counter_expiration = set_key_expiration


def check_new_user(user_id: str) -> bool:
    """Whether something is remembered under the id of a user, as a rule about new users leaves it."""
    return bool(get_string_set(user_id))
