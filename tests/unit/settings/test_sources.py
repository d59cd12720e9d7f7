"""Settings of sources and of the pace of what runs for long."""

from pathlib import Path

import pytest

from trailcam.errors import TrailcamError, code
from trailcam.settings.read import read_settings
from trailcam.settings.schema import LiveSettings, Settings
from trailcam.settings.sources import CANARY_WITHIN_SECONDS, TRIES, SourceSettings

QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/trail"


def read(folder: Path, text: str, **environment: str) -> Settings:
    (folder / "trailcam.toml").write_text(text)
    return read_settings(folder=folder, environment=environment)


def refused(folder: Path, text: str, **environment: str) -> list[tuple[str, str]]:
    with pytest.raises(TrailcamError) as wrong:
        read(folder, text, **environment)
    assert {problem.code for problem in wrong.value.problems} == {code("bad_setting")}
    return [(problem.message, problem.hint) for problem in wrong.value.problems]


def test_sources_come_by_name_with_what_is_written_for_their_type(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        f"""
[sources.trail]
type = "s3"
queue = "{QUEUE}"
prefixes = ["AWSLogs/"]
role_arn = "arn:aws:iam::444455556666:role/reader"
tries = 2
canary_seconds = 60
canary_place = "s3://example-trail/canary/"

[sources.drop]
type = "folder"
path = "logs"
""",
    )
    assert settings.sources == (
        SourceSettings(name="drop", type="folder", options={"path": tmp_path / "logs"}),
        SourceSettings(
            name="trail",
            type="s3",
            tries=2,
            canary_seconds=60,
            options={
                "queue": QUEUE,
                "prefixes": ["AWSLogs/"],
                "role_arn": "arn:aws:iam::444455556666:role/reader",
                "canary_place": "s3://example-trail/canary/",
            },
        ),
    )
    drop = settings.sources[0]
    assert (drop.tries, drop.canary_seconds, drop.canary_within_seconds) == (TRIES, 0, CANARY_WITHIN_SECONDS)


def test_a_path_is_seen_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def path_of(written: str) -> Path:
        settings = read(tmp_path, f'[sources.a]\ntype = "folder"\npath = "{written}"\n')
        return Path(settings.sources[0].options["path"])

    monkeypatch.setenv("HOME", "/their-home")
    assert path_of("../logs") == tmp_path / "../logs"
    assert path_of("/var/log") == Path("/var/log")
    assert path_of("~/logs") == Path("/their-home/logs")


def test_without_sources_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path, "").sources == ()
    assert read(tmp_path, "[sources]").sources == ()


def test_a_type_that_there_is_not_is_one_problem_with_the_nearest_one(tmp_path: Path) -> None:
    ((message, hint),) = refused(tmp_path, '[sources.a]\ntype = "folders"\nqueue = "x"\n')
    assert "folder, s3" in message
    assert "[sources.a]" in message or "type" in message
    assert "folder" in hint


@pytest.mark.parametrize("written", ['path = "logs"', "type = 7", "type = []"])
def test_a_source_without_a_type_is_told_what_it_needs(tmp_path: Path, written: str) -> None:
    ((message, _),) = refused(tmp_path, f"[sources.a]\n{written}\n")
    assert "type" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources = 7", "sources"),
        ("[sources]\na = 7", "a"),
        ('[sources."a b"]\ntype = "folder"\npath = "x"', "a name of letters"),
        ('[sources."a/b"]\ntype = "folder"\npath = "x"', "a name of letters"),
        ('[sources."ü"]\ntype = "folder"\npath = "x"', "a name of letters"),
        ('[sources.a.b]\ntype = "folder"\npath = "x"', "type"),
        ('[sources.a]\ntype = "folder"', "path"),
        ('[sources.a]\ntype = "folder"\npath = 7', "path"),
        ('[sources.a]\ntype = "folder"\npath = "x"\nquiet_seconds = -1', "quiet_seconds"),
        ('[sources.a]\ntype = "folder"\npath = "x"\ntries = 0', "tries"),
        ('[sources.a]\ntype = "folder"\npath = "x"\ncanary_seconds = 0', "canary_seconds"),
        ('[sources.a]\ntype = "s3"', "queue"),
        ('[sources.a]\ntype = "s3"\nqueue = "arn:aws:sqs:eu-central-1:111122223333:trail"', "queue"),
        ('[sources.a]\ntype = "s3"\nqueue = "https://"', "queue"),
        ('[sources.a]\ntype = "s3"\nqueue = "http:///trail"', "queue"),
        ('[sources.a]\ntype = "s3"\nqueue = "https://user@example.com/trail"', "queue"),
        (f'[sources.a]\ntype = "s3"\nqueue = "{QUEUE}"\nendpoint = "http://"', "endpoint"),
        (f'[sources.a]\ntype = "s3"\nqueue = "{QUEUE}"\nrole_arn = "reader"', "role_arn"),
        (f'[sources.a]\ntype = "s3"\nqueue = "{QUEUE}"\nprefixes = ["a", "a"]', "prefixes"),
        (f'[sources.a]\ntype = "s3"\nqueue = "{QUEUE}"\npollers = 0', "pollers"),
        (f'[sources.a]\ntype = "s3"\nqueue = "{QUEUE}"\ncanary_place = "example-trail"', "canary_place"),
    ],
)
def test_what_is_wrong_is_one_problem_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    ((message, _),) = refused(tmp_path, text)
    assert said in message


def test_a_key_that_another_type_has_is_unknown(tmp_path: Path) -> None:
    ((message, _),) = refused(tmp_path, f'[sources.a]\ntype = "folder"\npath = "x"\nqueue = "{QUEUE}"')
    assert "queue" in message


def test_a_key_that_is_misspelt_comes_with_the_nearest_one(tmp_path: Path) -> None:
    ((message, hint),) = refused(tmp_path, '[sources.a]\ntype = "folder"\npath = "x"\nquiet_second = 1')
    assert "quiet_second" in message
    assert "quiet_seconds" in hint


def test_all_that_is_wrong_with_all_sources_comes_at_once(tmp_path: Path) -> None:
    text = '[sources.a]\ntype = "folder"\nnope = 1\n[sources.b]\ntype = "s3"\npollers = "x"\n'
    assert len(refused(tmp_path, text)) == 4


def test_the_pace_is_read_and_a_variable_stands_over_it(tmp_path: Path) -> None:
    assert read(tmp_path, "").live == LiveSettings()
    text = '[live]\ngroup_seconds = 0.5\npublish_seconds = 60\nwait_seconds = 20\nahead_bytes = "1 GiB"\n'
    assert read(tmp_path, text).live == LiveSettings(
        group_seconds=0.5, publish_seconds=60, wait_seconds=20, ahead_bytes=1 << 30
    )
    live = read(tmp_path, text, TRAILCAM_LIVE_WAIT_SECONDS="1", TRAILCAM_LIVE_AHEAD_BYTES="2 MiB").live
    assert (live.wait_seconds, live.ahead_bytes, live.group_seconds) == (1, 2 << 20, 0.5)


@pytest.mark.parametrize(
    "text",
    ["group_seconds = 0", "publish_seconds = -1", 'wait_seconds = "long"', "ahead_bytes = 0", "ahead = 1", "wait_seconds = nan"],
)  # fmt: skip
def test_a_pace_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    ((message, _),) = refused(tmp_path, f"[live]\n{text}\n")
    assert text.partition(" ")[0] in message


def test_there_is_no_variable_for_a_source(tmp_path: Path) -> None:
    ((message, _),) = refused(tmp_path, "", TRAILCAM_SOURCES="{}")
    assert "TRAILCAM_SOURCES" in message
