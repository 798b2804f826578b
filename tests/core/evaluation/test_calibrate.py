import numpy as np
import pytest

from sadal_core.ages import GRID, decade_index, median
from sadal_core.calibration import NORMAL_90
from sadal_core.evaluation.calibrate import calibrate, cross_calibrated, fitted_calibration
from sadal_core.evaluation.metrics import coverage
from sadal_core.evaluation.predict import estimates, predictions
from sadal_core.model import AgeModel

WIDTH = 6.0


def skewed_faces(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Logits of bells of one width, and ages: the old are taken for too young, the young are not.

    The true spread grows from 2 years at birth to 10 at 80.
    """
    true = rng.integers(1, 90, count).astype(float)
    centres = true - 0.1 * np.maximum(true - 40, 0) + rng.normal(0, 2 + true / 10)
    logits = -((GRID - np.clip(centres, 0, 100)[:, None]) ** 2) / (2 * WIDTH**2)
    return logits, true


def softmax(logits: np.ndarray) -> np.ndarray:
    masses = np.exp(logits - logits.max(axis=1, keepdims=True))
    return masses / masses.sum(axis=1, keepdims=True)


def decade_coverages(probabilities: np.ndarray, true: np.ndarray) -> list[float]:
    made = estimates(median(probabilities), probabilities, true)
    member = decade_index(true)
    return [coverage(made.select(member == decade)) for decade in range(9)]


def test_new_faces_of_every_decade_lie_in_four_of_five_intervals(rng: np.random.Generator) -> None:
    known, new = skewed_faces(6000, rng), skewed_faces(6000, rng)
    plain = softmax(new[0])
    assert np.ptp(decade_coverages(plain, new[1])) > 0.3
    calibration = fitted_calibration(softmax(known[0]), known[1])
    assert decade_coverages(calibration(plain), new[1]) == pytest.approx([0.8] * 9, abs=0.05)


def test_a_decade_with_few_faces_leans_on_its_neighbours(rng: np.random.Generator) -> None:
    logits, true = skewed_faces(3000, rng)
    few = (decade_index(true) != 6) | (np.arange(3000) % 100 == 0)
    whole = fitted_calibration(softmax(logits), true)
    thinned = fitted_calibration(softmax(logits[few]), true[few])
    np.testing.assert_allclose(thinned.low, whole.low, atol=0.25)
    np.testing.assert_allclose(thinned.high, whole.high, atol=0.25)


def test_without_faces_nothing_is_calibrated() -> None:
    calibration = fitted_calibration(np.empty((0, 101)), np.empty(0))
    np.testing.assert_allclose(calibration.low, -NORMAL_90, atol=1e-9)
    np.testing.assert_allclose(calibration.high, NORMAL_90, atol=1e-9)


def test_the_interval_of_a_face_does_not_depend_on_its_own_unit(rng: np.random.Generator) -> None:
    logits, true = skewed_faces(300, rng)
    units = np.arange(300) // 3
    made = cross_calibrated(softmax(logits), true, units)
    other = true.copy()
    other[units == 7] = 90 - other[units == 7]
    moved = cross_calibrated(softmax(logits), other, units)
    np.testing.assert_array_equal(moved[units == 7], made[units == 7])
    assert not np.array_equal(moved, made)


def test_a_calibrated_model_keeps_its_ages_and_says_what_its_intervals_hold(
    tiny: AgeModel, rng: np.random.Generator
) -> None:
    logits, true = skewed_faces(600, rng)
    tiny.temperature = 0.5
    names = np.where(np.arange(600) < 400, "b", "a")
    made, record = calibrate(tiny, logits, true, np.arange(600), names)
    assert tiny.temperature == 1
    after = predictions(tiny, logits, true)
    np.testing.assert_allclose(after.age, median(softmax(logits)))
    np.testing.assert_array_equal(made.age, after.age)
    rows = {row["dataset"]: row for row in record["coverage"]}
    assert {name: row["n"] for name, row in rows.items()} == {"all": 600, "a": 200, "b": 400}
    assert rows["all"]["cross_fitted"] == coverage(made)
    assert rows["all"]["in_sample"] == coverage(after)
    for row in rows.values():
        assert sum(band["n"] for band in row["bands"]) == row["n"]
    mixed = sum(row["cross_fitted"] * row["n"] for name, row in rows.items() if name != "all")
    assert mixed / 600 == pytest.approx(coverage(made))
