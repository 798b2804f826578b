from typing import get_args

import pytest

from app import text
from sadal_core import errors
from sadal_core.errors import SadalError
from sadal_core.faces.quality import QualityWarning
from tests.fakes import BANDS, MANIFEST

NEVER_ON_THE_PAGE = (SadalError, errors.ProcessLostError)  # it trains in one process
ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SadalError) and kind not in NEVER_ON_THE_PAGE
]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_on_purpose_has_a_headline_and_speaks_for_itself(
    kind: type[SadalError],
) -> None:
    error = kind("The thing is broken. Mend it.")
    assert text.headline(error) != text.PROBLEM_TITLE
    assert text.sentence(error) == "The thing is broken. Mend it."


def test_headlines_tell_errors_apart() -> None:
    assert len({text.headline(kind("x")) for kind in ERRORS}) == len(ERRORS)


def test_an_unexpected_error_gives_no_internals_away() -> None:
    error = KeyError("secret_column")
    assert text.sentence(error) == text.UNEXPECTED
    assert "secret" not in text.headline(error) + text.sentence(error)


@pytest.mark.parametrize("name", get_args(QualityWarning))
def test_every_quality_warning_says_what_to_do(name: str) -> None:
    first, advice = text.WARNINGS[name].split(". ")
    assert first
    assert advice.split()[0] in {"Use", "Look", "Show"}


def test_warnings_that_the_core_does_not_know_are_not_explained() -> None:
    assert set(text.WARNINGS) == set(get_args(QualityWarning))


def test_the_measured_error_names_band_count_error_and_training_faces() -> None:
    sentence = text.band_error(BANDS[4])
    for part in ("40–49", "240", "5.0 years", "2\u202f040", "81\u00a0%", "1.0 years too young"):
        assert part in sentence


def test_the_open_band_is_named_in_words_and_a_small_bias_is_not_mentioned() -> None:
    assert "80 or older" in text.band_error(BANDS[-1])
    assert "too" not in text.band_error(BANDS[0])


def test_training_data_are_named_with_their_sizes_and_the_overall_error() -> None:
    sentence = text.training_data(MANIFEST)
    assert "UTKFace (19\u202f000 faces) and AAF (11\u202f000 faces)" in sentence
    assert "4.9 years over 3\u202f400 held-out faces" in sentence
    assert "80\u00a0% intervals hold 80\u00a0% of their ages" in sentence


def test_a_manifest_without_numbers_claims_nothing() -> None:
    assert text.training_data({"metrics": {}, "bands": []}) == ""


def test_the_page_says_what_it_must() -> None:
    assert "age verification" in text.NOT_FOR_VERIFICATION
    assert "machine that runs this page" in text.PRIVACY
