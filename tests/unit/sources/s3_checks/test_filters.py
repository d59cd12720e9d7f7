"""What filters of a notification let through."""

from trailcam.app.aws_setup.notification import filter_value
from trailcam.sources.s3_checks.filters import KeyFilter, key_filter, lets_through, passing


def test_a_filter_is_read_as_setup_writes_it() -> None:
    rules = [
        {"Name": "Prefix", "Value": filter_value("exports for/year=2026")},
        {"Name": "suffix", "Value": ".json.gz"},
    ]
    read = key_filter({"Filter": {"Key": {"FilterRules": rules}}})
    assert read == KeyFilter("exports for/year=2026", ".json.gz")
    assert str(read) == "begin exports for/year=2026 and end .json.gz"
    assert key_filter({}) == KeyFilter()


def test_prefixes_pass_whole_in_part_or_not_at_all() -> None:
    narrow = KeyFilter("AWSLogs/111122223333/CloudTrail")
    found = passing(("AWSLogs/111122223333/CloudTrail/eu", "AWSLogs/", "exports/"), [narrow])
    assert found.whole == ("AWSLogs/111122223333/CloudTrail/eu",)
    assert found.in_part == (("AWSLogs/", narrow),)
    assert found.nothing == ("exports/",)


def test_who_wants_everything_gets_what_a_filter_lets_through() -> None:
    assert passing((), [KeyFilter()]).whole == ("",)
    assert passing((), [KeyFilter("a")]).in_part == (("", KeyFilter("a")),)
    assert passing((), []).nothing == ("",)


def test_one_of_several_filters_is_enough() -> None:
    filters = [KeyFilter("a/", ".gz"), KeyFilter("b/")]
    assert lets_through("a/x.gz", filters)
    assert lets_through("b/x", filters)
    assert not lets_through("a/x", filters)
