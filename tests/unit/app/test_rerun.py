"""Rules over what is kept stop soon after they are told to."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from trailcam.app import rerun as module


def test_a_stop_is_heard_between_two_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [SimpleNamespace(origin_id=f"{number}", decision_id=number) for number in range(3)]
    origins: Any = SimpleNamespace(pages=lambda: iter([rows]))
    line: Any = SimpleNamespace(
        ledger=SimpleNamespace(look_up=lambda ids: dict.fromkeys(ids, ("Some.Rule",)))
    )
    home: Any = None
    monkeypatch.setattr(module, "_of_decision", lambda *_: SimpleNamespace(blobs=("one",)))
    stop = threading.Event()
    groups = module._groups(home, line, origins, stop, [0])
    assert next(groups) is not None
    stop.set()
    assert list(groups) == []
