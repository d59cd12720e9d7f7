"""A repository in Panther's form that tests write, load and run as `trailcam` does."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from tests.panther_items import KNOWN, no_samples
from tests.support import in_process, make_setup, write_log
from tests.tally import Tally

from trailcam.contracts.runner import Subject, Verdict
from trailcam.errors import TrailcamError
from trailcam.model.event import PantherEvent, UnifiedNames
from trailcam.model.match import Match
from trailcam.model.rule import Pack, Rule
from trailcam.model.timestamps import Micros
from trailcam.rules.data_models import by_log_type, executed
from trailcam.rules.inline_tests import Surroundings, TestResult, run_test
from trailcam.rules.loader import load_packs
from trailcam.rules.modules import execute, helpers
from trailcam.rules.run import RuleRunner
from trailcam.sources.files import LocalBlob, claim

SUBJECT = Subject(row_id="row", log_type="AWS.CloudTrail", event_id="e", event_time=Micros(0), origin_id="o")

METADATA = """\
AnalysisType: rule
RuleID: Example.Rule
Filename: rule.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: Medium
"""

YES = "def rule(event):\n    return True\n"


class Repository:
    """A repository that is written, loaded and executed as one of Panther's is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("rules/rule.yml", METADATA)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")

    def rule(self, python: str, *, yaml: str = "", tests: str = "") -> None:
        self.write("rules/rule.py", dedent(python))
        tests = f"Tests:\n{indent(dedent(tests), '  ')}" if tests else ""
        (self.folder / "rules" / "rule.yml").write_text(METADATA + dedent(yaml) + tests, encoding="utf-8")

    def pack(self) -> Pack:
        (pack,) = load_packs([self.folder], log_types=KNOWN.log_types, sample=no_samples)
        return pack

    def codes(self) -> list[str]:
        with pytest.raises(TrailcamError) as error:
            self.pack()
        return [problem.code for problem in error.value.problems]

    def results(self) -> list[TestResult]:
        """The results of all inline tests, each as it is run for `trailcam test`."""
        pack = self.pack()
        with helpers([pack]):
            around = Surroundings(line=_no_line, models=_models(pack))
            return [
                run_test(runner, test, around)
                for runner in map(_runner, pack.rules)
                for test in runner.rule.tests
            ]

    def verdicts(self, *events: Mapping[str, Any], rule_id: str = "Example.Rule") -> list[Verdict]:
        """What a rule says of events in the line, one after the other."""
        pack = self.pack()
        with helpers([pack]):
            models = _models(pack)
            (runner,) = (_runner(rule) for rule in pack.rules if rule.id == rule_id)
            return [
                runner.run(PantherEvent(event, models.get(event.get("p_log_type", ""))), SUBJECT)
                for event in events
            ]

    def match(self, event: Mapping[str, Any]) -> Match:
        (verdict,) = self.verdicts(event)
        assert verdict.match is not None, verdict.errors
        return verdict.match

    def title(self, event: Mapping[str, Any]) -> str:
        """The title of a match; that of the rule is no failure that was answered by another text."""
        found = self.match(event)
        assert found.fallbacks == ()
        return found.title

    def line(self, *records: Any) -> Tally:
        """What the whole line makes of records of CloudTrail."""
        write_log(self.folder.parent / "log.json", records)
        blob = claim(self.folder.parent / "log.json", spool=self.folder.parent)
        assert isinstance(blob, LocalBlob)
        pack = self.pack()
        with helpers([pack]):
            return in_process(make_setup(pack.rules, models=pack.data_models), [(blob,)])


def _no_line(record: Any, log_type: str) -> PantherEvent:
    raise AssertionError("no test of Panther's form is a sample")


def _models(pack: Pack) -> Mapping[str, UnifiedNames]:
    return by_log_type([(model, executed(model)) for model in pack.data_models])


def _runner(rule: Rule) -> RuleRunner:
    return RuleRunner(rule, execute(rule))


MODEL = """\
AnalysisType: datamodel
DataModelID: Example.Model
Enabled: true
LogTypes: [AWS.CloudTrail]
Filename: model.py
Mappings:
  - {Name: ip, Path: $.client.ipAddress}
  - {Name: ips, Path: "$.clients[*].ip"}
  - {Name: second, Path: "$.clients[?(@.kind == 'b')].ip"}
  - {Name: who, Method: get_who}
"""


def with_model(repository: Repository) -> Repository:
    """The same with a data model of CloudTrail."""
    repository.write("data_models/model.yml", MODEL)
    repository.write("data_models/model.py", "def get_who(event):\n    return event.get('WHO')\n")
    return repository


def reasons(repository: Repository) -> list[str]:
    """Why each inline test of a repository failed; empty where it passed."""
    return [result.reason for result in repository.results()]
