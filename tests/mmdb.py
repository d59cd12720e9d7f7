"""Writes databases in MaxMind's form: enough of it for tests to have their own.

Source: https://maxmind.github.io/MaxMind-DB/ (read 2026-11-24); records of 24 bits, IPv4 or IPv6.
"""

import ipaddress
import struct
from collections.abc import Mapping
from typing import Any

_MARK = b"\xab\xcd\xefMaxMind.com"


def database(rows: Mapping[str, Any], *, version: int = 6) -> bytes:
    """Networks to their rows; networks of IPv4 lie where IPv6 has them."""
    tree: list[list[Any]] = [[None, None]]
    for written, row in rows.items():
        network = ipaddress.ip_network(written)
        bits, length = int(network.network_address), network.prefixlen
        width = 128 if version == 6 else 32
        if network.version == 4 and version == 6:
            length += 96
        node = 0
        for depth in range(length):
            bit = bits >> (width - 1 - depth) & 1
            if depth == length - 1:
                tree[node][bit] = _Row(row)
            else:
                if tree[node][bit] is None:
                    tree.append([None, None])
                    tree[node][bit] = len(tree) - 1
                node = tree[node][bit]
    data = b""
    numbers = []
    for node_pair in tree:
        pair = []
        for record in node_pair:
            if record is None:
                pair.append(len(tree))
            elif isinstance(record, _Row):
                pair.append(len(tree) + 16 + len(data))
                data += _written(record.value)
            else:
                pair.append(record)
        numbers.append(pair)
    nodes = b"".join(number.to_bytes(3, "big") for pair in numbers for number in pair)
    about = {
        "binary_format_major_version": _Small(2),
        "binary_format_minor_version": _Small(0),
        "build_epoch": _Large(1_700_000_000),
        "database_type": "Example",
        "description": {"en": "Example"},
        "ip_version": _Small(version),
        "languages": ["en"],
        "node_count": _Middle(len(tree)),
        "record_size": _Small(24),
    }
    return nodes + bytes(16) + data + _MARK + _written(about)


class _Row:
    def __init__(self, value: Any) -> None:
        self.value = value


class _Small(int):
    """Of 16 bits."""


class _Middle(int):
    """Of 32 bits."""


class _Large(int):
    """Of 64 bits."""


def _control(kind: int, size: int) -> bytes:
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([first, kind - 7]) + more if kind > 7 else bytes([kind << 5 | first]) + more


def _written(value: Any) -> bytes:
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, str):
        return _control(2, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return _control(4, len(value)) + value
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        kind = 5 if isinstance(value, _Small) else 9 if isinstance(value, _Large) else 6
        size = (value.bit_length() + 7) // 8
        return _control(kind, size) + int(value).to_bytes(size, "big")
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_written, value))
    return _control(7, len(value)) + b"".join(_written(part) for pair in value.items() for part in pair)
