"""Whether packs or settings are other ones than before: folders are looked at, repositories are asked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

from trailcam.app.deploy import git, snapshot
from trailcam.app.live.health import with_health
from trailcam.settings.git_pack import GitPack
from trailcam.settings.schema import Settings

SETTLE_SECONDS = 1.0
_SETTLED_AFTER = 5


class Changes:
    """Looks again and again; of settings, packs, rules and how often to look follow the file.

    Raises, wherever the settings are read:
        TrailcamError: they are not well.
    """

    def __init__(
        self,
        read: Callable[[], Settings],
        home: Path,
        *,
        clock: Callable[[], float],
        pause: Callable[[float], object],
        ended: Event,
    ) -> None:
        self._read = read
        self._home = home
        self._clock = clock
        self._pause = pause
        self.ended = ended
        """Set when nobody waits any more for what repositories answer."""
        self._first: Settings | None = None
        self.last = Settings()
        """As they were read last."""
        self._commits: dict[GitPack, str] = {}
        self._seen = ""
        self._seen_commits: dict[GitPack, str] = {}
        self._looked_at = self._asked_at = clock()

    def settings(self) -> Settings:
        """Those of the first moment, with what follows the file."""
        read = self._read()
        if self._first is None:
            self._first = read
        self.last = replace(
            self._first, packs=with_health(read.packs), rules=read.rules, deploy=read.deploy, file=read.file
        )
        return self.last

    def folders(self) -> bool | None:
        """Whether settings or folders are other ones than at the last `see`; None before it is time to look.

        Raises:
            TrailcamError: TC0814 a folder is too large.
        """
        if not self._is_time(self.last.deploy.check_seconds, self._looked_at):
            return None
        self._looked_at = self._clock()
        settings = self.settings()
        return snapshot.fingerprint(settings, self._commits, home=self._home) != self._seen

    def repositories(self) -> bool | None:
        """Whether packs from git have other commits than at the last `see`; None before it is time to ask, or
        without such packs.

        Raises:
            TrailcamError: TC0811 to TC0813 a repository does not answer, or not well.
        """
        if not self._is_time(self.last.deploy.git_seconds, self._asked_at):
            return None
        self._asked_at = self._clock()
        commits = self.commits(self.settings(), anew=True)
        return commits != self._seen_commits if commits else None

    def commits(self, settings: Settings, *, anew: bool) -> dict[GitPack, str]:
        """The commits of packs from git: as they were asked for last, but where `anew` asks again."""
        packs = [pack for pack in settings.packs if isinstance(pack, GitPack)]
        known = {} if anew else self._commits
        self._commits = {
            pack: known[pack] if pack in known else git.commit_of(pack, ended=self.ended) for pack in packs
        }
        return self._commits

    def see(self, settings: Settings) -> None:
        """From now on, what is there now is what was there before."""
        self._seen = snapshot.fingerprint(settings, self._commits, home=self._home)
        self._seen_commits = self._commits

    def forget(self) -> None:
        """What is there counts as changed."""
        self._seen = ""
        self._seen_commits = {}

    def settle(self, settings: Settings) -> None:
        """Waits for the end of what is being written, as by a checkout; not for ever."""
        for _ in range(_SETTLED_AFTER):
            before = snapshot.fingerprint(settings, self._commits, home=self._home)
            self._pause(SETTLE_SECONDS)
            if snapshot.fingerprint(settings, self._commits, home=self._home) == before:
                return

    def _is_time(self, every_seconds: float, last: float) -> bool:
        return every_seconds > 0 and self._clock() - last >= every_seconds
