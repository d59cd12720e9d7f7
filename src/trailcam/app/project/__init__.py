"""What `trailcam new project` writes: a repository for rules of one's own, whose tests pass from the start.

`making` checks the name and the folder and writes; the other files hold the texts: `example` the rule and its
helper, `pipelines` what GitHub, GitLab and pre-commit run, `places` settings and the like, `readme` the page.
Each of them has a function `files` from a `Project` to texts by their paths; `making` calls them all.
"""

from trailcam.app.project.making import new_project

__all__ = ["new_project"]
