"""Writes every page into a folder: `python -m trailcam.app.reference docs/reference`."""

import sys
from pathlib import Path

from trailcam.app.reference import help_of_commands, pages


def main(folder: Path) -> None:
    """Writes every page into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(help_of_commands()).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
