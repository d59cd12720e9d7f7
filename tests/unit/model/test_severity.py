import pytest

from trailcam.model.severity import Severity


def test_severities_are_ordered_by_gravity_and_not_by_letters() -> None:
    assert [each.name for each in sorted(Severity)] == ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


def test_case_does_not_matter() -> None:
    assert Severity.parse("cRiTiCaL") is Severity.CRITICAL


def test_another_word_is_refused_with_the_five_names() -> None:
    with pytest.raises(ValueError, match="INFO, LOW, MEDIUM, HIGH, CRITICAL"):
        Severity.parse("SEVERE")
