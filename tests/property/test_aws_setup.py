"""Whatever is asked for is quoted: nothing of it is run, and every reader reads it as it was given."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from tests.aws_setups import KEY, SECURITY, TOPIC, setup

from trailcam.app.aws_setup import Setup, notification, policies, queues, script, source_section, template
from trailcam.app.aws_setup.forms import key_part_problem

_NASTY = "'\"\\`$(){};&|<>#!~%?:,- =\t@[]*\n\r\u2028é😀"

prefixes = (
    (st.text(st.characters(codec="utf-8") | st.sampled_from(_NASTY), max_size=40))
    .filter(lambda text: not key_part_problem(text) and not text.startswith(("/", "s3://")))
)  # fmt: skip
paths = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20).map(
    lambda text: f"x{text}/".replace("//", "/")
)
names = st.text(st.sampled_from("abz09_+=,.@-"), min_size=1, max_size=20)

setups = st.builds(
    lambda prefix, suffix, path, name, kind, account, topic, external_id, canary: setup(
        prefixes=[prefix],
        suffix="" if canary else suffix,
        principal=f"arn:aws:iam::{account}:{kind}/{path}{name}",
        topic=topic,
        kms_key=KEY,
        external_id=external_id if account == SECURITY else None,
        canary=canary,
    ),
    prefix=prefixes,
    suffix=prefixes,
    path=st.just("") | paths,
    name=names,
    kind=st.sampled_from(["role", "user"]),
    account=st.sampled_from([SECURITY, "111122223333"]),
    topic=st.none() | st.just(TOPIC),
    external_id=st.text(st.sampled_from("abz09_+=,.@:/-"), min_size=2, max_size=20),
    canary=st.booleans(),
)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an `aws` that writes down its arguments and answers what the script asks for."""
    folder = tmp_path_factory.mktemp("recorder")
    program = folder / "aws"
    program.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\0' \"$@\" >> '{folder}/calls'\n"
        f"printf '\\036\\0' >> '{folder}/calls'\n"
        'case "$*" in *get-caller-identity*) echo 111122223333 ;; *length*) echo 0 ;; esac\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


def calls(folder: Path, text: str) -> list[list[str]]:
    """The arguments of every `aws` of a script that was run by a real shell."""
    (folder / "calls").unlink(missing_ok=True)
    done = subprocess.run(
        ["sh"],
        input=text,
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (
        done.returncode,
        done.stderr.replace("warning: the bucket amzn-s3-demo-trail tells the topic nothing yet\n", ""),
    ) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["aws", "calls"]
    found = (folder / "calls").read_text(encoding="utf-8").split("\36\0")
    return [call.split("\0")[:-1] for call in found if call]


def option(found: list[list[str]], command: str, name: str) -> Any:
    """What a command was given for an option, which is JSON where it looks like it."""
    (value,) = [call[call.index(name) + 1] for call in found if command in call]
    return json.loads(value) if value.startswith("{") else value


@given(made=setups)
@example(made=setup(prefixes=["'; touch pwned; echo '$(touch pwned)`touch pwned`\"/"], suffix="'\"\\"))
def test_a_shell_reads_each_value_as_it_was_given_and_runs_none(recorder: Path, made: Setup) -> None:
    text = script(made)
    assert text.isascii()
    found = calls(recorder, text)
    kind = "role" if made.assumes else made.principal.kind
    assert option(found, f"put-{kind}-policy", "--policy-document") == policies.reading_policy(made)
    if made.assumes:
        assert option(found, "update-assume-role-policy", "--policy-document") == policies.trust_policy(made)
    sets = [call[call.index("--attributes") + 1] for call in found if "set-queue-attributes" in call]
    assert json.loads(json.loads(sets[1])["Policy"]) == policies.queue_policy(made)
    if not made.topic:
        told = option(found, "put-bucket-notification-configuration", "--notification-configuration")
        assert told == notification.configuration(made)


@given(made=setups)
def test_yaml_reads_each_value_as_it_was_given(made: Setup) -> None:
    text = template(made)
    assert text.isascii()
    assert not re.search(r"(^|\s)[&*]id\d", text)  # readers of templates know no anchors
    found = yaml.safe_load(text)["Resources"]
    if made.assumes:
        (may,) = found["Reader"]["Properties"]["Policies"]
        assert found["Reader"]["Properties"]["AssumeRolePolicyDocument"] == policies.trust_policy(made)
    else:
        may = found["ReaderPolicy"]["Properties"]
        holder = may["Roles" if made.principal.kind == "role" else "Users"]
        assert holder == [made.principal.name]
    assert may["PolicyDocument"] == policies.reading_policy(made)
    assert found["Objects"]["Properties"]["VisibilityTimeout"] == queues.VISIBILITY_SECONDS


@given(made=setups)
def test_toml_reads_each_value_as_it_was_given(made: Setup) -> None:
    (section,) = tomllib.loads(source_section(made))["sources"].values()
    assert section.get("prefixes", [""]) == list(made.prefixes)
    assert section.get("canary_place") == made.canary_place
    assert section.get("external_id") == made.external_id


@given(
    text=st.text(st.sampled_from("ab*?${}:/"), max_size=12),
    key=st.text(st.sampled_from("ab*?${}:/"), max_size=14),
)
def test_iam_matches_what_begins_with_a_text_and_nothing_else(text: str, key: str) -> None:
    assert iam_matches(f"{policies.literal(text)}*", key) == key.startswith(text)


def iam_matches(pattern: str, text: str) -> bool:
    """As IAM matches: `*` any text, `?` a character, `${c}` the character itself."""
    parts = re.split(r"(\$\{[*?$]\})", pattern)
    assert not any("${" in part for part in parts[::2]), "a variable is left"
    whole = "".join(re.escape(part[2]) if at % 2 else _wild(part) for at, part in enumerate(parts))
    return re.fullmatch(whole, text, re.DOTALL) is not None


def _wild(part: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in part)
