"""The examples of the grammar's page are what the reader does."""

import json
import re

import pytest
from tests.docs.markdown import ROOT, text_of

from trailcam.codecs.json_grammar import Refused, decode

PAGE = text_of(ROOT / "docs" / "reference" / "json-grammar.md")
READ = re.findall(r"^\| `(.+)` \| `(.+)` \|$", PAGE, re.MULTILINE)
REFUSED = re.findall(r"^\| `(.+)` \| \[(TC\d{4})\]", PAGE, re.MULTILINE)


def test_the_page_has_examples_of_both() -> None:
    assert len(READ) >= 8
    assert len(REFUSED) >= 8


@pytest.mark.parametrize(("record", "value"), READ)
def test_a_record_is_read_as_the_page_says(record: str, value: str) -> None:
    assert repr(decode(record.encode())) == repr(json.loads(value))


@pytest.mark.parametrize(("record", "code"), REFUSED)
def test_a_record_is_refused_as_the_page_says(record: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(record.encode())
    assert refused.value.reason == code
