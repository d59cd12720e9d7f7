"""The servers as fixtures: each is started when the first test asks for it, once per worker of the suite."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # libraries of AWS take a third of a second, which other tests need not pay
    from tests.servers.ministack import Ministack
    from tests.servers.seaweed import Seaweed


@pytest.fixture(scope="session")
def _ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Ministack"]:
    from tests.servers.ministack import ministack

    with ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture
def ministack(_ministack: "Ministack") -> Iterator["Ministack"]:
    """A server of SQS, SNS, S3 and STS that holds nothing."""
    yield _ministack
    _ministack.reset()


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Seaweed"]:
    """A server of S3; every test takes a bucket of its own name."""
    from tests.servers.seaweed import seaweed

    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server
