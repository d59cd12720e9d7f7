import re

import pytest

from trailcam.errors import ERRORS, Problem, TrailcamError, WorldError, code, nearest


def test_codes_and_names_are_unique_and_have_their_form() -> None:
    assert len({entry.name for entry in ERRORS.values()}) == len(ERRORS)
    for key, entry in ERRORS.items():
        assert key == entry.code
        assert re.fullmatch(r"TC\d{4}", key)
        assert re.fullmatch(r"[a-z0-9_]+", entry.name)
        assert entry.title
        assert entry.cause.endswith(".")
        assert entry.cure.endswith(".")


def test_codes_stand_in_order() -> None:
    assert list(ERRORS) == sorted(ERRORS)


def test_a_problem_shows_code_place_and_cure() -> None:
    problem = Problem(
        code=code("unknown_key"), message="unknown key", path="x.yml", line=3, column=5, hint="h"
    )
    assert problem.render() == "error[TC0203]: unknown key\n  --> x.yml:3:5\n  hint: h"
    bare = Problem(code=code("unknown_key"), message="unknown key")
    assert bare.render() == f"error[TC0203]: unknown key\n  hint: {ERRORS['TC0203'].cure}"


def test_an_error_holds_all_its_problems() -> None:
    one, two = (Problem(code=code("bad_value"), message=str(n)) for n in range(2))
    assert TrailcamError(one).problems == (one,)
    assert TrailcamError([one, two]).problems == (one, two)
    assert (TrailcamError(one).exit_code, WorldError(one).exit_code) == (2, 3)


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("sourceIpAddress", ["sourceIPAddress", "awsRegion"], 'did you mean "sourceIPAddress"?'),
        ("severty", ["severity", "id"], 'did you mean "severity"?'),
        ("zzz", ["severity"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_word_is_named_when_one_is_near(word: str, known: list[str], hint: str) -> None:
    assert nearest(word, known) == hint
