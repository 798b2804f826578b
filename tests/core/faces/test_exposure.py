import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.faces.align import OUTSIDE
from sadal_core.faces.exposure import WHITE, exposed, highlights


def face(bright: int, rng: np.random.Generator) -> np.ndarray:
    """Grey levels from 0 up to `bright`, a twentieth of them at that level."""
    made = rng.integers(0, bright + 1, (40, 40, 1), dtype=np.uint8)
    made[:2] = bright
    return np.repeat(made, 3, axis=2)


def test_an_ordinary_face_stays_as_it_is(rng: np.random.Generator) -> None:
    for bright in (WHITE, 200, 255):
        crop = face(bright, rng)
        assert np.array_equal(exposed(crop), crop)


@given(st.integers(WHITE // 8 + 1, WHITE - 1))
def test_the_highlights_of_a_dark_face_reach_the_level(bright: int) -> None:
    crop = face(bright, np.random.default_rng(bright))
    made = exposed(crop)
    assert made.max() == WHITE
    np.testing.assert_allclose(made, crop * (WHITE / bright), atol=0.5)
    assert np.array_equal(exposed(made), made)  # once is enough


def test_a_face_at_half_its_light_comes_back(rng: np.random.Generator) -> None:
    crop = face(WHITE, rng)
    half = (crop // 2).astype(np.uint8)
    assert np.abs(exposed(half).astype(int) - crop).max() <= 2


def test_hues_stay(rng: np.random.Generator) -> None:
    crop = np.empty((20, 20, 3), np.uint8)
    crop[:] = (80, 40, 20)
    made = exposed(crop)[0, 0].astype(float)
    np.testing.assert_allclose(made / made[0], (1, 0.5, 0.25), atol=0.01)


def test_what_lies_outside_the_picture_neither_counts_nor_changes(
    rng: np.random.Generator,
) -> None:
    crop = face(60, rng)
    crop[:, 20:] = OUTSIDE
    made = exposed(crop)
    assert np.array_equal(made[:, 20:], crop[:, 20:])
    assert made[:, :20].max() == WHITE


def test_a_border_that_blends_into_a_dark_face_does_not_count(rng: np.random.Generator) -> None:
    """As `align` leaves it where the picture ends inside the crop, at any angle."""
    picture = face(24, rng)
    turn = cv2.getRotationMatrix2D((20, 20), 30, 2.0)
    crop = cv2.warpAffine(
        picture, turn, (112, 112), borderMode=cv2.BORDER_CONSTANT, borderValue=OUTSIDE
    )
    assert (crop == np.array(OUTSIDE)).all(axis=2).mean() > 0.3
    assert highlights(crop) <= 24


def test_nearly_black_is_not_made_white(rng: np.random.Generator) -> None:
    crop = np.full((20, 20, 3), 2, np.uint8)
    assert exposed(crop).max() == 16
    nothing = np.zeros((20, 20, 3), np.uint8)
    assert np.array_equal(exposed(nothing), nothing)
    outside = np.empty((20, 20, 3), np.uint8)
    outside[:] = OUTSIDE
    assert np.array_equal(exposed(outside), outside)


@pytest.mark.parametrize("bright", [10, 100])
def test_none_leaves_every_crop(bright: int, rng: np.random.Generator) -> None:
    crop = face(bright, rng)
    assert exposed(crop, 0) is crop
