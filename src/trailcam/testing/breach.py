"""The common thread of the breach: one stolen key, one address, one program."""

from trailcam.testing.caller import Caller
from trailcam.testing.ci_user import ci_user
from trailcam.testing.organisation import ATTACKER

_AGENT = "aws-cli/1.42.9 md/Botocore#1.40.9 ua/2.1 os/linux#6.12.38 md/arch#x86_64 lang/python#3.13.5"


def attacker() -> Caller:
    """The key of the CI user, in the hands of the attacker."""
    return ci_user(address=ATTACKER, agent=_AGENT)
