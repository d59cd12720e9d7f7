"""What should be heard and is not becomes an alert: canaries in their time, places that fall silent."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.e2e.test_serve import Trail
from tests.kept import write_rules
from tests.live import Following, count, eventually, following, s3_source, write_settings
from tests.servers.faults import ACCESS_DENIED
from tests.servers.proxy import proxy
from tests.support import record

from trailcam.alerts.tables import alert
from trailcam.app.home import open_home

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

pytestmark = pytest.mark.slow

EAGER = """
from trailcam.app.live import watch, intake
from trailcam.commit import places
watch._EVERY_SECONDS = 0.5
intake._POSTPONED_SECONDS = 1.0
"""

LESS_PATIENT = f"{EAGER}\nplaces._LEAST_SILENCE = 15_000_000\n"
"""Places are silent after fifteen seconds."""


def alerts(home: Path, rule_id: str) -> list[Any]:
    if not (home / "state.db").exists():
        return []
    with open_home(home).database.read() as state:
        return list(state.execute(select(alert).where(alert.c.rule_id == rule_id)))


def matches(home: Path, rule_id: str) -> int:
    from trailcam.commit import tables as t

    return count(home, select(t.match).where(t.match.c.rule_id == rule_id).subquery())


def both(folder: Path, trail: Trail, endpoint: str) -> Path:
    """A source of S3 and a folder, each with a canary every two seconds; that of S3 must come out within 15,
    that of the folder whenever a machine with other work brings it."""
    canary = "canary_seconds = 2\ncanary_within_seconds = {}\n"
    (folder / "drop").mkdir()
    dropped = f'[sources.drop]\ntype = "folder"\npath = "{folder / "drop"}"\nquiet_seconds = 0.1\n'
    dropped += canary.format(300)
    place = f'canary_place = "s3://{trail.bucket}/canaries/"\ntries = 1\n'
    s3 = s3_source(trail.queue, endpoint, more=place + canary.format(15))
    return write_settings(
        folder, s3 + dropped, packs=[write_rules(folder / "rules")], more="[deploy]\ncheck_seconds = 0\n"
    )


def test_canaries_come_out_as_alerts_and_what_keeps_one_from_it_is_an_alert_too(
    tmp_path: Path, ministack: "Ministack"
) -> None:
    home, trail = tmp_path / "home", Trail(ministack)
    with (
        proxy(ministack.endpoint) as s3,
        following(both(tmp_path, trail, s3.endpoint), first=EAGER) as process,
    ):
        eventually(lambda: len(alerts(home, "Trailcam.Canary")) == 2, process=process)
        titles = sorted(it.title for it in alerts(home, "Trailcam.Canary"))
        assert titles == ["the canary of drop came out", "the canary of trail came out"]
        assert alerts(home, "Trailcam.CanaryMissed") == []

        s3.add(ACCESS_DENIED, method="GET", path="canaries")
        missed = eventually(lambda: alerts(home, "Trailcam.CanaryMissed"), process=process)
        assert [it.dedup for it in missed] == ["trail"]
        s3.clear()

        before = matches(home, "Trailcam.Canary")
        eventually(lambda: matches(home, "Trailcam.Canary") >= before + 4, process=process)
        assert process.stop() == 0
    assert [it.dedup for it in alerts(home, "Trailcam.CanaryMissed")] == ["trail"]
    trail.close()


def put(folder: Path, number: int, account: str) -> None:
    hidden = folder / f".{number}"
    hidden.write_text(json.dumps({"Records": [record(number, recipientAccountId=account)]}))
    hidden.rename(folder / f"{number}.json")


def aged(home: Path) -> None:
    """As if all places had been heard for two days, and nobody had listened for the last hour."""
    with closing(sqlite3.connect(home / "state.db", timeout=30)) as state:
        state.execute(
            "UPDATE place SET first_arrival = first_arrival - 2 * 86400000000,"
            " last_arrival = last_arrival - 3600000000"
        )
        state.commit()


def heard(process: Following, home: Path, places: int) -> None:
    def known() -> int:
        with closing(sqlite3.connect(home / "state.db", timeout=30)) as state:
            return int(state.execute("SELECT count(*) FROM place WHERE account <> ''").fetchone()[0])

    eventually(lambda: known() == places, process=process)


def told_silent(home: Path) -> dict[str, bool]:
    with closing(sqlite3.connect(home / "state.db", timeout=30)) as state:
        found = state.execute("SELECT account, silent_told FROM place WHERE account <> ''").fetchall()
    return {account: told is not None for account, told in found}


def test_a_place_that_falls_silent_is_told_once_and_a_server_that_was_off_tells_nothing(
    tmp_path: Path,
) -> None:
    home, drop = tmp_path / "home", tmp_path / "drop"
    drop.mkdir()
    source = f'[sources.drop]\ntype = "folder"\npath = "{drop}"\nquiet_seconds = 0.1\n'
    settings = write_settings(
        tmp_path, source, packs=[write_rules(tmp_path / "rules")], more="[deploy]\ncheck_seconds = 0\n"
    )
    with following(settings, first=EAGER) as process:
        put(drop, 1, "111122223333")
        put(drop, 2, "444455556666")
        eventually(lambda: any(it["event"] == "started" for it in process.told()), process=process)
        heard(process, home, 2)
        assert process.stop() == 0
    aged(home)
    with following(settings, first=LESS_PATIENT, log="second") as process:
        eventually(lambda: any(it["event"] == "started" for it in process.told()), process=process)
        begun = time.monotonic()
        number = 10
        silent: list[Any] = []
        while not silent:  # one of them goes on
            assert time.monotonic() - begun < 60
            number += 1
            put(drop, number, "111122223333")
            time.sleep(0.5)
            silent = alerts(home, "Trailcam.SourceSilent")
        assert ["444455556666" in it.title for it in silent] == [True]
        eventually(lambda: told_silent(home)["444455556666"], process=process)
        time.sleep(2)
        put(drop, 3, "444455556666")
        eventually(lambda: not told_silent(home)["444455556666"], process=process)
        assert process.stop() == 0
    assert [it.matches for it in alerts(home, "Trailcam.SourceSilent") if "4444" in it.title] == [1]
