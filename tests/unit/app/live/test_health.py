"""What Trailcam says of itself: whoever notes that it was told may be refused, and the source goes on."""

from trailcam.app.live.health import Health
from trailcam.errors import Problem, WorldError, code
from trailcam.model.timestamps import Micros


def test_what_the_state_refuses_to_note_is_noted_later() -> None:
    refusing = [True, True]
    noted = []

    def kept() -> None:
        if refusing and refusing.pop():
            raise WorldError(Problem(code=code("state_locked"), message="database is locked"))
        noted.append(1)

    health = Health()
    health.say("source_silent", "trail", "nothing has come", time=Micros(1), kept=kept)
    notices = health.receive(wait_seconds=0)
    health.settle(notices)  # never raises
    assert noted == []
    assert health.receive(wait_seconds=0) == []
    assert noted == []
    assert health.receive(wait_seconds=0) == []
    assert noted == [1]
    health.receive(wait_seconds=0)
    assert noted == [1]
