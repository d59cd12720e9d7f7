"""The user that deploys to production with a key that lasts; the breach begins with this key."""

from trailcam.testing.caller import Caller, iam_user
from trailcam.testing.organisation import PRODUCTION

CI_USER = "ci-deploy"
CI_KEY = "AKIACIDEPLOY0EXAMPLE"
CI_POLICY = f"arn:aws:iam::{PRODUCTION}:policy/ci-deploy"


def ci_user(*, address: str, agent: str) -> Caller:
    """The user, from one of the machines that build, or from elsewhere."""
    return iam_user(PRODUCTION, CI_USER, key=CI_KEY, address=address, agent=agent)
