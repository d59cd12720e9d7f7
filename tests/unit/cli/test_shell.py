"""What is printed as a command is one that bash reads back as it was meant."""

import subprocess

import pytest

from trailcam.cli.shell import quoted

WORDS = [
    "plain",
    "two words",
    "it's 5 o'clock",
    "two\nlines",
    'it\'s\ttwo\r\nlines \\n $HOME `id` "x" !!',
    "\x1b[2J\x07f00",
    "no\u00a0break, \u202ebackwards, \u00e9\n",
    "\U000e0001tag",
    "bytes \udcff\udc80 of a path",
    "",
    "-v\n",
]


def test_bash_reads_every_word_back() -> None:
    line = " ".join(map(quoted, WORDS))
    assert line.isprintable()
    command = ["bash", "-c", f"printf '%s\\0' {line}"]
    read = subprocess.run(command, check=True, capture_output=True, env={"LC_ALL": "C"}).stdout
    assert read.decode("utf-8", "surrogateescape").split("\0")[:-1] == WORDS


@pytest.mark.parametrize("word", ["nul \0", "half \ud800"])
def test_what_no_command_line_can_hold_is_refused(word: str) -> None:
    with pytest.raises(ValueError):
        quoted(word)
