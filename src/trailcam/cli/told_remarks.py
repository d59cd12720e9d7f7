"""What rules say that cannot mean what it seems to, on stderr; it is no error."""

from collections.abc import Iterable

from trailcam.cli.output import say
from trailcam.errors import Problem

_MOST_TOLD = 5


def tell_remarks(remarks: Iterable[Problem]) -> None:
    """A line for each of the first remarks, and how many more there are."""
    every = tuple(remarks)
    for problem in every[:_MOST_TOLD]:
        say(problem.remark())
    if len(every) > _MOST_TOLD:
        say(f"  and {len(every) - _MOST_TOLD:,} more remarks: trailcam test --format json has all of them")
