import re

import pytest

from trailcam.settings.git_pack import GitPack, parse


def test_a_pack_from_git_is_written_as_pip_has_it() -> None:
    assert parse("git+https://git.example.com/team/rules.git@v1.2#subdirectory=packs/aws") == GitPack(
        url="https://git.example.com/team/rules.git", ref="v1.2", folder="packs/aws"
    )
    assert parse("git+ssh://git@git.example.com:2222/rules") == GitPack(
        url="ssh://git@git.example.com:2222/rules"
    )
    assert parse("git+file:///srv/rules.git@feature/new-rules") == GitPack(
        url="file:///srv/rules.git", ref="feature/new-rules"
    )


def test_a_written_pack_is_told_as_it_was_written_but_for_name_and_password() -> None:
    written = "git+https://git.example.com/rules.git@main#subdirectory=aws"
    assert str(parse(written)) == written
    secret = parse("git+https://alice:s3cret@git.example.com/rules.git@main")
    assert secret.url == "https://alice:s3cret@git.example.com/rules.git"
    assert str(secret) == "git+https://git.example.com/rules.git@main"
    assert "s3cret" not in repr(secret)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("git+https://git.example.com/r.git@--upload-pack=touch", "not the name of a branch"),
        ("git+https://git.example.com/r.git@-x", "not the name of a branch"),
        ("git+https://git.example.com/r.git@a..b", "not the name of a branch"),
        ("git+https://git.example.com/r.git@", "not the name of a branch"),
        ("git+https://git.example.com/r.git@a:b", "not the name of a branch"),
        ("git+https://git.example.com/r.git@main^{tree}", "not the name of a branch"),
        ("git+ssh://-oProxyCommand=touch/r.git", "names no host"),
        ("git+ssh://-x@git.example.com/r.git", "names no host"),
        ("git+https:///r.git", "names no host"),
        ("git+https://git.example.com", "names no repository"),
        ("git+https://git.example.com:port/r.git", "no URL"),
        ("git+ext::sh -c touch", "must begin with one of git+https, git+ssh, git+file"),
        ("git+http://git.example.com/r.git", "must begin with one of git+https, git+ssh, git+file"),
        ("git+file://relative/r.git", "git+file:///its/path"),
        ("git+https://git.example.com/a b", "cannot be seen"),
        ("git+https://git.example.com/a\nb", "cannot be seen"),
        ("git+https://git.example.com/r.git?x=1", "behind a ?"),
        ("git+https://git.example.com/r.git#egg=rules", "subdirectory=DIR"),
        ("git+https://git.example.com/r.git#subdirectory=../..", "inside of the repository"),
        ("git+https://git.example.com/r.git#subdirectory=a/../../b", "inside of the repository"),
        ("git+https://git.example.com/r.git#subdirectory=", "inside of the repository"),
    ],
)
def test_what_is_not_in_the_form_or_could_be_more_than_a_name_is_refused(written: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        parse(written)
