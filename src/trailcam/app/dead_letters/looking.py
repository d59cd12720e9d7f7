"""Lists dead letters, and finds one by its id."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailcam.app.home import Home
from trailcam.errors import ERRORS, Problem, TrailcamError, code, nearest
from trailcam.query.letters import Counted, KeptLetter, Letters, Wanted, open_letters

_MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Some dead letters, the newest first, and how many there are of their kind, by reason and source."""

    letters: Sequence[KeptLetter]
    counts: Sequence[Counted]

    @property
    def all(self) -> int:
        """How many there are."""
        return sum(each.letters for each in self.counts)


def list_letters(home: Home, wanted: Wanted, *, most: int | None = None) -> Listed:
    """The dead letters that stand and fit, without their bytes; `most` of them, 0 for their counts alone.

    Raises:
        WorldError: TC0108 a file of the lake is missing or damaged.
    """
    with open_letters(home.database, warehouse=home.iceberg.warehouse, scratch=home.scratch) as letters:
        return Listed(letters=list(letters.listed(wanted, most=most)), counts=letters.counted(wanted))


def show_letter(home: Home, name: str) -> KeptLetter:
    """The dead letter with this id, or with the only id that begins so, with its bytes.

    Raises:
        TrailcamError: TC0614 there is none, or several.
        WorldError: TC0108 a file of the lake is missing or damaged.
    """
    with open_letters(home.database, warehouse=home.iceberg.warehouse, scratch=home.scratch) as letters:
        return one(letters, name)


def one(letters: Letters, name: str) -> KeptLetter:
    """The only dead letter whose id begins so.

    Raises:
        TrailcamError: TC0614 there is none, or several.
    """
    found = letters.begins(name, most=_MOST_CANDIDATES + 1) if name else []
    ids = list(dict.fromkeys(it.id for it in found))
    if not ids:
        message = f'no id of a dead letter that stands is "{name}" or begins so'
        raise TrailcamError(Problem(code=code("no_such_letter"), message=message))
    if len(ids) > 1:
        more = " and more" if len(ids) > _MOST_CANDIDATES else ""
        message = f'several ids of dead letters begin with "{name}"'
        hint = f"name one of {', '.join(ids[:_MOST_CANDIDATES])}{more}"
        raise TrailcamError(Problem(code=code("no_such_letter"), message=message, hint=hint))
    return found[0]


def reason_code(text: str) -> str:
    """The code of a reason that was given by its code or its name.

    Raises:
        TrailcamError: TC0104 no dead letter can have such a reason.
    """
    names = {entry.name: entry.code for entry in ERRORS.values() if is_reason(entry.code)}
    if text.upper() in names.values():
        return text.upper()
    if text in names:
        return names[text]
    message = f'"{text}" is no reason of a dead letter'
    hint = nearest(text, [*names, *names.values()]) or "such as TC0412 or log_type_unknown"
    raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))


def is_reason(written: str) -> bool:
    """Whether a code of the error table can be the reason of a dead letter."""
    return written.startswith("TC04") or written == code("worker_lost")
