"""Sign-ins: to the console, and to the access portal of IAM Identity Center."""

from trailcam.testing.call import Call
from trailcam.testing.organisation import SECURITY


def console_login(*, mfa: bool, host: str = "us-east-1.signin.aws.amazon.com") -> Call:
    """Somebody signs in to the console."""
    return Call(
        service="signin",
        name="ConsoleLogin",
        reads=False,
        response={"ConsoleLogin": "Success"},
        extra={
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
        event_type="AwsConsoleSignIn",
        host=host,
    )


def portal(name: str, *, account: str, role: str) -> Call:
    """A step at the access portal: `Authenticate` the person, or `Federate` into a role of an account."""
    details = (
        {"relayId": "EXAMPLE-relay"} if name == "Authenticate" else {"role_name": role, "account_id": account}
    )
    return Call(
        service="sso",
        name=name,
        reads=False,
        event_type="AwsServiceEvent",
        details=details,
        resources=(),
        host="portal.sso.us-east-1.amazonaws.com",
        extra={"identityStoreAccount": SECURITY} if name == "Authenticate" else None,
    )
