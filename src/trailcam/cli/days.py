"""Days as options name them."""

from datetime import date

from trailcam.errors import Problem, TrailcamError, code


def day(option: str, written: str | None) -> date | None:
    """The day that was given; None where none was.

    Raises:
        TrailcamError: TC0104 it is no day.
    """
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        message = f'{option} is a day such as 2026-03-01; found "{written}"'
        raise TrailcamError(Problem(code=code("bad_option"), message=message)) from None
