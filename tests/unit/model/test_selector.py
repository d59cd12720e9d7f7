"""What a selector names; how the line asks for it is told by the tests of `pipeline.enrich`."""

from trailcam.model.selector import selected


def test_selected_tells_values_by_text_and_whether_there_may_be_many() -> None:
    assert selected({"a": "x"}, {}, "a") == ({"x": "x"}, False)
    assert selected({"a": {"b": []}}, {}, "a.b") == ({}, True)
    assert selected({}, {"p_any_emails": ["e"]}, "p_any_emails") == ({"e": "e"}, True)
