"""How findings look: a line each, by the source they are of."""

import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trailcam.cli.output import printable

if TYPE_CHECKING:
    from trailcam.app.doctor import Examined

_GRADE_WIDTH = 9
_CHECK_WIDTH = 14
_LEAST_WIDTH = 40


def finding_rows(examined: "Examined") -> Iterator[dict[str, Any]]:
    """Findings with the fixed keys of `--format json`; `source` is null for the home."""
    for it in examined.findings:
        yield {
            "source": examined.name or None,
            "check": it.check,
            "grade": it.grade.name.lower(),
            "found": it.found,
            "cure": it.cure or None,
            "because": it.because or None,
        }


def print_examined(examined: "Examined") -> None:
    """The findings of the home, or of a source; what is to be done stands below."""
    from trailcam.contracts.source import Grade  # noqa: PLC0415  # only when it is used

    width = max(_LEAST_WIDTH, shutil.get_terminal_size().columns)
    print(f"source {examined.name}" if examined.name else "home")
    for it in examined.findings:
        grade = it.grade.name if it.grade is Grade.BROKEN else it.grade.name.lower()
        head = f"  {grade:<{_GRADE_WIDTH}}{it.check:<{_CHECK_WIDTH}}"
        for line in _wrapped(printable(it.found), width - len(head)):
            print(f"{head}{line}")
            head = " " * len(head)
        for number, line in enumerate(_wrapped(printable(it.cure), width - len(head) - 4)):
            print(f"{head}{'    ' if number else 'do: '}{line}")
    print()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 1), break_on_hyphens=False)
