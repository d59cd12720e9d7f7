"""What a project says of its surroundings: settings, the Trailcam it is for, what is not kept."""

from collections.abc import Mapping

from trailcam import __version__
from trailcam.app.project.named import REPORT, RULES, SIMULATED, Project
from trailcam.settings.read import SETTINGS_FILE
from trailcam.settings.schema import Settings


def files(project: Project) -> Mapping[str, str]:
    """Settings, requirements and the like, path to text."""
    return {SETTINGS_FILE: _settings(project), "requirements.txt": _REQUIREMENTS, ".gitignore": _IGNORED}


def _settings(project: Project) -> str:
    """Every line that begins with `#` and no blank is a setting, which may be put in force by removing it."""
    usual = Settings()
    return f"""\
# What Trailcam does in this folder. Lines that begin with # and no blank are settings that are not in force:
# remove the # to put one in force. "trailcam run" says what is wrong with a setting before it reads anything.

# Folders of rules that run and serve use, seen from this file. Packs that Trailcam brings stand here by name:
# "aws_top5" for what may not happen unseen in an AWS account.
packs = ["{RULES}"]

# The folder in which everything is kept that was read, and what came of it.
#home = "{usual.home}"

# Values for the SETTINGS at the top of a rule's file, by the rule's id.
#[rules."{project.rule_id}"]
#expected = ["arn:aws:sts::111122223333:assumed-role/KeyRotation/*"]

# What trailcam serve follows; the name is the p_source_label of the events. "trailcam aws setup" makes queue
# and role for a bucket, "trailcam doctor" says what is missing.
#[sources.trail]
#type = "s3"
#queue = "https://sqs.eu-central-1.amazonaws.com/111122223333/trailcam-objects"
#role_arn = "arn:aws:iam::111122223333:role/trailcam-reader"

# A folder that something else puts log files into.
#[sources.incoming]
#type = "folder"
#path = "incoming"

# How long a rule may take on one event, and how much memory a worker has; tests keep to it too.
#[limits]
#rule_seconds = {usual.limits.rule_seconds:g}
#worker_bytes = "{usual.limits.worker_bytes >> 30} GiB"

# How often a server looks whether rules have changed, in seconds; 0 is never.
#[deploy]
#check_seconds = {usual.deploy.check_seconds:g}
"""


_REQUIREMENTS = f"""\
# What the pipelines install. If your package index has no trailcam, name the repository you have it from:
# trailcam @ git+https://git.example.com/team/trailcam.git@COMMIT
# Rules of panther-analysis beside your own need trailcam[panther].
trailcam=={__version__}
"""

_IGNORED = f"""\
# The home of Trailcam, and what it writes on the way
{Settings().home}/
{REPORT}
{SIMULATED}/

__pycache__/
.venv/
.cache/
"""
