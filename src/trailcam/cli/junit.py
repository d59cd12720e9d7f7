"""Test results as JUnit XML, as CI servers read them.

Source: https://github.com/testmoapp/junitxml (read 2026-11-24): suites, suites' counts, cases with `failure`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from trailcam.app.test import RuleReport
from trailcam.errors import Problem, WorldError, code

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write_junit(reports: Sequence[RuleReport], path: Path) -> None:
    """Writes one suite a rule, one case a test.

    Raises:
        WorldError: TC0106 the file cannot be written.
    """
    root = Element(
        "testsuites", _counts(sum(len(r.results) for r in reports), sum(r.failed for r in reports))
    )
    for report in reports:
        name = _clean(report.rule.id)
        suite = SubElement(root, "testsuite", {"name": name, **_counts(len(report.results), report.failed)})
        for result in report.results:
            case = SubElement(suite, "testcase", {"classname": name, "name": _clean(result.name)})
            if not result.passed:
                failure = SubElement(case, "failure", {"message": _clean(result.reason)})
                failure.text = "\n".join(
                    _clean(
                        f"{function.name}: {function.output if function.error is None else function.error}"
                    )
                    for function in result.functions
                )
    indent(root)
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        message = f"cannot write the report: {error.strerror}"
        raise WorldError(Problem(code=code("cannot_write"), message=message, path=path)) from None


def _counts(tests: int, failures: int) -> dict[str, str]:
    return {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0"}


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
