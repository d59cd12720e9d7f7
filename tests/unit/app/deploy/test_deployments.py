"""What comes into force, when, and what goes on instead; rules are loaded here and not executed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploying import ReadOnly, commit, git_pack, settings_of, write_rule
from ulid import ULID

from trailcam.app.deploy import asking, candidates, record, running, snapshot, wishes
from trailcam.app.deploy.checking import Bad, Good, Question
from trailcam.app.deploy.cleaning import KEPT
from trailcam.app.deploy.deployment import Deployment, Refused, Started
from trailcam.app.deploy.deployments import Deployments
from trailcam.app.deploy.record import By, Status
from trailcam.app.deploy.wishes import Outcome, What
from trailcam.app.home import Home, make_home
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import DeploySettings, LimitSettings, Settings


@dataclass
class Server:
    """Deployments of a server, its clock, and its settings."""

    home: Home
    settings: Settings
    checker: ReadOnly = field(default_factory=ReadOnly)
    seconds: float = 0.0
    wall: float | None = None
    """What its clock on the wall says; None is the truth."""
    broken: str = ""
    others: list["Server"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deployments = Deployments(
            self.read,
            self.home,
            checker=self.checker,
            now=lambda: time.time() if self.wall is None else self.wall,
            clock=lambda: self.seconds,
            pause=lambda _: None,
        )

    def read(self) -> Settings:
        if self.broken:
            raise TrailcamError(Problem(code=code("bad_setting"), message=self.broken))
        return self.settings

    def begin(self) -> Deployment:
        started = self.deployments.start()
        self.deployments.switched(started.deployment)
        return started.deployment

    def look(self, *, after: float = 100) -> Deployment | Refused | None:
        self.seconds += after
        return self.deployments.look()

    def follow(self) -> Deployment:
        """What is there now comes into force."""
        found = self.look()
        assert isinstance(found, Deployment), found
        self.deployments.switched(found)
        return found

    def status(self, deployed_id: str) -> Status:
        return record.find(self.home.database, deployed_id).status

    def wish(self, what: What, deployed_id: str = "") -> str:
        until = Micros(1 << 62)
        return wishes.ask(self.home.database, what, deployed_id=deployed_id, until=until)

    def answer(self, wish: str) -> wishes.Answer:
        found = wishes.answered(self.home.database, wish)
        assert found is not None
        return found

    def copies(self) -> set[str]:
        return set(snapshot.names(self.home.path))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    write_rule(tmp_path / "pack")
    return tmp_path / "pack"


@pytest.fixture
def server(pack: Path, tmp_path: Path) -> Iterator[Server]:
    home = make_home(tmp_path / "home")
    made = Server(home, settings_of(pack, home=home.path))
    yield made
    for each in (made, *made.others):
        each.deployments.close()


def another(server: Server, **fields: Any) -> Server:
    """A server on the same home; it ends with the test."""
    made = Server(server.home, replace(server.settings, **fields))
    server.others.append(made)
    return made


def ids_of_rules(deployment: Deployment) -> list[str]:
    """All but those over what Trailcam says of itself, which come with every server."""
    return sorted(rule.id for rule in deployment.loaded.rules if not rule.id.startswith("Trailcam."))


def codes(refused: object) -> list[str]:
    assert isinstance(refused, Refused), refused
    return [problem.code for problem in refused.problems]


@contextmanager
def no_worker_starts(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing can be checked, whatever the packs are."""
    problem = Problem(code=code("worker_broken"), message="no worker starts")
    with monkeypatch.context() as patched:
        patched.setattr(server.checker, "check", lambda _: Bad(problems=(problem,), world=True))
        yield


@contextmanager
def the_state_is_locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Versions can be read and none can be written down."""

    def locked(*_: object, **__: object) -> None:
        raise WorldError(Problem(code=code("state_locked"), message="database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(record, "add", locked)
        yield


# -- beginning -----------------------------------------------------------------------------------------------


def test_a_server_begins_with_the_packs_of_the_settings(server: Server) -> None:
    started = server.deployments.start()
    assert started.refused is None
    assert server.status(started.deployment.id) is Status.READY
    server.deployments.switched(started.deployment)
    assert server.status(started.deployment.id) is Status.ACTIVE
    assert ids_of_rules(started.deployment) == ["My.Rule"]
    row = record.find(server.home.database, started.deployment.id)
    assert (row.by, row.rules, row.pack) == (By.START, started.deployment.rules, started.deployment.pack)


def test_a_first_server_with_bad_packs_does_not_begin(server: Server, pack: Path) -> None:
    write_rule(pack, "Bad.Rule").write_text("def\n")
    with pytest.raises(TrailcamError) as caught:
        server.deployments.start()
    assert [problem.code for problem in caught.value.problems] == [code("rule_syntax")]
    (row,) = record.listed(server.home.database)
    assert (row.status, row.reasons[0].message) == (Status.REFUSED, caught.value.problems[0].message)
    assert server.copies() == set()


def test_a_server_goes_on_with_the_last_version_when_packs_are_bad(server: Server, pack: Path) -> None:
    first = server.begin()
    server.deployments.close()
    write_rule(pack, "Bad.Rule").write_text("def\n")
    started = another(server).deployments.start()
    assert started.deployment.id == first.id
    assert ids_of_rules(started.deployment) == ["My.Rule"]
    assert codes(started.refused) == [code("rule_syntax")]


def test_a_second_server_begins_with_the_same_version_without_running_tests_again(server: Server) -> None:
    first = server.begin()
    second = another(server)
    assert second.begin().id == first.id
    assert [question.tests for question in second.checker.asked] == [False]
    assert server.status(first.id) is Status.ACTIVE


def test_a_last_version_that_is_damaged_is_taken_anew(server: Server) -> None:
    first = server.begin()
    (server.home.path / "packs" / first.id / "snapshot.json").write_text("{}")
    second = another(server).begin()
    assert second.id != first.id
    assert server.status(first.id) is Status.SUPERSEDED


def test_a_damaged_last_version_takes_no_place_of_bad_packs(server: Server, pack: Path) -> None:
    first = server.begin()
    (server.home.path / "packs" / first.id / "snapshot.json").write_text("{}")
    write_rule(pack).write_text("def\n")
    with pytest.raises(TrailcamError) as caught:
        another(server).deployments.start()
    assert [problem.code for problem in caught.value.problems] == [code("rule_syntax")]


def test_a_server_without_packs_begins_without_rules(server: Server) -> None:
    assert ids_of_rules(another(server, packs=()).begin()) == []


# -- new packs -----------------------------------------------------------------------------------------------


def test_new_rules_come_into_force_and_what_runs_is_their_copy(server: Server, pack: Path) -> None:
    first = server.begin()
    assert server.look() is None
    write_rule(pack, "New.Rule")
    second = server.look()
    assert isinstance(second, Deployment)
    assert (server.status(first.id), server.status(second.id)) == (Status.ACTIVE, Status.READY)
    server.deployments.switched(second)
    assert (server.status(first.id), server.status(second.id)) == (Status.SUPERSEDED, Status.ACTIVE)
    assert ids_of_rules(second) == ["My.Rule", "New.Rule"]
    assert first.pack != second.pack
    for rule in second.loaded.rules:
        assert rule.path.is_relative_to(server.home.path / "packs" / second.id)
    assert server.look() is None


def test_until_a_version_is_in_force_there_is_nothing_new_and_no_wish_is_taken(
    server: Server, pack: Path
) -> None:
    server.begin()
    write_rule(pack, "New.Rule")
    found = server.look()
    assert isinstance(found, Deployment)
    write_rule(pack, "Newer.Rule")
    wish = server.wish(What.RELOAD)
    assert server.look() is None
    server.deployments.switched(found)
    assert wishes.answered(server.home.database, wish) is None
    assert ids_of_rules(server.follow()) == ["My.Rule", "New.Rule", "Newer.Rule"]
    assert server.answer(wish).outcome is Outcome.SWITCHED


def test_bad_rules_are_told_once_and_the_old_version_goes_on(server: Server, pack: Path) -> None:
    first = server.begin()
    bad = write_rule(pack, "Bad.Rule")
    bad.write_text("def\n")
    refused = server.look()
    assert codes(refused) == [code("rule_syntax")]
    assert isinstance(refused, Refused)
    assert refused.problems[0].path == str(bad)
    assert server.status(first.id) is Status.ACTIVE
    asked = len(server.checker.asked)
    bad.touch()
    assert server.look() is None, "the same content is not tested again"
    assert len(server.checker.asked) == asked
    bad.unlink()
    assert server.look() is None, "it is what is in force"
    bad.write_text("def\n")
    assert codes(server.look()) == [code("rule_syntax")], "it has come again"
    write_rule(pack, "Bad.Rule")
    server.follow()
    assert server.copies() == {row.id for row in record.listed(server.home.database) if row.in_force_at}


def test_a_touched_file_is_no_new_version(server: Server, pack: Path) -> None:
    server.begin()
    (pack / "my_rule.py").touch()
    assert server.look() is None
    assert len(record.listed(server.home.database)) == 1
    assert len(server.copies()) == 1


def test_folders_are_looked_at_as_often_as_the_settings_say(server: Server, pack: Path) -> None:
    server.settings = replace(server.settings, deploy=DeploySettings(check_seconds=10))
    server.begin()
    write_rule(pack, "New.Rule")
    assert server.look(after=9) is None
    assert isinstance(server.look(after=1), Deployment)


def test_never_is_a_time_too(server: Server, pack: Path) -> None:
    server.settings = replace(server.settings, deploy=DeploySettings(check_seconds=0))
    server.begin()
    write_rule(pack, "New.Rule")
    assert server.look(after=1_000_000) is None
    wish = server.wish(What.RELOAD)
    server.follow()
    assert server.answer(wish).outcome is Outcome.SWITCHED


def test_packs_values_for_rules_and_how_often_to_look_follow_the_file_and_nothing_else(
    server: Server, pack: Path, tmp_path: Path
) -> None:
    write_rule(pack, top='SETTINGS = {"level": 1}')
    first = server.begin()
    write_rule(tmp_path / "more", "More.Rule")
    server.settings = replace(
        server.settings,
        packs=(*server.settings.packs, tmp_path / "more"),
        rules={"My.Rule": {"level": 2}},
        home=tmp_path / "not this",
        limits=LimitSettings(rule_seconds=1),
        deploy=DeploySettings(check_seconds=0),
    )
    second = server.follow()
    assert ids_of_rules(second) == ["More.Rule", "My.Rule"]
    assert second.rules["My.Rule"] != first.rules["My.Rule"]
    assert {rule.id: rule.configured for rule in second.loaded.rules}["My.Rule"] == '{"level": 2}'
    checked = server.checker.asked[-1].settings
    assert (checked.home, checked.limits) == (server.home.path, LimitSettings())
    write_rule(pack, "Newer.Rule")
    assert server.look() is None


def test_a_mistake_in_the_settings_is_told_once_and_again_when_it_comes_again(server: Server) -> None:
    server.begin()
    for _ in range(2):
        server.broken = "no TOML"
        assert codes(server.look()) == [code("bad_setting")]
        assert server.look() is None
        server.broken = ""
        assert server.look() is None


def test_a_version_that_cannot_come_into_force_is_refused_after_all(server: Server, pack: Path) -> None:
    first = server.begin()
    write_rule(pack, "New.Rule")
    found = server.look()
    assert isinstance(found, Deployment)
    error = TrailcamError(Problem(code=code("rule_import"), message="it raises"))
    assert codes(server.deployments.failed(found, error)) == [code("rule_import")]
    assert (server.status(first.id), server.status(found.id)) == (Status.ACTIVE, Status.REFUSED)
    assert server.look() is None


def test_a_check_that_could_not_be_made_is_made_again(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.begin()
    write_rule(pack, "New.Rule")
    with no_worker_starts(server, monkeypatch):
        assert codes(server.look()) == [code("worker_broken")]
        assert server.look() is None, "it is told once"
    server.follow()


@pytest.mark.parametrize("bad", [False, True])
def test_new_packs_are_not_forgotten_when_the_state_fails(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch, bad: bool
) -> None:
    server.begin()
    written = write_rule(pack, "New.Rule")
    if bad:
        written.write_text("def\n")
    with the_state_is_locked(monkeypatch), pytest.raises(WorldError):
        server.look()
    if bad:
        assert codes(server.look()) == [code("rule_syntax")]
    else:
        assert ids_of_rules(server.follow()) == ["My.Rule", "New.Rule"]


def test_old_copies_are_removed_but_not_those_that_can_be_gone_back_to(server: Server, pack: Path) -> None:
    made = [server.begin().id]
    for number in range(KEPT + 4):
        write_rule(pack, top=f"# {number}")
        made.append(server.follow().id)
    assert server.look() is None
    assert server.copies() == set(made[-KEPT - 1 :])


# -- git -----------------------------------------------------------------------------------------------------


def test_a_branch_that_moves_is_followed_at_its_own_pace(server: Server, tmp_path: Path) -> None:
    repository = tmp_path / "rules"
    write_rule(repository, "Git.Rule")
    commit(repository)
    server.settings = replace(
        server.settings,
        packs=(git_pack(repository),),
        deploy=DeploySettings(check_seconds=10, git_seconds=60),
    )
    server.begin()
    write_rule(repository, "New.Rule")
    commit(repository)
    assert server.look(after=50) is None
    assert ids_of_rules(server.follow()) == ["Git.Rule", "New.Rule"]


def test_a_repository_that_does_not_answer_is_told_once_and_the_old_version_goes_on(
    server: Server, pack: Path, tmp_path: Path
) -> None:
    repository, away = tmp_path / "rules", tmp_path / "away"
    write_rule(repository, "Git.Rule")
    commit(repository)
    server.settings = replace(server.settings, packs=(pack, git_pack(repository)))
    server.begin()
    for _ in range(2):
        repository.rename(away)
        refused = server.look()
        assert codes(refused) == [code("git_refused")]
        assert isinstance(refused, Refused) and refused.world
        assert server.look() is None
        write_rule(pack, top=f"# {_}")
        server.follow()  # what is known of the repository stands, and folders go on
        away.rename(repository)
        assert server.look() is None
    write_rule(repository, "New.Rule")
    commit(repository)
    assert "New.Rule" in ids_of_rules(server.follow())


def test_a_push_that_the_world_failed_is_tried_again_where_folders_are_never_looked_at(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "rules"
    write_rule(repository, "Git.Rule")
    commit(repository)
    server.settings = replace(
        server.settings, packs=(git_pack(repository),), deploy=DeploySettings(check_seconds=0, git_seconds=60)
    )
    server.begin()
    write_rule(repository, "New.Rule")
    commit(repository)
    with no_worker_starts(server, monkeypatch):
        assert codes(server.look()) == [code("worker_broken")]
    assert ids_of_rules(server.follow()) == ["Git.Rule", "New.Rule"]
    assert server.look() is None


# -- wishes --------------------------------------------------------------------------------------------------


def test_a_reload_that_is_asked_for_is_answered_when_it_is_in_force(server: Server, pack: Path) -> None:
    server.begin()
    write_rule(pack, "New.Rule")
    wish = server.wish(What.RELOAD)
    found = server.look(after=0)
    assert isinstance(found, Deployment)
    assert found.by is By.RELOAD
    assert wishes.answered(server.home.database, wish) is None
    server.deployments.switched(found)
    assert server.answer(wish) == wishes.Answer(outcome=Outcome.SWITCHED, deployed_id=found.id)


def test_a_reload_of_what_is_in_force_changes_nothing(server: Server) -> None:
    first = server.begin()
    wish = server.wish(What.RELOAD)
    assert server.look(after=0) is None
    assert server.answer(wish) == wishes.Answer(outcome=Outcome.UNCHANGED, deployed_id=first.id)


def test_a_reload_tests_again_what_was_refused(server: Server, pack: Path) -> None:
    server.begin()
    write_rule(pack, "Bad.Rule").write_text("def\n")
    assert codes(server.look()) == [code("rule_syntax")]
    wish = server.wish(What.RELOAD)
    refused = server.look(after=0)
    assert codes(refused) == [code("rule_syntax")]
    answer = server.answer(wish)
    assert answer.outcome is Outcome.REFUSED
    assert [problem.code for problem in answer.reasons] == [code("rule_syntax")]
    assert isinstance(refused, Refused)
    assert answer.deployed_id == refused.id


def test_a_wish_is_granted_when_the_state_can_be_written_again(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.begin()
    write_rule(pack, "New.Rule")
    wish = server.wish(What.RELOAD)
    with the_state_is_locked(monkeypatch), pytest.raises(WorldError):
        server.look(after=0)
    found = server.look(after=0)
    assert isinstance(found, Deployment)
    server.deployments.switched(found)
    assert server.answer(wish).outcome is Outcome.SWITCHED


def test_a_wish_is_dropped_when_nobody_waits_any_more_for_the_state(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.begin()
    write_rule(pack, "New.Rule")
    soon = Micros(int((time.time() + 60) * 1_000_000))
    wish = wishes.ask(server.home.database, What.RELOAD, until=soon)
    with the_state_is_locked(monkeypatch), pytest.raises(WorldError):
        server.look(after=0)
    server.wall = time.time() + 61
    assert server.look(after=0) is None
    assert wishes.answered(server.home.database, wish) is None


def test_what_nobody_waits_for_any_more_is_not_done(server: Server) -> None:
    server.begin()
    late = wishes.ask(server.home.database, What.RELOAD, until=Micros(1))
    assert server.look(after=0) is None
    assert wishes.answered(server.home.database, late) is None


def test_a_server_that_is_ended_answers_nobody_and_refuses_nothing(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.begin()
    write_rule(pack, "New.Rule")

    def ended(_: Question) -> Good | Bad:
        server.deployments.close()
        return Bad(problems=(Problem(code=code("check_ended"), message="the check was ended"),))

    monkeypatch.setattr(server.checker, "check", ended)
    wish = server.wish(What.RELOAD)
    assert server.look(after=0) is None
    assert wishes.answered(server.home.database, wish) is None
    assert len(record.listed(server.home.database)) == 1


# -- going back ----------------------------------------------------------------------------------------------


def three_versions(server: Server, pack: Path) -> list[Deployment]:
    made = [server.begin()]
    for name in ("Second.Rule", "Third.Rule"):
        write_rule(pack, name)
        made.append(server.follow())
    return made


def test_going_back_brings_the_version_before_and_then_the_one_before_that(
    server: Server, pack: Path
) -> None:
    first, second, third = three_versions(server, pack)
    wish = server.wish(What.ROLLBACK)
    back = server.follow()
    assert (back.id, back.pack, back.by) == (second.id, second.pack, By.ROLLBACK)
    assert server.answer(wish) == wishes.Answer(outcome=Outcome.SWITCHED, deployed_id=second.id)
    assert server.status(third.id) is Status.ROLLED_BACK
    server.wish(What.ROLLBACK)
    assert server.follow().id == first.id
    assert server.status(second.id) is Status.ROLLED_BACK
    wish = server.wish(What.ROLLBACK)
    assert codes(server.look()) == [code("no_such_deployment")]
    assert server.answer(wish).outcome is Outcome.REFUSED


def test_tests_are_not_run_when_one_goes_back(server: Server, pack: Path) -> None:
    three_versions(server, pack)
    server.wish(What.ROLLBACK)
    server.follow()
    assert [question.tests for question in server.checker.asked] == [True, True, True, False]


def test_what_was_gone_back_from_comes_back_only_when_it_changes(server: Server, pack: Path) -> None:
    three_versions(server, pack)
    for _ in range(2):
        server.wish(What.ROLLBACK)
        server.follow()
        (pack / "my_rule.py").touch()
        assert server.look() is None
    assert ids_of_rules(another(server).begin()) == ["My.Rule"], "nor with the next server"
    write_rule(pack, "Fourth.Rule")
    assert ids_of_rules(server.follow()) == ["Fourth.Rule", "My.Rule", "Second.Rule", "Third.Rule"]


def test_what_was_gone_back_from_comes_back_when_it_is_asked_for(server: Server, pack: Path) -> None:
    _, _, third = three_versions(server, pack)
    server.wish(What.ROLLBACK)
    server.follow()
    server.wish(What.RELOAD)
    again = server.follow()
    assert again.pack == third.pack
    assert again.id != third.id


def test_one_can_go_back_to_a_version_by_name_but_not_to_one_that_never_was(
    server: Server, pack: Path
) -> None:
    first, _, third = three_versions(server, pack)
    write_rule(pack, "Bad.Rule").write_text("def\n")
    refused = server.look()
    assert isinstance(refused, Refused)
    server.wish(What.ROLLBACK, refused.id)
    assert codes(server.look()) == [code("no_such_deployment")]
    server.wish(What.ROLLBACK, third.id)
    assert server.look(after=0) is None
    server.wish(What.ROLLBACK, first.id)
    assert server.follow().id == first.id


def test_one_cannot_go_back_to_a_copy_that_is_damaged(server: Server, pack: Path) -> None:
    _, second, third = three_versions(server, pack)
    (server.home.path / "packs" / second.id / "snapshot.json").unlink()
    wish = server.wish(What.ROLLBACK)
    assert codes(server.look()) == [code("snapshot_damaged")]
    assert server.answer(wish).outcome is Outcome.REFUSED
    assert server.status(third.id) is Status.ACTIVE


def test_a_version_that_was_in_force_and_cannot_come_back_stays_what_it_was(
    server: Server, pack: Path
) -> None:
    _, second, third = three_versions(server, pack)
    wish = server.wish(What.ROLLBACK)
    found = server.look()
    assert isinstance(found, Deployment)
    server.deployments.failed(found, TrailcamError(Problem(code=code("rule_import"), message="it raises")))
    assert server.answer(wish).outcome is Outcome.REFUSED
    assert (server.status(second.id), server.status(third.id)) == (Status.SUPERSEDED, Status.ACTIVE)
    assert server.look() is None


def test_a_clock_that_is_set_back_does_not_change_what_one_goes_back_to(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = iter(range(100, 0, -1))
    monkeypatch.setattr(candidates, "ULID", lambda: ULID.from_timestamp(1_000_000 + 3600 * next(hours)))
    first, second, third = three_versions(server, pack)
    assert first.id > second.id > third.id
    assert [row.id for row in record.listed(server.home.database)] == [third.id, second.id, first.id]
    server.wish(What.ROLLBACK)
    assert server.follow().id == second.id
    write_rule(pack, "Fourth.Rule")
    assert isinstance(server.look(), Deployment), "it is ready"
    server.deployments.close()
    write_rule(pack, "Fifth.Rule")
    fifth = another(server).begin()
    statuses = {row.id: row.status for row in record.listed(server.home.database)}
    assert statuses.pop(fifth.id) is Status.ACTIVE
    assert Status.READY not in statuses.values()


def test_a_clock_that_is_set_back_leaves_the_copies_that_can_be_gone_back_to(
    server: Server, pack: Path
) -> None:
    made: list[str] = []
    for number in range(KEPT + 4):
        server.wall = 1_000_000 - number
        write_rule(pack, top=f"# {number}")
        made.append((server.follow() if made else server.begin()).id)
    assert server.look() is None
    assert server.copies() == set(made[-KEPT - 1 :])


# -- several processes ---------------------------------------------------------------------------------------


def test_what_another_server_has_ready_does_not_undo_that_one_goes_back(server: Server, pack: Path) -> None:
    first = server.begin()
    write_rule(pack, "Second.Rule")
    server.follow()
    other = another(server)
    other.begin()
    write_rule(pack, "Third.Rule")
    third = other.look()
    assert isinstance(third, Deployment)
    server.wish(What.ROLLBACK)
    assert server.follow().id == first.id
    assert not other.deployments.switched(third)
    assert server.status(third.id) is Status.ROLLED_BACK
    assert other.follow().id == first.id
    assert server.look() is other.look() is None, "what was ready stays away too"
    write_rule(pack, "Fourth.Rule")
    assert "Third.Rule" in ids_of_rules(other.follow())


def test_an_older_copy_of_the_packs_takes_no_place_of_a_newer_one(server: Server, pack: Path) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "Older.Rule")
    older = other.look()
    assert isinstance(older, Deployment)
    write_rule(pack, "Newer.Rule")
    server.wish(What.RELOAD)
    newer = server.follow()
    assert not other.deployments.switched(older)
    assert server.status(older.id) is Status.SUPERSEDED
    assert other.follow().id == newer.id
    assert other.look() is server.look() is None


def test_what_another_server_brought_meanwhile_is_followed_and_later_changes_are_not_lost(
    server: Server, pack: Path
) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "Older.Rule")
    older = server.look()
    assert isinstance(older, Deployment)
    write_rule(pack, "Newer.Rule")
    newer = other.look()
    assert isinstance(newer, Deployment)
    assert server.deployments.switched(older)
    assert not other.deployments.switched(newer)
    assert other.follow().id == older.id
    assert ids_of_rules(other.follow()) == ["My.Rule", "Newer.Rule", "Older.Rule"]


def test_a_version_that_is_gone_back_from_while_it_is_followed_does_not_come_back(
    server: Server, pack: Path
) -> None:
    first = server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "Second.Rule")
    second = server.follow()
    followed = other.look()
    assert isinstance(followed, Deployment)
    server.wish(What.ROLLBACK)
    server.follow()
    assert not other.deployments.switched(followed)
    assert server.status(second.id) is Status.ROLLED_BACK
    assert other.look() is None, "what it has is in force again"
    active = record.active(server.home.database)
    assert active is not None and active.id == first.id


def test_a_reload_that_a_newer_version_has_overtaken_is_answered_with_that(
    server: Server, pack: Path
) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "New.Rule")
    wish = server.wish(What.RELOAD)
    asked = server.look(after=0)
    assert isinstance(asked, Deployment)
    newer = other.follow()
    assert not server.deployments.switched(asked), "its copy is gone with the next cleaning"
    assert server.answer(wish) == wishes.Answer(outcome=Outcome.UNCHANGED, deployed_id=newer.id)
    assert server.follow().id == newer.id


def test_a_server_that_was_overtaken_while_it_began_begins_with_what_is_in_force(
    server: Server, pack: Path
) -> None:
    first = server.begin()
    write_rule(pack, "Second.Rule")
    server.follow()
    write_rule(pack, "Third.Rule")
    other = another(server)
    started = other.deployments.start()
    server.wish(What.ROLLBACK)
    server.follow()
    assert not other.deployments.switched(started.deployment)
    assert other.begin().id == first.id


def test_servers_of_one_home_follow_each_other(server: Server, pack: Path) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "New.Rule")
    new = other.follow()
    found = server.look(after=0)
    assert isinstance(found, Deployment)
    assert (found.id, found.pack) == (new.id, new.pack)
    assert [question.tests for question in server.checker.asked] == [True, False]
    server.deployments.switched(found)
    assert server.look() is None
    assert other.look() is None


def test_servers_that_deploy_the_same_at_once_end_with_one_version(server: Server, pack: Path) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "New.Rule")
    found = [server.look(), other.look()]
    for each, deployment in zip((server, other), found, strict=True):
        assert isinstance(deployment, Deployment)
        each.deployments.switched(deployment)
    for _ in range(3):
        for each in (server, other):
            deployment = each.look()
            if isinstance(deployment, Deployment):
                each.deployments.switched(deployment)
    active = record.active(server.home.database)
    assert active is not None
    assert server.look() is other.look() is None
    statuses = [row.status for row in record.listed(server.home.database)]
    assert statuses.count(Status.ACTIVE) == 1
    assert Status.READY not in statuses
    assert active.id in server.copies()


def test_a_wish_is_taken_by_one_server(server: Server) -> None:
    for _ in range(5):
        server.wish(What.RELOAD)
    taken: list[object] = []

    def take() -> None:
        while (wish := wishes.take(server.home.database, now=Micros(0))) is not None:
            taken.append(wish.id)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 5


def test_a_version_of_another_server_is_followed_when_the_world_lets_it(
    server: Server, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "New.Rule")
    new = other.follow()
    with no_worker_starts(server, monkeypatch):
        refused = server.look(after=0)
        assert codes(refused) == [code("worker_broken")]
        assert isinstance(refused, Refused) and refused.world
        assert server.look() is None, "it is told once"
    assert server.look(after=1) is None, "it rests before it is tried again"
    assert server.follow().id == new.id


def test_a_version_of_another_server_is_followed_that_no_line_could_be_made_for(
    server: Server, pack: Path
) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "New.Rule")
    new = other.follow()
    error = WorldError(Problem(code=code("disk_full"), message="no room"))
    for told in (True, False):
        found = server.look()
        assert isinstance(found, Deployment)
        refused = server.deployments.failed(found, error)
        assert (refused is not None) is told, "it is told once"
    assert server.follow().id == new.id


def test_a_version_of_another_server_that_is_not_well_here_is_not_tried_again(
    server: Server, pack: Path
) -> None:
    server.begin()
    other = another(server)
    other.begin()
    write_rule(pack, "New.Rule")
    other.follow()
    found = server.look()
    assert isinstance(found, Deployment)
    error = TrailcamError(Problem(code=code("rule_import"), message="it raises"))
    assert server.deployments.failed(found, error) is not None
    assert server.look() is None


# -- commands ------------------------------------------------------------------------------------------------


def ask(server: Server, what: What, **options: Any) -> wishes.Answer:
    return asking.ask(what, server.read, server.home, checker=server.checker, **options)


def test_without_a_server_it_is_done_at_once_and_the_next_begins_with_it(server: Server, pack: Path) -> None:
    assert not running.is_running(server.home)
    first = ask(server, What.RELOAD)
    assert first.outcome is Outcome.SWITCHED
    assert ask(server, What.RELOAD) == wishes.Answer(outcome=Outcome.UNCHANGED, deployed_id=first.deployed_id)
    write_rule(pack, "New.Rule")
    second = ask(server, What.RELOAD)
    assert ask(server, What.ROLLBACK).deployed_id == first.deployed_id
    started = another(server).deployments.start()
    assert started == Started(deployment=started.deployment)
    assert started.deployment.id == first.deployed_id
    write_rule(pack, "New.Rule").write_text("def\n")
    refused = ask(server, What.RELOAD, is_running=lambda _: False)
    assert refused.outcome is Outcome.REFUSED
    assert server.status(second.deployed_id) is Status.ROLLED_BACK


def test_a_server_that_runs_is_asked_and_waited_for(server: Server, pack: Path) -> None:
    server.begin()
    assert running.is_running(server.home)
    write_rule(pack, "New.Rule")
    answer = ask(server, What.RELOAD, pause=lambda _: server.follow() and None)
    assert answer.outcome is Outcome.SWITCHED
    server.deployments.close()
    assert not running.is_running(server.home)


def test_a_server_that_does_not_answer_is_told_and_the_wish_is_taken_back(server: Server) -> None:
    server.begin()
    with pytest.raises(WorldError) as caught:
        ask(server, What.RELOAD, seconds=0.2)
    (problem,) = caught.value.problems
    assert (problem.code, "nothing was done" in problem.message) == (code("server_silent"), True)
    assert wishes.take(server.home.database, now=Micros(0)) is None


def test_a_server_that_ends_while_it_is_waited_for_is_told(server: Server) -> None:
    server.begin()
    with pytest.raises(WorldError) as caught:
        ask(server, What.RELOAD, pause=lambda _: server.deployments.close())
    assert "the server has ended: nothing was done" in caught.value.problems[0].message


def test_what_a_server_has_taken_is_not_taken_back(server: Server) -> None:
    server.begin()

    def takes(_: float) -> None:
        wishes.take(server.home.database, now=Micros(0))

    with pytest.raises(WorldError) as caught:
        ask(server, What.RELOAD, seconds=0.3, pause=takes)
    assert "may still do" in caught.value.problems[0].message


def test_a_version_that_there_is_not_is_told_before_anybody_is_asked(server: Server) -> None:
    server.begin()
    with pytest.raises(TrailcamError) as caught:
        ask(server, What.ROLLBACK, deployed_id="01KAV7")
    assert caught.value.problems[0].code == code("no_such_deployment")
