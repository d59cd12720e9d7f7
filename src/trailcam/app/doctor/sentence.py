"""What findings come to, in one sentence a person can go by."""

from collections.abc import Sequence

from trailcam.contracts.source import Finding, Grade


def sentence(name: str, findings: Sequence[Finding], *, home: Sequence[Finding]) -> str:
    """Why nothing arrives of a source; or that something does, or that no reason was found.

    The gravest finding that gives a reason counts, the first one of several: they stand in the order in which
    things come here. What the home lacks counts where nothing on the way is broken.
    """
    broken = [it for it in findings if it.grade is Grade.BROKEN]
    if any(it.arrives for it in findings):
        if broken:
            return f"{name}: something arrives, and yet {broken[0].check}: {broken[0].found}"
        nobody = _gravest(home)
        return f"{name}: what is there was read" + (
            f"; nothing more will be, for {nobody.because}" if nobody else ""
        )
    gravest = _gravest([*findings, *home]) if broken else _gravest([*home, *findings])
    if gravest is not None:
        return f"nothing arrives from {name} because {gravest.because}"
    if any(it.grade is Grade.UNKNOWN for it in findings):
        return f"{name}: not all could be looked at, and nothing else is wrong"
    return f"{name}: no reason was found why nothing should arrive"


def _gravest(findings: Sequence[Finding]) -> Finding | None:
    reasons = [it for it in findings if it.because]
    return max(reasons, key=lambda it: it.grade) if reasons else None
