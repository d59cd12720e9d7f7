"""What must exist in AWS, so that Trailcam can follow a bucket's logs through a queue.

`check` makes a `Setup` of what a person asked for, or tells all that is wrong with it.
From a `Setup` come a template for CloudFormation, a script of commands, and words for what is left to do.
All three are built of the same documents: `queues`, `policies`, `notification`.

Nothing here talks to AWS. What `trailcam doctor` finds in AWS can be held against these documents.
"""

from trailcam.app.aws_setup.asked import Asked, check
from trailcam.app.aws_setup.next_steps import next_steps, source_section
from trailcam.app.aws_setup.place import Principal, Setup
from trailcam.app.aws_setup.script import script
from trailcam.app.aws_setup.template import template

__all__ = ["Asked", "Principal", "Setup", "check", "next_steps", "script", "source_section", "template"]
