"""Options and fixtures of the whole suite."""

import os
import signal

import pytest
from hypothesis import settings

# Tests start more than a thousand processes. Where bytecode is not kept, each of them compiles SQLAlchemy,
# PyIceberg and ourselves anew: two thirds of the time of a short command.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["TRAILCAM_CACHE"] = ""  # nothing is kept from one test to another, nor in the home of who tests

# A shell that starts a suite with `&` has it ignore interrupts, and every process of a test would too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines differ, so no example has a deadline. `HYPOTHESIS_PROFILE=long` is the thorough form, `few` that for
# a second interpreter, on which the same examples would be tried again.
settings.register_profile("short", deadline=None, max_examples=50)
settings.register_profile("few", deadline=None, max_examples=20)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


pytest_plugins = ["tests.servers.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what came out as what is expected; review the diff",
    )
    parser.addoption(
        "--full-size",
        action="store_true",
        help="slow tests in their full size, which takes most of an hour: 100 kills, 5 GB of standard input",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether `--update-golden` was given."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def full_size(request: pytest.FixtureRequest) -> bool:
    """Whether `--full-size` was given."""
    return bool(request.config.getoption("--full-size"))
