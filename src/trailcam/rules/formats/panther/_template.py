"""What a new rule in Panther's form looks like."""

from trailcam.yaml12 import written


def template(rule_id: str, stem: str) -> dict[str, str]:
    """A new rule of this id: file name to text. Its first test fails until `rule` is written."""
    return {
        f"{stem}.yml": f"""\
AnalysisType: rule
RuleID: {written(rule_id)}
DisplayName: Say in one sentence what happened
Filename: {written(f"{stem}.py")}
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: Medium # Info, Low, Medium, High, Critical
Description: Say what the rule finds, what it misses, and which noise to expect.
Tests:
  - Name: It fires on what it is for
    ExpectedResult: true
    Log:
      eventSource: cloudtrail.amazonaws.com
      eventName: StopLogging
  - Name: It is quiet on a near miss
    ExpectedResult: false
    Log:
      eventSource: cloudtrail.amazonaws.com
      eventName: StartLogging
""",
        f"{stem}.py": """\
def rule(event):
    # True for the events it is for, such as: event.get("eventName") == "StopLogging"
    return False
""",
    }
