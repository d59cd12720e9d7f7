"""What commands do with versions of the rules: check packs, and have a server reload them or go back."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ulid import ULID

from trailcam.app.deploy import record, running, snapshot, wishes
from trailcam.app.deploy.checking import Bad, Check, Checker, Question
from trailcam.app.deploy.deployments import Deployments
from trailcam.app.deploy.wishes import Answer, What
from trailcam.app.home import Home
from trailcam.app.live.health import with_health
from trailcam.errors import Problem, WorldError, code
from trailcam.model.timestamps import Micros
from trailcam.rules.remarks import remarks_on
from trailcam.settings.git_pack import GitPack
from trailcam.settings.schema import Settings

WAIT_SECONDS = 300.0
_PAUSE_SECONDS = 0.1

_OF_RULES = frozenset(code(name) for name in ("inline_test_failed", "check_ended", "pack_too_large"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is said of packs that nobody has switched to."""

    sources: tuple[str, ...]
    pack: str = ""
    rules: int = 0
    disabled: int = 0
    tests: int = 0
    problems: tuple[Problem, ...] = ()
    """Why they would be refused."""
    remarks: tuple[Problem, ...] = ()
    """What in the metadata of their rules cannot mean what it seems to."""


def check(
    settings: Settings,
    *,
    packs: Sequence[Path | GitPack] = (),
    log_types: Sequence[Path] = (),
    checker: Check | None = None,
    workers: int = 1,
) -> Checked:
    """Checks the packs of the settings, or those that are named, as a server would; nothing is switched.

    Raises:
        TrailcamError: they cannot be found, or the settings do not go with them.
        WorldError: a repository does not answer, no worker starts, a copy cannot be made.
    """
    settings = replace(settings, packs=tuple(packs) if packs else with_health(settings.packs))
    with _place(settings.home) as place:
        taken = snapshot.take(settings, home=place, snapshot_id=str(ULID()))
        try:
            answer = (checker or Checker()).check(
                Question(
                    settings=taken.settings(settings),
                    log_types=tuple(log_types),
                    others=bool(packs),
                    workers=workers,
                )
            )
        finally:
            snapshot.remove(place, taken.folder.name)
    if isinstance(answer, Bad):
        bad = replace(answer, problems=tuple(taken.told(answer.problems)))
        if not are_of_rules(bad.problems):
            raise bad.error()
        return Checked(sources=taken.sources, problems=bad.problems)
    return Checked(
        sources=taken.sources,
        pack=answer.pack,
        rules=len(answer.rules),
        disabled=len(answer.loaded.disabled),
        tests=answer.tests,
        remarks=tuple(taken.told(remarks_on(rule for pack in answer.loaded.packs for rule in pack.rules))),
    )


def are_of_rules(problems: Sequence[Problem]) -> bool:
    """Whether some of what is wrong lies in the rules, not in how they are named or what is around them."""
    return any(problem.code.startswith("TC02") or problem.code in _OF_RULES for problem in problems)


def ask(
    what: What,
    read: Callable[[], Settings],
    home: Home,
    *,
    deployed_id: str = "",
    log_types: Sequence[Path] = (),
    seconds: float = WAIT_SECONDS,
    is_running: Callable[[Home], bool] = running.is_running,
    checker: Check | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Answer:
    """Has the server that runs on this home reload its packs, or go back to an earlier version, and waits for
    what comes of it. Where none runs it is done here, and the next one begins with it.

    Raises:
        TrailcamError: TC0818 there is no such version; without a server: the settings are not well.
        WorldError: TC0820 the server has not answered in time.
    """
    if deployed_id:
        deployed_id = record.find(home.database, deployed_id).id
    if not is_running(home):
        with Deployments(read, home, log_types=log_types, checker=checker) as deployments:
            return deployments.act(what, deployed_id=deployed_id)
    until = time.monotonic() + seconds
    wish = wishes.ask(
        home.database,
        what,
        deployed_id=deployed_id,
        until=Micros(int((time.time() + seconds) * 1_000_000)),
    )
    try:
        while time.monotonic() < until:
            answer = wishes.answered(home.database, wish)
            if answer is not None:
                return answer
            if not is_running(home):
                break
            pause(_PAUSE_SECONDS)
    except BaseException:
        wishes.withdraw(home.database, wish)
        raise
    raise _silent(home, wish, gone=time.monotonic() < until)


def _silent(home: Home, wish: str, *, gone: bool) -> WorldError:
    taken_back = wishes.withdraw(home.database, wish)
    message = "the server has ended" if gone else "the server has not answered in time"
    message += ": nothing was done" if taken_back else "; it may still do what was asked"
    return WorldError(Problem(code=code("server_silent"), message=message, path=home.path))


@contextmanager
def _place(home: Path) -> Iterator[Path]:
    """Where a copy is made that does not last: in the home if there is one, else anywhere."""
    if (home / "state.db").is_file():
        yield home
        return
    with TemporaryDirectory(prefix="trailcam-") as folder:
        yield Path(folder)
