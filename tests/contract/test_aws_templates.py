"""Every template that `trailcam aws setup` can print is one, by the schemas and rules of cfn-lint."""

from collections.abc import Callable

import pytest
from tests.aws_setups import REGION, combinations, setup

from trailcam.app.aws_setup import template


@pytest.fixture(scope="module")
def findings() -> Callable[[str], list[str]]:
    """What cfn-lint says of a template; of advice, too."""
    from cfnlint.api import ManualArgs, lint
    from cfnlint.core import get_rules

    config = ManualArgs(regions=[REGION], include_checks=["I"])
    rules = get_rules([], [], ["I"])
    return lambda text: [str(match) for match in lint(text, rules=rules, regions=[REGION], config=config)]


@pytest.mark.slow
def test_nothing_is_found_in_any_template(findings: Callable[[str], list[str]]) -> None:
    texts = {template(each) for each in combinations()}
    assert len(texts) == 120
    assert [found for text in sorted(texts) for found in findings(text)] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sqs:DeleteMessage", "sqs:AcknowledgeMessage"),
        ("VisibilityTimeout: 300", "VisibilityTimeout: soon"),
        ("AssumeRolePolicyDocument", "TrustPolicy"),
    ],
)
def test_what_is_wrong_would_be_found(findings: Callable[[str], list[str]], right: str, wrong: str) -> None:
    text = template(setup())
    assert right in text
    assert findings(text.replace(right, wrong)) != []
