"""Names of tables and columns are known without the library that writes them."""

import subprocess
import sys

import pytest

from trailcam.app.load import load_log_types
from trailcam.lake.names import OWN_NAMES, column_names
from trailcam.lake.tables import OWN, event_table
from trailcam.model.logtype import LogType


def test_the_names_are_those_of_the_tables() -> None:
    assert tuple(OWN) == OWN_NAMES


@pytest.mark.parametrize("log_type", load_log_types([]), ids=lambda log_type: log_type.name)
def test_the_columns_are_those_of_the_table(log_type: LogType) -> None:
    assert column_names(log_type) == event_table(log_type).schema.names


def test_names_are_had_without_the_library_that_writes_them() -> None:
    program = "import sys, trailcam.lake.names; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
