"""The page of a project: what lies in it, and what to do first."""

from collections.abc import Mapping

from trailcam.app.project.example import RULE_FILE
from trailcam.app.project.named import HELPERS, RULES, SIMULATED, Project


def files(project: Project) -> Mapping[str, str]:
    """The page, path to text."""
    return {
        "README.md": f"""\
# {project.name}

Detections as code, which [Trailcam](trailcam.toml) runs over audit logs.
For those who write rules here and those who review them.

## What to do first

In this folder, see the tests of the first rule pass:

```console
$ trailcam test {RULES}
```

Then run it over a day of an organisation that does not exist, in which a breach is told:

```console
$ trailcam simulate {SIMULATED}
$ trailcam run {SIMULATED}/AWSLogs
```

The rule tells of the key that the intruder makes at 03:09.
Now make it yours: replace `{RULES}/{RULE_FILE}` by what your organisation has to look for.

## What is here

| place | what it is |
| --- | --- |
| `{RULES}/` | Rules, one file each: metadata, settings, functions and tests. |
| `{HELPERS}/` | Modules that rules import by name. |
| `trailcam.toml` | Which rules run, what they are told of you, and which logs are followed. |
| `requirements.txt` | The Trailcam that pipelines install. |
| `.github/workflows/`, `.gitlab-ci.yml` | Pipelines that test every change; remove the one you do not use. |
| `.pre-commit-config.yaml` | The same tests before a commit. |

## Add a rule

```console
$ trailcam new rule Team.NameOfTheRule --folder {RULES}
```

It comes with a test that fails until the rule is written.
A rule needs tests that fire and tests that stay quiet, and a sentence on what it misses.
Whoever is woken by it needs a runbook.

## Before a commit, and after

`pip install pre-commit` and then `pre-commit install` run the tests before each commit.
The pipelines expect this folder to be the root of its repository, and install what `requirements.txt` names.

## Run it for real

`trailcam run` reads log files and folders.
`trailcam serve` follows the sources of `trailcam.toml`.
Rules that change while it runs come into force once their tests pass.
"""
    }
