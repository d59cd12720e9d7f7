"""What tests the rules of a project: GitHub, GitLab, and pre-commit before a commit.

Actions are pinned to commits, since a tag can be moved; what each commit is stands beside it.
Source: https://github.com/actions/checkout/releases, https://github.com/actions/setup-python/releases and
https://github.com/actions/upload-artifact/releases, by what public workflows pin (looked up 2026-11-28).
"""

from collections.abc import Mapping

from trailcam.app.project.named import HELPERS, REPORT, RULES, Project

PYTHON = "3.13"

_CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
_SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
_UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"

TEST = f"trailcam test {RULES}"


def files(_project: Project) -> Mapping[str, str]:
    """The files of three tools, path to text."""
    return {
        ".github/workflows/detections.yml": _GITHUB,
        ".gitlab-ci.yml": _GITLAB,
        ".pre-commit-config.yaml": _PRE_COMMIT,
    }


_GITHUB = f"""\
# Tests the rules on every change. A pull request's rules are code that is run here: the job can read this
# repository, has no secrets, and leaves no credentials beside the files.
name: detections

on:
  push:
    branches: [main]
  pull_request:

permissions: {{}}

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  test:
    name: tests of the rules
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read
    steps:
      - uses: {_CHECKOUT}
        with:
          persist-credentials: false
      - uses: {_SETUP_PYTHON}
        with:
          python-version: "{PYTHON}"
          cache: pip
      - run: pip install -r requirements.txt
      - run: {TEST} --junit {REPORT}
      - uses: {_UPLOAD}
        if: ${{{{ !cancelled() }}}}
        with:
          name: report
          path: {REPORT}
"""

_GITLAB = f"""\
# Tests the rules on every change; the report is shown in the merge request.
detections:
  image: python:{PYTHON}
  timeout: 15 minutes
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  variables:
    PIP_CACHE_DIR: $CI_PROJECT_DIR/.cache/pip
  cache:
    key:
      files: [requirements.txt]
    paths: [.cache/pip]
  script:
    - pip install -r requirements.txt
    - {TEST} --junit {REPORT}
  artifacts:
    when: always
    reports:
      junit: {REPORT}
"""

_PRE_COMMIT = f"""\
# Runs the rules' tests before a commit that touches them, with the trailcam of the environment you are in.
repos:
  - repo: local
    hooks:
      - id: trailcam-test
        name: tests of the rules
        entry: {TEST}
        language: system
        files: ^({RULES}|{HELPERS})/
        pass_filenames: false
"""
