"""Whether the copy that is kept of a lookup table is still what was kept."""

import hashlib
from pathlib import Path

from trailcam.errors import Problem, TrailcamError, WorldError, code


def digest_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fault(path: Path, digest: str) -> str:
    """What is wrong with the copy that was kept under a digest, in words; empty when nothing is."""
    try:
        return "" if digest_of(path) == digest else "its bytes are not those that were kept"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def damaged(path: Path) -> WorldError:
    """What is told where a copy is not as it was kept: TC0605."""
    message = "a version of a lookup table is not there as it was kept"
    hint = "`trailcam verify` tells all that is missing; bring the file back from a backup"
    return WorldError(Problem(code=code("state_damaged"), message=message, path=path, hint=hint))


def unreadable(named: Path | str, error: OSError) -> TrailcamError:
    """What is told of a file that the operating system does not give: TC0701."""
    message = f"the file of a lookup table cannot be read: {error.strerror}"
    return TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=named))
