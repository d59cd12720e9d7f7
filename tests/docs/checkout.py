"""A copy of the repository in which commands can be run as a reader of the documents would."""

import os
import shutil
import subprocess
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT, blocks

_END = "\x1e"


@dataclass(frozen=True)
class Step:
    """Words for a shell; `shown` is what a page shows below them, None where a file is written."""

    line: str
    shown: str | None


@dataclass(frozen=True)
class Ran:
    """What one step printed, words and data in the order in which they came, and its exit code."""

    output: str
    status: int


def files_of_the_project() -> list[Path]:
    """Every file that belongs to the project, committed or about to be, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return [Path(name) for name in names if (ROOT / name).is_file()]


def check_out(folder: Path, *, environment: bool = True) -> Path:
    """A copy of the project; with an environment it has a `.venv` that `make` takes for ready."""
    for name in files_of_the_project():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return with_environment(folder) if environment else folder


def with_environment(folder: Path) -> Path:
    """The folder, with the environment of this process as its `.venv`."""
    (folder / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".ready":
            (folder / ".venv" / entry.name).symlink_to(entry)
    (folder / ".venv" / ".ready").touch()
    return folder


def steps_of(text: str, *, folder: Path, left_out: Container[str] = ()) -> list[Step]:
    """What a reader of this text does in a folder, in order: runs commands, writes files.

    A file that lies in the folder already is not written but must be as the text shows it.
    """
    steps: list[Step] = []
    for block in blocks(text):
        if block.language == "console":
            commands = [command for command in block.commands if command.line not in left_out]
            steps += [Step(command.line, command.shown) for command in commands]
        elif block.file and (folder / block.file).exists():
            assert (folder / block.file).read_text(encoding="utf-8") == block.body, f"{block.file} differs"
        elif block.file:
            write = f"mkdir -p $(dirname {block.file}) && cat > {block.file} <<'EOF'"
            steps.append(Step(f"{write}\n{block.body}EOF", None))
    return steps


def run(folder: Path, steps: Sequence[str], *, seconds: float = 300) -> list[Ran]:
    """Runs shell commands one after another in one shell, as typed on a terminal of 80 columns."""
    script = "".join(
        f"{step}\n__status=$?; printf '{_END}%s{_END}' $__status; (exit $__status)\n" for step in steps
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "TRAILCAM", "MAKE", "MFLAGS", "VIRTUAL_ENV", "COV"))
    }
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,  # a step may fail; the page shows it
        cwd=folder,
        env=kept
        | {
            "PATH": f"{folder}/.venv/bin:{kept['PATH']}",
            "PYTHONPATH": f"{folder}/src",
            "COLUMNS": "80",
            "NO_COLOR": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    parts = done.stdout.split(_END)
    assert len(parts) == 2 * len(steps) + 1, f"the shell ended early:\n{done.stdout}"
    return [Ran(parts[2 * n], int(parts[2 * n + 1])) for n in range(len(steps))]
