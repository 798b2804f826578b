from typing import Any

import numpy as np
import pytest

from sadal_core.errors import ConfigError, DataError
from sadal_core.methods.pixels.local_features import LocalBinaryRanker, patch_differences
from tests.planted_faces import planted


def pictures(count: int = 2, side: int = 24) -> np.ndarray:
    return np.random.default_rng(0).random((count, side, side)).astype(np.float32)


def window_mean(picture: np.ndarray, row: int, column: int, scale: int) -> float:
    """Mean of scale x scale px around a pixel; of an even scale, one px more before it."""
    before = scale // 2
    rows = picture[row - before : row - before + scale]
    return float(np.mean([line[column - before : column - before + scale] for line in rows]))


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_patches_hold_the_differences_to_their_middle(scale: int) -> None:
    faces = pictures(side=30)
    made = patch_differences(faces, (scale,))
    middles = list(range(2 * scale, 30 - 2 * scale, 2))
    assert made.shape == (2, len(middles), len(middles), 24)
    for i, j in ((1, 1), (2, 4), (4, 2)):
        row, column, expected = middles[i], middles[j], []
        for down in range(-2, 3):
            for right in range(-2, 3):
                if (down, right) != (0, 0):
                    there = row + down * scale, column + right * scale
                    value = window_mean(faces[1], *there, scale)
                    expected.append(value - window_mean(faces[1], row, column, scale))
        np.testing.assert_allclose(made[1, i, j], expected, atol=1e-6)


def test_scales_lie_side_by_side_around_the_same_centres() -> None:
    faces = pictures()
    both, wide = patch_differences(faces, (1, 2)), patch_differences(faces, (2,))
    assert both.shape == (2, 8, 8, 48)
    assert np.array_equal(both[..., 24:], wide)
    assert np.array_equal(both[..., :24], patch_differences(faces, (1,))[:, 1:9, 1:9])


def test_brightness_leaves_no_trace() -> None:
    faces = pictures()
    brighter = patch_differences(faces + 0.25, (1, 2))
    np.testing.assert_allclose(brighter, patch_differences(faces, (1, 2)), atol=1e-6)


def test_histograms_share_out_the_words_of_each_region() -> None:
    samples, ages = planted("pixels", 60, seed=0)
    fitted = LocalBinaryRanker(words=8).fit(samples, ages)
    made = fitted._histograms((samples[:5] / 255).reshape(5, 60, 60))
    assert made.shape == (5, 16 * 8)
    np.testing.assert_allclose(made.reshape(5, 16, 8).sum(axis=2), 1)
    assert made.std(axis=0).max() > 0.05


def test_pictures_that_cannot_be_cut_into_regions_are_refused() -> None:
    ages = np.array([10.0, 20.0, 30.0])
    with pytest.raises(DataError, match="3599 pixels are no square picture"):
        LocalBinaryRanker().fit(np.zeros((3, 3599)), ages)
    with pytest.raises(DataError, match="Pictures of 8 px are too small for patches of 5 px"):
        LocalBinaryRanker().fit(np.zeros((3, 64)), ages)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"scales": ()}, "scales and words"), ({"scales": (0, 1)}, "scales and words"),
     ({"words": 0}, "scales and words"), ({"bits": 25}, "bits must be from 1 to 24"),
     ({"tolerance": 0.0}, "tolerance must be above 0"), ({"C": 0.0}, "C must be above 0")],
)  # fmt: skip
def test_bad_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        LocalBinaryRanker(**settings).fit(*planted("pixels", 20, seed=0))
