from pathlib import Path

import pytest

from trailcam.errors import TrailcamError, code
from trailcam.settings.git_pack import GitPack
from trailcam.settings.read import read_settings
from trailcam.settings.schema import DeploySettings, LimitSettings, Settings


def settings(tmp_path: Path, toml: str = "", **environment: str) -> Settings:
    if toml:
        (tmp_path / "trailcam.toml").write_text(toml)
    return read_settings(folder=tmp_path, environment=environment)


def problems(tmp_path: Path, toml: str = "", **environment: str) -> list[str]:
    with pytest.raises(TrailcamError) as caught:
        settings(tmp_path, toml, **environment)
    assert {problem.code for problem in caught.value.problems} == {code("bad_setting")}
    return [problem.render() for problem in caught.value.problems]


def test_without_a_file_the_defaults_stand(tmp_path: Path) -> None:
    assert settings(tmp_path) == Settings(limits=LimitSettings())


def test_sizes_are_numbers_or_have_units(tmp_path: Path) -> None:
    limits = settings(
        tmp_path, "[limits]\norigin_bytes = 4096\nrecord_bytes = '2 MiB'\nrule_seconds = 0.5\n"
    ).limits
    assert (limits.origin_bytes, limits.record_bytes, limits.rule_seconds) == (4096, 2 << 20, 0.5)
    assert limits.worker_bytes == LimitSettings().worker_bytes


def test_a_variable_stands_over_the_file(tmp_path: Path) -> None:
    limits = settings(
        tmp_path, "[limits]\norigin_bytes = 1\n", TRAILCAM_LIMITS_ORIGIN_BYTES="7 GiB", OTHER="x"
    ).limits
    assert limits.origin_bytes == 7 << 30


def test_every_mistake_is_told_at_once_with_the_nearest_key(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        "[limits]\nrecord_byte = 1\nrule_seconds = true\norigin_bytes = '5 parsecs'\n[limit]\n",
        TRAILCAM_LIMITS_RULE_SECOND="1",
        TRAILCAM_LIMITS_WORKER_BYTES="-3",
    )
    assert len(told) == 6
    for expected in (
        'did you mean "record_bytes"?', "limits.rule_seconds must be a number", "limits.origin_bytes must be a size",
        'did you mean "limits"?', 'did you mean "TRAILCAM_LIMITS_RULE_SECONDS"?', "TRAILCAM_LIMITS_WORKER_BYTES must be",
    ):  # fmt: skip
        assert any(expected in problem for problem in told), expected


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    assert "TOML" in problems(tmp_path, "[limits\n")[0]


def test_a_file_named_by_hand_must_exist(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as caught:
        read_settings(folder=tmp_path, environment={}, file=tmp_path / "gone.toml")
    assert caught.value.problems[0].code == code("path_not_found")


def test_the_home_is_seen_from_the_file_and_a_variable_stands_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/people/alice")
    assert read_settings(folder=tmp_path, environment={}).home == Path(".trailcam")
    (tmp_path / "trailcam.toml").write_text('home = "kept"')
    assert read_settings(folder=tmp_path, environment={}).home == tmp_path / "kept"
    (tmp_path / "trailcam.toml").write_text('home = "~/kept"')
    assert read_settings(folder=tmp_path, environment={}).home == Path("/people/alice/kept")
    environment = {"TRAILCAM_HOME": "~/other"}
    assert read_settings(folder=tmp_path, environment=environment).home == Path("/people/alice/other")
    environment = {"TRAILCAM_HOME": "~nobody-of-that-name/x"}
    assert read_settings(folder=tmp_path, environment=environment).home == Path("~nobody-of-that-name/x")


TABLE = """
[lookup_tables.noise]
path = "tables/noise.csv"
key = "ip"
[lookup_tables.noise.selectors]
"AWS.CloudTrail" = ["sourceIPAddress"]
"""


def test_a_lookup_table_is_seen_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (table,) = settings(tmp_path, TABLE).lookup_tables
    assert (table.name, table.path, table.format, table.key) == (
        "noise",
        tmp_path / "tables/noise.csv",
        "",
        "ip",
    )
    assert table.selectors == (("AWS.CloudTrail", ("sourceIPAddress",)),)


def test_every_mistake_in_a_lookup_table_is_told(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        '[lookup_tables."../x"]\npath = 1\nkeys = "ip"\n[lookup_tables."../x".selectors]\nT = ["a", "a"]\nU = []\n',
    )
    for expected in (
        "a name of letters",
        "path must be",
        'did you mean "key"?',
        'holds "a" twice',
        "of one or more",
    ):
        assert any(expected in problem for problem in told), expected
    assert any(
        "selectors" in problem for problem in problems(tmp_path, '[lookup_tables.x]\npath = "a.csv"\n')
    )


def test_what_is_wrong_in_a_table_is_told_with_the_name_of_the_table(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        '[lookup_tables.noise]\npath = "a.csv"\nprimary_key = "ip"\nselectors = {}\n'
        '[lookup_tables."of mine"]\nkey = "ip"\nselector = {T = ["a"]}\n',
    )
    assert [problem.partition("\n")[0] for problem in told] == [
        'error[TC0103]: unknown key "primary_key" in [lookup_tables.noise]',
        'error[TC0103]: unknown key "selector" in [lookup_tables."of mine"]',
        'error[TC0103]: missing key "path" in [lookup_tables."of mine"]',
        'error[TC0103]: missing key "selectors" in [lookup_tables."of mine"]',
    ]


@pytest.mark.parametrize(
    ("written", "name", "instead"), [("a.b", "a.b", "a_b"), ("a.b-c.d", "a.b-c.d", "a_b-c_d")]
)
def test_a_table_whose_name_has_dots_is_told_once(
    tmp_path: Path, written: str, name: str, instead: str
) -> None:
    table = f'[lookup_tables.{written}]\npath = "a.csv"\n[lookup_tables.{written}.selectors]\nT = ["a"]\n'
    said = f"error[TC0103]: the name of a lookup table has no dots; found [lookup_tables.{name}]"
    for more in ("", '[lookup_tables.a]\npath = "a.csv"\nselectors = {}\n'):
        (told,) = problems(tmp_path, table + more)
        assert told.splitlines()[0] == said
        assert told.splitlines()[2] == f"  hint: say [lookup_tables.{instead}]"


def test_a_key_that_holds_a_mapping_is_no_name_with_dots(tmp_path: Path) -> None:
    for value in ("{}", "{x = 1, y = {path = 1}}", '{T = ["a"]}'):
        text = f'[lookup_tables.a]\npath = "a.csv"\nselectors = {{}}\nother = {value}\n'
        (told,) = problems(tmp_path, text)
        assert 'unknown key "other" in [lookup_tables.a]' in told


def test_a_table_whose_name_has_dots_in_quotes_is_told_too(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, '[lookup_tables."a.b"]\npath = "a.csv"\nselectors = {}\n')
    assert "a name of letters, digits, `_`, `-` and blanks" in told
    assert 'found the text "a.b"' in told


def test_packs_are_folders_names_or_come_from_git(tmp_path: Path) -> None:
    (tmp_path / "detections").mkdir()
    read = settings(
        tmp_path,
        "packs = ['detections', 'aws_top5', 'git+https://git.example.com/r.git@v1#subdirectory=aws']\n",
    )
    assert read.packs == (
        tmp_path / "detections",
        Path("aws_top5"),
        GitPack(url="https://git.example.com/r.git", ref="v1", folder="aws"),
    )


def test_every_pack_from_git_that_is_not_understood_is_told_without_its_password(tmp_path: Path) -> None:
    secret = "git+https://alice:s3cret@git.example.com/r.git"
    toml = f"packs = ['{secret}@-x', '{secret}#egg=x', 'git+ftp://alice:s3cret@git.example.com/r']\n"
    with pytest.raises(TrailcamError) as caught:
        settings(tmp_path, toml)
    assert [problem.code for problem in caught.value.problems] == [code("bad_git_pack")] * 3
    assert "s3cret" not in str(caught.value)


def test_a_pack_from_git_that_is_named_twice_is_told_without_its_password(tmp_path: Path) -> None:
    secret = "git+https://alice:s3cret@git.example.com/r.git"
    (told,) = problems(tmp_path, f"packs = ['{secret}', '{secret}']\n")
    assert "twice" in told
    assert "s3cret" not in told


def test_how_often_a_server_looks_is_a_number_or_never(tmp_path: Path) -> None:
    read = settings(tmp_path, "[deploy]\ncheck_seconds = 0\n", TRAILCAM_DEPLOY_GIT_SECONDS="2.5")
    assert read.deploy == DeploySettings(check_seconds=0, git_seconds=2.5)
    assert settings(tmp_path, "[deploy]\n", TRAILCAM_DEPLOY_CHECK_SECONDS="0").deploy.check_seconds == 0
    for wrong in ("-1", "true", "'soon'", "inf"):
        (told,) = problems(tmp_path, f"[deploy]\ncheck_seconds = {wrong}\n")
        assert "must be a number of seconds, 0 for never" in told
    assert "0 for never" in problems(tmp_path, "home = 'x'", TRAILCAM_DEPLOY_CHECK_SECONDS="no")[0]
