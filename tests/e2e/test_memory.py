"""Memory follows neither the size of a file nor that of a record; a tenth of each case, all of it with --full-size."""

import pytest
from bench.memory import CASES, run_case

MIB = 1 << 20

CHILD_BYTES = 250 * MIB
PARENT_BYTES = {"many_matches": 600 * MIB}
"""It holds the matches of a group, and those that it tells of: about 1.5 kB each."""

RECORDS = {"many_records": 1_000_000, "stream": 250_000, "large_records": 2_000, "many_matches": 200_000}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_parent_and_workers_stay_within_their_limits(case: str, full_size: bool) -> None:
    share = 1.0 if full_size else 0.1
    peak = run_case(case, share=share)
    print(peak)
    assert peak.records == RECORDS[case] * share
    assert peak.child_bytes < CHILD_BYTES
    assert peak.parent_bytes < PARENT_BYTES.get(case, 500 * MIB)
