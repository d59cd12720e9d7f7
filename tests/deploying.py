"""What tests of deployments build: packs, repositories, and a check without processes."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trailcam.app.deploy.checking import Bad, Good, Question
from trailcam.app.load import load
from trailcam.errors import TrailcamError, WorldError
from trailcam.rules.versions import pack_version, rule_versions
from trailcam.settings.git_pack import GitPack
from trailcam.settings.schema import Settings

RULE = '''"""{id}."""

METADATA = {{"id": "{id}", "log_types": ["AWS.CloudTrail"], "severity": "High"}}
{top}

def rule(event):
    return {condition}


TESTS = [{{"name": "it fires", "expect": True, "event": {{"eventName": "StopLogging"}}}}]
'''

STOPPED = 'event.get("eventName") == "StopLogging"'


def write_rule(folder: Path, rule_id: str = "My.Rule", *, condition: str = STOPPED, top: str = "") -> Path:
    """A native rule with a test; `top` is Python at the top level of its file."""
    path = folder / f"{rule_id.lower().replace('.', '_')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(id=rule_id, condition=condition, top=f"\n{top}\n" if top else ""))
    return path


def git(folder: Path, *command: str) -> str:
    """What git prints; it knows nothing of whoever runs the tests."""
    done = subprocess.run(
        ["git", "-c", "user.name=Alice", "-c", "user.email=alice@example.com", *command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


def commit(folder: Path, message: str = "more") -> str:
    """Commits everything in a folder, which becomes a repository; the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def git_pack(repository: Path, *, ref: str = "HEAD", folder: str = "") -> GitPack:
    """A pack from a repository on this machine."""
    return GitPack(url=f"file://{repository}", ref=ref, folder=folder)


def settings_of(*packs: Path | GitPack, home: Path) -> Settings:
    """Settings with these packs."""
    return Settings(home=home, packs=packs)


@dataclass
class ReadOnly:
    """A check that loads packs and executes nothing; `asked` are the questions it was asked."""

    asked: list[Question] = field(default_factory=list)

    def check(self, question: Question) -> Good | Bad:
        self.asked.append(question)
        try:
            loaded = load(log_types=question.log_types, settings=question.settings)
        except TrailcamError as error:
            return Bad(problems=tuple(error.problems), world=isinstance(error, WorldError))
        versions = rule_versions(loaded.packs, loaded.rules, loaded.log_types)
        return Good(loaded=loaded, pack=pack_version(versions), rules=versions, tests=0)


def names_in(folder: Path) -> Sequence[str]:
    """The files and links in a folder and below, hidden ones too."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file()
    )
