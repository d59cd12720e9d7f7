"""The folder that is written to: empty, or with nothing in it but an earlier simulation."""

import os
import re
from pathlib import Path

from trailcam.errors import Problem, TrailcamError, code
from trailcam.testing.organisation import ACCOUNTS

_ACCOUNT = "|".join(ACCOUNTS)
_DAY = r"[a-z0-9-]+/\d{4}/\d\d/\d\d"
_NAME = r"[a-z0-9-]+_\d{8}T\d{4}Z_\w{16}\.json\.gz"
_OURS = re.compile(
    rf"""
    stories\.json
    | intel/greynoise\.jsonl
    | AWSLogs/({_ACCOUNT})/CloudTrail/{_DAY}/\1_CloudTrail_{_NAME}
    | AWSLogs/({_ACCOUNT})/GuardDuty/{_DAY}/[0-9a-f-]{{36}}\.jsonl\.gz
    """,
    re.VERBOSE,
)


def clear(folder: Path, *, force: bool) -> None:
    """Makes the folder, and with `force` takes an earlier simulation out of it.

    What a simulation wrote is known by its names, so that one that was cut short is known too.

    Raises:
        TrailcamError: TC0901 the folder holds other things, or is none; TC0902 it holds a simulation.
    """
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise _in_use("what is there is not a folder", folder)
    found, folders = [], []
    for parent, names, files in os.walk(folder):
        here = Path(parent)
        folders += [here / name for name in names]
        found += [here / name for name in files] + [
            here / name for name in names if (here / name).is_symlink()
        ]
    for path in sorted(found):
        if path.is_symlink() or not _OURS.fullmatch(path.relative_to(folder).as_posix()):
            raise _in_use("the folder holds other things than a simulation", path)
    if found and not force:
        raise TrailcamError(
            Problem(
                code=code("simulated_before"),
                message=f"the folder holds an earlier simulation, of {len(found):,} files",
                path=folder,
            )
        )
    for path in found:
        path.unlink()
    for path in reversed(folders):  # the inner ones first
        path.rmdir()
    folder.mkdir(parents=True, exist_ok=True)


def _in_use(message: str, path: Path) -> TrailcamError:
    return TrailcamError(Problem(code=code("folder_in_use"), message=message, path=path))
