"""Makes the folder of a project."""

import os
import re
import shlex
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from trailcam.app.new import Written, file_name, refused, write_files
from trailcam.app.project import example, pipelines, places, readme
from trailcam.app.project.named import RULES, Project
from trailcam.errors import Problem, TrailcamError, WorldError, code

_NAME = re.compile(r"[^\W_][\w .-]{0,63}(?<! )")
_WORD = re.compile(r"[^\W_]+")


def new_project(name: str, *, folder: Path) -> Written:
    """A repository `folder/name`: a rule with its tests, settings, pipelines and a page.

    The folder may be there, as long as nothing lies in it but a `.git`.

    Raises:
        TrailcamError: TC0104 the name is none, TC0107 something lies in the folder.
        WorldError: TC0106, TC0108 the folder cannot be looked into.
    """
    project = named(name, folder=folder)
    home = folder / project.name
    _check_empty(home)
    written = write_files(home, texts(project))
    here = shlex.quote(str(home))
    return Written(
        files=written,
        next_steps=(
            f"what to do first is told in {shlex.quote(str(home / 'README.md'))}",
            f"go there: cd {here}",
            f"see the tests of its rule pass: trailcam test {RULES}",
            "run it over a simulated day: trailcam simulate simulated && trailcam run simulated/AWSLogs",
        ),
    )


def named(name: str, *, folder: Path) -> Project:
    """What is called after a project. A slash behind the name, as shells complete it, is none of it.

    Raises:
        TrailcamError: TC0104.
    """
    name = name.rstrip("/")
    if "/" in name:
        parent, _, last = name.rpartition("/")
        place = str(folder / (parent or "/"))
        raise refused(
            f"the name of a project is that of its folder, without a path; found {name!r}",
            hint=f"say {shlex.join(['trailcam', 'new', 'project', last, '--folder', place])}",
        )
    stem = file_name(unicodedata.normalize("NFKC", name))
    helper = f"callers_of_{stem}"
    if not _NAME.fullmatch(name) or not helper.isidentifier():
        message = (
            "a project is named by letters, digits, blanks and _ . - (64 at most, a letter or digit first)"
        )
        raise refused(f"{message}; found {name!r}", hint="for example: trailcam new project our-detections")
    prefix = "".join(word[0].upper() + word[1:] for word in _WORD.findall(name))
    return Project(name=name, rule_id=f"{prefix}.AccessKeyMade", helper=helper)


def texts(project: Project) -> Mapping[str, str]:
    """All files of a project, path to text, in the order in which they are told."""
    return {
        **readme.files(project),
        **example.files(project),
        **places.files(project),
        **pipelines.files(project),
    }


def _check_empty(home: Path) -> None:
    """Refuses a folder in which something lies; an empty repository is welcome, as code hosts make them."""
    try:
        inside = set(os.listdir(home)) if home.is_dir() else None  # noqa: PTH208  # names, and no paths of them
    except OSError as error:
        message = f"cannot look into the folder: {error.strerror}"
        raise WorldError(Problem(code=code("world_refused"), message=message, path=home)) from None
    if inside is None and not os.path.lexists(home):
        return
    if inside is None or inside - {".git"}:
        message = "the folder is there, and not empty" if inside else "it is there, and no folder"
        hint = "choose another name, or another --folder; nothing was written"
        raise TrailcamError(Problem(code=code("already_there"), message=message, path=home, hint=hint))
