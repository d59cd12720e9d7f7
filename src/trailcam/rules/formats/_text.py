"""The text of a file, if it can be of a format at all: most files of a folder are told apart by one word."""

from pathlib import Path

from trailcam.yaml12 import read_bytes, read_text


def text_with(word: str, path: Path) -> str | None:
    """The text of a file that holds an ASCII word; None when it does not, whatever its encoding.

    Raises:
        TrailcamError: TC0214 cannot be read, or holds the word and is not UTF-8.
    """
    try:
        data = read_bytes(path)
    except OSError:
        return read_text(path)  # says what is wrong
    if any(word.encode(encoding) in data for encoding in ("ascii", "utf-16-le", "utf-16-be")):
        return read_text(path)
    return None
