"""What tests of the simulator read out of a folder: bytes, records, a digest of all of it."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def unpacked(folder: Path) -> dict[str, bytes]:
    """What each file holds, by its path in the folder, sorted."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return found


def digest(folder: Path) -> str:
    """One digest over all names and what the files hold; how zlib packs does not count."""
    whole = hashlib.sha256()
    for name, raw in unpacked(folder).items():
        whole.update(f"{name} {len(raw)}\n".encode())
        whole.update(raw)
    return whole.hexdigest()


def trails(folder: Path) -> dict[str, list[bytes]]:
    """The records of each CloudTrail file, byte for byte, in their order."""
    return {name: raws_of(raw) for name, raw in unpacked(folder).items() if "/CloudTrail/" in name}


def raws_of(file: bytes) -> list[bytes]:
    """The bytes of each record of a file."""
    text = file.decode()
    head = '{"Records":['
    assert text.startswith(head)
    decoder, at, found = json.JSONDecoder(), len(head), []
    while True:
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end].encode())
        if text[end] == "]":
            return found
        at = end + 1


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Every CloudTrail record, copies too."""
    for raws in trails(folder).values():
        yield from map(json.loads, raws)
