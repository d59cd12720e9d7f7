"""Dead letters as a file: one JSON object a line, with every byte that could not be read."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from trailcam.cli.output import to_json
from trailcam.errors import ERRORS, Problem, WorldError, code
from trailcam.model.deadletter import DeadLetter


@contextmanager
def letters_to(path: Path | None) -> Iterator[Callable[[DeadLetter], None]]:
    """What takes dead letters while this is open; without a path they go nowhere.

    Raises:
        WorldError: TC0106 the file cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    with _opened(path) as file:

        def write(letter: DeadLetter) -> None:
            try:
                print(to_json(row(letter)), file=file, flush=True)
            except OSError as error:
                raise _refused(path, error) from None

        yield write


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise _refused(path, error) from None


def _refused(path: Path, error: OSError) -> WorldError:
    message = f"cannot write dead letters: {error.strerror}"
    return WorldError(Problem(code=code("cannot_write"), message=message, path=path))


def row(letter: DeadLetter) -> dict[str, object]:
    """Fixed keys; `raw_base64` are the bytes as they lie in the unpacked file from `position` on."""
    return {
        "origin": letter.origin_name,
        "origin_id": letter.origin_id,
        "position": letter.position,
        "size_bytes": letter.size_bytes,
        "reason": letter.reason,
        "reason_name": ERRORS[letter.reason].name,
        "detail": letter.detail,
        "raw_base64": base64.b64encode(letter.raw).decode("ascii"),
    }
