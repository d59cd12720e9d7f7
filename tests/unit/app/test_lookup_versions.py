"""Which versions of lookup tables the home keeps, and what is made of them."""

import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.app.declared import settings

from trailcam import registry
from trailcam.app import lookup_versions
from trailcam.app.home import Home, make_home
from trailcam.app.lookup_tables import declared
from trailcam.app.lookup_versions import take_in
from trailcam.enrichments import lookups
from trailcam.enrichments.tables import lookup_version
from trailcam.errors import TrailcamError, WorldError
from trailcam.logtypes.loader import builtin
from trailcam.model.lookup import LookupTable
from trailcam.model.timestamps import Micros
from trailcam.query.proof.lookups import lookups as proof_of_lookups
from trailcam.settings.read import read_settings

FIRST, SECOND = '{"ip":"192.0.2.1","v":1}', '{"ip":"192.0.2.1","v":2}'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def take(
    tmp_path: Path, home: Home, content: str | bytes | None = None, *, now: int, **keys: str
) -> LookupTable:
    if content is not None:
        (tmp_path / "table.jsonl").write_bytes(content.encode() if isinstance(content, str) else content)
    made = settings(tmp_path, **keys)
    (taken,) = take_in(made, declared(made, builtin()), home, now=Micros(now))
    return taken


def versions(table: LookupTable) -> list[tuple[int, str]]:
    return [(version.since, version.path.read_text()) for version in table.versions]


def test_a_content_is_kept_from_when_it_was_first_seen(tmp_path: Path, home: Home) -> None:
    assert versions(take(tmp_path, home, FIRST, now=10)) == [(10, FIRST)]
    assert versions(take(tmp_path, home, now=20)) == [(10, FIRST)]
    assert versions(take(tmp_path, home, SECOND, now=30)) == [(10, FIRST), (30, SECOND)]
    assert versions(take(tmp_path, home, now=40)) == [(10, FIRST), (30, SECOND)]


def test_a_content_that_comes_back_is_in_force_again(tmp_path: Path, home: Home) -> None:
    for now, content in ((10, FIRST), (20, SECOND), (30, FIRST)):
        taken = take(tmp_path, home, content, now=now)
    assert versions(taken) == [(10, FIRST), (20, SECOND), (30, FIRST)]
    assert len(list(home.lookups.rglob("*.jsonl"))) == 2


def test_a_clock_that_goes_back_takes_no_version_away(tmp_path: Path, home: Home) -> None:
    take(tmp_path, home, FIRST, now=10)
    assert versions(take(tmp_path, home, SECOND, now=5)) == [(10, FIRST), (11, SECOND)]


def test_a_version_stays_as_it_was_kept_whatever_becomes_of_the_file(tmp_path: Path, home: Home) -> None:
    taken = take(tmp_path, home, FIRST, now=10)
    with (tmp_path / "table.jsonl").open("r+") as file:
        file.write("{}")
    assert versions(taken) == [(10, FIRST)]


def test_another_name_begins_anew(tmp_path: Path, home: Home) -> None:
    take(tmp_path, home, FIRST, now=10)
    assert versions(take(tmp_path, home, now=20, name="u")) == [(20, FIRST)]


def test_nothing_of_a_file_that_is_refused_is_kept(tmp_path: Path, home: Home) -> None:
    for content in (b"", b"[", FIRST + "\n" + FIRST):
        with pytest.raises(TrailcamError) as caught:
            take(tmp_path, home, content, now=10)
        assert caught.value.exit_code == 2
        assert {problem.path for problem in caught.value.problems} == {tmp_path / "table.jsonl"}
    assert [path for path in home.lookups.rglob("*") if path.is_file()] == []
    assert list(home.scratch.iterdir()) == []
    assert versions(take(tmp_path, home, FIRST, now=20)) == [(20, FIRST)]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, home: Home) -> None:
    with pytest.raises(TrailcamError, match="not there"):
        take(tmp_path, home, now=10)
    (tmp_path / "table.jsonl").mkdir()
    with pytest.raises(TrailcamError, match="folder"):
        take(tmp_path, home, now=10)
    (tmp_path / "table.jsonl").rmdir()
    os.mkfifo(tmp_path / "table.jsonl")
    with pytest.raises(TrailcamError, match="nothing that lasts"):
        take(tmp_path, home, now=10)


def test_earlier_versions_are_read_by_the_key_that_is_declared_now(tmp_path: Path, home: Home) -> None:
    both = ['{"ip":"192.0.2.1","addr":"x"}', '{"ip":"192.0.2.1","addr":"y"}']
    take(tmp_path, home, both[0], now=10)
    taken = take(tmp_path, home, both[1], now=20, key="addr")
    assert (taken.key, versions(taken)) == ("addr", [(10, both[0]), (20, both[1])])


def test_an_earlier_version_that_cannot_be_read_as_declared_now_is_told(tmp_path: Path, home: Home) -> None:
    take(tmp_path, home, FIRST, now=10)
    with pytest.raises(TrailcamError) as caught:
        take(tmp_path, home, '{"addr":"x"}', now=20, key="addr")
    (found,) = caught.value.problems
    assert found.code == "TC0704"
    assert "1970-01-01T00:00:00.000010Z" in str(found.path)


def answer(table: LookupTable, value: str, time: int) -> Any:
    (lookup,) = lookups([table])["AWS.CloudTrail"]
    return lookup.row(value, Micros(time))


def test_a_wrong_key_of_the_file_as_it_is_now_is_told_as_such(tmp_path: Path, home: Home) -> None:
    take(tmp_path, home, FIRST, now=10)
    with pytest.raises(TrailcamError) as caught:
        take(tmp_path, home, now=20, key="IP")
    (found,) = caught.value.problems
    assert (found.code, found.path, found.hint) == ("TC0703", tmp_path / "table.jsonl", 'did you mean "ip"?')


def test_two_declarations_of_one_table_do_not_take_each_others_index(tmp_path: Path, home: Home) -> None:
    content = '{"ip":"192.0.2.1","addr":"x"}'
    by_ip, by_addr = take(tmp_path, home, content, now=10), take(tmp_path, home, now=20, key="addr")
    assert (answer(by_ip, "192.0.2.1", 10) is not None, answer(by_ip, "x", 10)) == (True, None)
    assert (answer(by_addr, "192.0.2.1", 10), answer(by_addr, "x", 10) is not None) == (None, True)


def test_a_version_that_is_gone_comes_back_from_the_file_that_still_has_it(
    tmp_path: Path, home: Home
) -> None:
    taken = take(tmp_path, home, FIRST, now=10)
    taken.versions[0].path.unlink()
    assert versions(take(tmp_path, home, now=20)) == [(10, FIRST)]


def test_a_version_that_is_gone_for_good_is_told_before_anything_is_read(tmp_path: Path, home: Home) -> None:
    taken = take(tmp_path, home, FIRST, now=10)
    taken.versions[0].path.unlink()
    with pytest.raises(WorldError) as caught:
        take(tmp_path, home, SECOND, now=20)
    assert caught.value.problems[0].code == "TC0605"
    assert "verify" in caught.value.problems[0].hint


def test_a_version_of_another_size_is_told(tmp_path: Path, home: Home) -> None:
    taken = take(tmp_path, home, FIRST, now=10)
    taken.versions[0].path.write_text(FIRST + " ")
    with pytest.raises(WorldError, match="not there as it was kept"):
        take(tmp_path, home, SECOND, now=20)


def test_an_index_that_is_gone_is_made_anew_from_a_copy_that_is_as_it_was_kept(
    tmp_path: Path, home: Home
) -> None:
    version = take(tmp_path, home, FIRST, now=10).versions[0]
    version.index.unlink()
    assert answer(take(tmp_path, home, now=20), "192.0.2.1", 10)["v"] == 1
    version.index.unlink()
    version.path.write_text(FIRST.replace('"v":1', '"v":9'))
    with pytest.raises(WorldError, match="not there as it was kept"):
        take(tmp_path, home, now=30)


def test_what_was_altered_in_the_copy_changes_no_answer_and_is_proved_to_be_altered(
    tmp_path: Path, home: Home
) -> None:
    version = take(tmp_path, home, FIRST, now=10).versions[0]
    version.path.write_text(FIRST.replace('"v":1', '"v":9'))
    assert answer(take(tmp_path, home, now=20), "192.0.2.1", 10)["v"] == 1
    (told,) = proved(home)
    assert told.endswith("its bytes are not those that were kept")


def test_an_index_of_other_rows_is_proved_to_be_one(tmp_path: Path, home: Home) -> None:
    version = take(tmp_path, home, FIRST, now=10).versions[0]
    assert proved(home) == []
    other = tmp_path / "other.jsonl"
    other.write_text(SECOND)
    form = registry.load("lookup_format", "jsonl")
    for damage in (lambda: form.prepare(other, key="ip", named=other, target=version.index), None):
        if damage is None:
            version.index.write_bytes(b"no index")
        else:
            version.index.unlink()
            damage()
        (told,) = proved(home)
        assert version.index.name in told
        assert "an index that has other rows" in told


def proved(home: Home) -> list[str]:
    with home.database.read() as state:
        kept = state.execute(select(lookup_version)).all()
    return proof_of_lookups(kept, folder=home.lookups, scratch=home.scratch)


def test_a_file_that_is_written_to_while_it_is_copied_is_refused(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfileobj

    def interrupted(source: Any, target: Any, size: int) -> None:
        copy(source, target, size)
        with (tmp_path / "table.jsonl").open("a") as table:
            table.write("\n")

    monkeypatch.setattr(shutil, "copyfileobj", interrupted)
    with pytest.raises(TrailcamError) as caught:
        take(tmp_path, home, FIRST, now=10)
    (found,) = caught.value.problems
    assert (found.code, found.path) == ("TC0701", tmp_path / "table.jsonl")
    assert "rename" in found.hint
    assert not list(home.lookups.rglob("*.jsonl"))


def test_what_is_looked_at_and_kept_is_the_copy(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(tmp_path, home, FIRST, now=10)
    copied = lookup_versions._copy

    def replaced(source: Path, target: Path) -> tuple[str, int]:
        found = copied(source, target)
        source.write_text("broken")
        return found

    monkeypatch.setattr(lookup_versions, "_copy", replaced)
    taken = take(tmp_path, home, SECOND, now=20)
    assert versions(taken) == [(10, FIRST), (20, SECOND)]
    assert sha256(SECOND.encode()).hexdigest() == taken.versions[1].digest


def test_two_runs_that_see_a_content_at_once_make_one_version_of_it(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = lookup_versions._prepare

    def beside(*args: Any, **named: Any) -> None:
        monkeypatch.setattr(lookup_versions, "_prepare", prepare)
        take(tmp_path, home, now=15)
        prepare(*args, **named)

    monkeypatch.setattr(lookup_versions, "_prepare", beside)
    assert versions(take(tmp_path, home, FIRST, now=20)) == [(15, FIRST)]


def test_problems_of_all_tables_come_at_once(tmp_path: Path, home: Home) -> None:
    one = 'path = "{}"\nkey = "ip"\nselectors = {{"AWS.CloudTrail" = ["sourceIPAddress"]}}\n'
    text = "".join(f"[lookup_tables.{name}]\n{one.format(name + '.csv')}" for name in ("a", "b"))
    (tmp_path / "trailcam.toml").write_text(text)
    made = read_settings(folder=tmp_path, environment={})
    with pytest.raises(TrailcamError) as caught:
        take_in(made, declared(made, builtin()), home, now=Micros(0))
    assert [problem.path for problem in caught.value.problems] == [tmp_path / "a.csv", tmp_path / "b.csv"]
