"""The settings with the rules that are in force, for commands that go over the past under the same rules."""

from pathlib import Path

from trailcam.app.deploy import record, snapshot
from trailcam.app.home import Home
from trailcam.settings.schema import Settings


def in_force(home: Home, settings: Settings) -> Settings:
    """The settings with the copy of what is in force, or as they are where nothing ever was.

    Raises:
        WorldError: TC0819 the copy is damaged.
    """
    active = record.active(home.database)
    return settings if active is None else snapshot.kept(home.path, active.id).settings(settings)


def folders(settings: Settings) -> list[Path]:
    """The packs of settings that have been copied: all of them are folders."""
    return [pack for pack in settings.packs if isinstance(pack, Path)]
