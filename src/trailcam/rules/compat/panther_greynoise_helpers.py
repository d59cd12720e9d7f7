"""What GreyNoise says of the addresses in an event: who scans the internet, and which services are common.

`GetGreyNoiseObject(event)` tells of scanners ("noise"), `GetGreyNoiseRiotObject(event)` of services ("riot").
Methods take the name of an event field, as lookup tables have it for a selector, and find the answers under
`p_enrichment`: in the tables `greynoise_noise_advanced` and `_basic`, `greynoise_riot_advanced` and `_basic`,
else in the first table whose name ends in `_noise`, with answers of GreyNoise's API of version 3.

Nothing raises. Without an answer a text is None, a truth value False, a list empty; so it is where the field
or the limit is of another type than it should be. Where a field has several answers a method gives the list
of their values; those that give lists give one list of all.

Tables in CSV hold texts alone: "true" and "false" are truth values in any case, and a list is a JSON list or
words between commas. What lies in an object, such as `metadata`, is in none of their columns.
Source: GreyNoise's API reference, https://docs.greynoise.io/reference (stored answers, read 2026-11-24).
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

_SCANNER, _SERVICE = "internet_scanner_intelligence", "business_service_intelligence"
_PAGE = "https://viz.greynoise.io/ip/"
_WORDS = {"true": True, "false": False}

Row = Mapping[str, Any]


class _Answers(ABC):
    """Rows of the second version of the API by field, whichever version they come from."""

    _KIND = ""
    _PART = ""

    def __init__(self, event: Any) -> None:
        self._event = event
        self._tables = _plain(event.get("p_enrichment") if isinstance(event, Mapping) else None)

    def subscription_level(self) -> str:
        """`advanced` or `basic`: which of the two data sets the event was looked up in."""
        if isinstance(self._tables.get(f"greynoise_{self._KIND}_advanced"), dict) or self._third():
            return "advanced"
        return "basic"

    def ip_address(self, match_field: str) -> Any:
        """The address that was found."""
        return self._text(match_field, _address)

    def url(self, match_field: str) -> Any:
        """GreyNoise's page about the address."""
        return self._text(match_field, _page)

    def _rows(self, field: Any) -> list[Row]:
        if not isinstance(field, str):  # what `event.udm_path()` gives may be None
            return []
        for level in ("advanced", "basic"):
            rows = list(_rows(_under(self._tables.get(f"greynoise_{self._KIND}_{level}"), field)))
            if rows:
                return rows
        table = self._third()
        rows = list(_rows(_under(table, field)))
        if not rows:  # the key may be the address itself
            for value in _values(_plain(self._event), field.split(".")):
                rows += _rows(table.get(value))
        return [self._as_second(row) for row in rows if _found(row.get(self._PART))]

    def _third(self) -> Mapping[str, Any]:
        """The first table with answers of the third version."""
        for name, table in self._tables.items():
            rows = table.values() if str(name).endswith("_noise") and isinstance(table, dict) else ()
            if any(_SCANNER in row for matches in rows for row in _rows(matches)):
                found: Mapping[str, Any] = table
                return found
        return {}

    @abstractmethod
    def _as_second(self, row: Row) -> Row:
        """A row of the third version of the API as the second has it."""

    def _text(self, field: str, read: Callable[[Row], Any]) -> Any:
        """A value, the list of them where there are several answers, None where there is none."""
        rows = self._rows(field)
        values = [value for value in map(read, rows) if value is not None]
        if not values:
            return None
        return values if len(rows) > 1 else values[0]

    def _truth(self, field: str, read: Callable[[Row], Any]) -> Any:
        values = [_truth(read(row)) is True for row in self._rows(field)]
        return values if len(values) > 1 else bool(values and values[0])

    def _list(self, field: str, read: Callable[[Row], Iterable[str]]) -> list[str]:
        return list(dict.fromkeys(item for row in self._rows(field) for item in read(row)))


class _Noise(_Answers):
    """Who scans the internet."""

    _KIND = "noise"
    _PART = _SCANNER

    def actor(self, match_field: str) -> Any:
        """Who is known to be behind the address."""
        return self._text(match_field, _named("actor"))

    def classification(self, match_field: str) -> Any:
        """`benign`, `unknown` or `malicious`, and words that GreyNoise adds."""
        return self._text(match_field, _named("classification"))

    def is_bot(self, match_field: str) -> Any:
        """Whether it is known to be a bot."""
        return self._truth(match_field, lambda row: row.get("bot"))

    def cve_list(self, match_field: str) -> list[str]:
        """The CVEs that it was seen to try."""
        return self._list(match_field, lambda row: _texts(row.get("cve")))

    def cve_string(self, match_field: str, limit: int = 10) -> str | None:
        """The first `limit` of them in one text."""
        return _joined(self.cve_list(match_field), limit)

    def first_seen(self, match_field: str) -> Any:
        """The date on which it was first seen."""
        return self._text(match_field, lambda row: _date(row.get("first_seen")))

    def last_seen(self, match_field: str) -> Any:
        """The date on which it was last seen."""
        return self._text(match_field, lambda row: _date(row.get("last_seen")))

    def asn(self, match_field: str) -> Any:
        """Its autonomous system, such as `AS64496`."""
        return self._about(match_field, "asn")

    def category(self, match_field: str) -> Any:
        """The kind of its network, such as `hosting`."""
        return self._about(match_field, "category")

    def city(self, match_field: str) -> Any:
        """Where it is."""
        return self._about(match_field, "city")

    def country(self, match_field: str) -> Any:
        """Where it is."""
        return self._about(match_field, "country")

    def country_code(self, match_field: str) -> Any:
        """Where it is, in two letters."""
        return self._about(match_field, "country_code")

    def organization(self, match_field: str) -> Any:
        """Whom its network belongs to."""
        return self._about(match_field, "organization")

    def operating_system(self, match_field: str) -> Any:
        """What it seems to run."""
        return self._about(match_field, "os")

    def region(self, match_field: str) -> Any:
        """Where it is."""
        return self._about(match_field, "region")

    def is_tor(self, match_field: str) -> Any:
        """Whether it is an exit of the Tor network."""
        return self._truth(match_field, lambda row: _part(row, "metadata").get("tor"))

    def tags_list(self, match_field: str) -> list[str]:
        """What it was seen to do, by the names of GreyNoise's tags."""
        return self._list(match_field, lambda row: _texts(row.get("tags")))

    def tags_string(self, match_field: str, limit: int = 10) -> str | None:
        """The first `limit` of them in one text."""
        return _joined(self.tags_list(match_field), limit)

    def is_vpn(self, match_field: str) -> Any:
        """Whether it belongs to a VPN."""
        return self._truth(match_field, lambda row: row.get("vpn"))

    def vpn_service(self, match_field: str) -> Any:
        """The name of that VPN."""
        return self._text(match_field, _named("vpn_service"))

    def _about(self, field: str, name: str) -> Any:
        return self._text(field, lambda row: _named(name)(_part(row, "metadata")))

    def _as_second(self, row: Row) -> Row:
        scanner = _part(row, _SCANNER)
        about = _part(scanner, "metadata")
        return {
            **scanner,
            "ip": _address(row),
            "cve": scanner.get("cves"),
            "last_seen": scanner.get("last_seen") or scanner.get("last_seen_timestamp"),
            "metadata": {
                **about,
                "city": about.get("source_city"),
                "country": about.get("source_country"),
                "country_code": about.get("source_country_code"),
                "tor": scanner.get("tor"),
            },
        }


class _Riot(_Answers):
    """Which services are common in business."""

    _KIND = "riot"
    _PART = _SERVICE

    def is_riot(self, match_field: str) -> Any:
        """Whether it belongs to a common service."""
        return self._truth(match_field, lambda row: row.get("riot", True))

    def name(self, match_field: str) -> Any:
        """The name of the service."""
        return self._text(match_field, _named("name"))

    def last_updated(self, match_field: str) -> Any:
        """The date on which GreyNoise last looked at it."""
        return self._text(match_field, lambda row: _date(row.get("last_updated")))

    def description(self, match_field: str) -> Any:
        """What the service is."""
        return self._text(match_field, _named("description"))

    def explanation(self, match_field: str) -> Any:
        """Why it is seen often."""
        return self._text(match_field, _named("explanation"))

    def reference(self, match_field: str) -> Any:
        """A page about the service."""
        return self._text(match_field, _named("reference"))

    def trust_level(self, match_field: str) -> Any:
        """How far it can be trusted, 1 is most."""
        return self._text(match_field, lambda row: _whole(row.get("trust_level")))

    def _as_second(self, row: Row) -> Row:
        return {**_part(row, _SERVICE), "ip": _address(row)}


def GetGreyNoiseObject(event: Any) -> _Noise:  # noqa: N802  # the name that rules import
    """What is said of scanners; see the module."""
    return _Noise(event)


def GetGreyNoiseRiotObject(event: Any) -> _Riot:  # noqa: N802  # the name that rules import
    """What is said of services; see the module."""
    return _Riot(event)


def _plain(value: Any) -> dict[str, Any]:
    """A mapping in plain dicts and lists; empty for what is none."""
    made = value.to_dict() if hasattr(value, "to_dict") else value
    return dict(made) if isinstance(made, Mapping) else {}


def _under(table: Any, field: str) -> Any:
    """What stands under a field, which rules may write in another case than the selector is declared."""
    if not isinstance(table, dict):
        return None
    if field in table:
        return table[field]
    return next((rows for name, rows in table.items() if str(name).lower() == field.lower()), None)


def _rows(matches: Any) -> Iterator[Row]:
    for row in matches if isinstance(matches, list) else [matches]:
        if isinstance(row, dict):
            yield row


def _values(node: Any, steps: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _values(item, steps)
    elif not steps and isinstance(node, str):
        yield node
    elif steps and isinstance(node, dict):
        yield from _values(_under(node, steps[0]), steps[1:])


def _found(part: Any) -> bool:
    return isinstance(part, dict) and _truth(part.get("found")) is not False


def _part(row: Row, name: str) -> dict[str, Any]:
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def _named(name: str) -> Callable[[Row], Any]:
    """Reads a text; an empty one says nothing."""

    def read(row: Row) -> Any:
        value = row.get(name)
        return value if isinstance(value, str) and value else None

    return read


def _address(row: Row) -> Any:
    return _named("ip")(row) or _named("p_match")(row)


def _page(row: Row) -> Any:
    address = _address(row)
    return _named("link")(row) or (f"{_PAGE}{address}" if address else None)


def _texts(items: Any) -> Iterator[str]:
    """Texts of a list, or the names of its objects."""
    made = _split(items) if isinstance(items, str) else items
    for item in made if isinstance(made, list) else ():
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, str) and name:
            yield name


def _split(text: str) -> list[Any]:
    """The list that a text stands for."""
    try:
        made = json.loads(text)
    except (ValueError, RecursionError):
        made = None
    return made if isinstance(made, list) else [word.strip() for word in text.split(",")]


def _joined(items: list[str], limit: Any) -> str | None:
    return (", ".join(items[:limit]) if isinstance(limit, int | None) else "") or None


def _truth(value: Any) -> Any:
    """The truth value that a text stands for; anything else as it is."""
    return _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
