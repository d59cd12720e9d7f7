def rule(event):
    return (
        event.get("eventName") == "ConsoleLogin"
        and event.deep_get("responseElements", "ConsoleLogin") == "Failure"
    )


def title(event):
    return f"{dedup(event)} failed to sign in"


def dedup(event):
    return event.deep_get("userIdentity", "userName", default="unknown")
