import numpy as np
import pytest

from sadal_core.evaluation.perturbations import PERTURBATIONS, cropped, rotated, scaled, shifted


def picture(rng: np.random.Generator, height: int = 60, width: int = 90) -> np.ndarray:
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbation_makes_another_picture_and_always_the_same(
    name: str, rng: np.random.Generator
) -> None:
    plain = picture(rng)
    before = plain.copy()
    made = PERTURBATIONS[name](plain)
    assert (made.dtype, made.ndim, made.shape[2]) == (np.uint8, 3, 3)
    assert made.flags.c_contiguous
    np.testing.assert_array_equal(plain, before)
    assert made.shape != plain.shape or not np.array_equal(made, plain)
    np.testing.assert_array_equal(PERTURBATIONS[name](plain), made)
    assert not np.shares_memory(made, plain)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbation_takes_the_smallest_picture(name: str) -> None:
    assert PERTURBATIONS[name](np.full((1, 1, 3), 100, np.uint8)).size > 0


@pytest.mark.parametrize("name", ["blurred", "low_resolution", "compressed", "scaled", "noisy"])
def test_what_keeps_the_light_keeps_the_mean_colour(name: str, rng: np.random.Generator) -> None:
    ramp = np.repeat(np.linspace(60, 200, 90)[None, :, None], 60, axis=0)
    plain = (ramp * np.array([1.0, 0.8, 0.6])).astype(np.uint8)
    means = [one.mean(axis=(0, 1)) for one in (plain, PERTURBATIONS[name](plain))]
    np.testing.assert_allclose(means[0], means[1], atol=3)


def test_darkened_halves_and_brightened_stops_at_white() -> None:
    plain = np.full((4, 4, 3), 200, np.uint8)
    assert (PERTURBATIONS["darkened"](plain) == 100).all()
    assert (PERTURBATIONS["brightened"](plain) == 255).all()


def test_moves_are_of_the_sizes_that_are_told(rng: np.random.Generator) -> None:
    plain = picture(rng, 100, 200)
    np.testing.assert_array_equal(shifted(plain)[8:, 16:], plain[:-8, :-16])
    np.testing.assert_array_equal(cropped(plain), plain[8:-8, 16:-16])
    assert scaled(plain).shape == (75, 150, 3)
    line = np.zeros((101, 101, 3), np.uint8)
    line[50] = 255
    rows, columns = np.nonzero(rotated(line)[..., 0] > 150)
    slope = np.polyfit(columns, rows, 1)[0]
    assert abs(np.degrees(np.arctan(slope))) == pytest.approx(10, abs=1)
