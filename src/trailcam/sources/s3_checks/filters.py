"""What the filters of a notification let through of what a source wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """What keys must begin and end with to be announced; empty for whatever."""

    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        words = [f"begin {self.prefix}"] if self.prefix else []
        words += [f"end {self.suffix}"] if self.suffix else []
        return " and ".join(words) or "are whatever"


def key_filter(configuration: dict[str, Any]) -> KeyFilter:
    """The filter of one configuration of a bucket's notification.

    Values may be encoded as those of a form are: `trailcam aws setup` writes them so, as the guide asks.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html, read
    2026-11-28.
    """
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    values = {str(rule.get("Name", "")).lower(): unquote_plus(str(rule.get("Value", ""))) for rule in rules}
    return KeyFilter(values.get("prefix", ""), values.get("suffix", ""))


@dataclass(frozen=True, slots=True)
class Passing:
    """What of the wanted prefixes is announced."""

    whole: tuple[str, ...]
    in_part: tuple[tuple[str, KeyFilter], ...]
    """Wanted prefixes of which only what a filter lets through is announced."""
    nothing: tuple[str, ...]


def passing(wanted: Sequence[str], filters: Sequence[KeyFilter]) -> Passing:
    """How filters and wanted prefixes meet; no prefix at all wants everything."""
    whole, in_part, nothing = [], [], []
    for prefix in wanted or ("",):
        meeting = [it for it in filters if prefix.startswith(it.prefix) or it.prefix.startswith(prefix)]
        if any(prefix.startswith(it.prefix) and not it.suffix for it in meeting):
            whole.append(prefix)
        elif meeting:
            in_part += [(prefix, it) for it in meeting]
        else:
            nothing.append(prefix)
    return Passing(tuple(whole), tuple(in_part), tuple(nothing))


def lets_through(key: str, filters: Sequence[KeyFilter]) -> bool:
    """Whether a new object of this key would be announced."""
    return any(key.startswith(it.prefix) and key.endswith(it.suffix) for it in filters)
