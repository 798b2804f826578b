import numpy as np
import pytest
import torch

from sadal_core.evaluation.metrics import coverage
from sadal_core.evaluation.predict import age_logits, calibrated_temperature, predictions
from sadal_core.model import AgeModel
from tests.planted import planted_crops


def gaussian_logits(centres: np.ndarray, width: float) -> np.ndarray:
    return (-((np.arange(101) - centres[:, None]) ** 2) / (2 * width**2)).astype(np.float32)


@pytest.mark.parametrize("claimed", [2.0, 6.0, 15.0])
def test_the_temperature_makes_intervals_hold_four_ages_in_five(
    claimed: float, rng: np.random.Generator
) -> None:
    true = rng.integers(30, 70, 4000)
    logits = gaussian_logits(true + rng.normal(0, 6, 4000), claimed)
    temperature = calibrated_temperature(logits, true.astype(float))
    assert coverage(predictions(logits, true, temperature)) == pytest.approx(0.8, abs=0.01)
    # A Gaussian of width w has width w sqrt(T) at temperature T: it must come out as the error.
    assert claimed * np.sqrt(temperature) == pytest.approx(6, rel=0.1)


def test_a_temperature_out_of_reach_is_the_nearer_end() -> None:
    true = np.full(50, 20.0)
    assert calibrated_temperature(gaussian_logits(true + 60, 1), true) == pytest.approx(20)
    assert calibrated_temperature(gaussian_logits(true, 1), true) == pytest.approx(0.05)


def test_predictions_of_no_faces_are_empty() -> None:
    made = predictions(np.empty((0, 101), np.float32), np.empty(0), 1.0)
    assert all(len(column) == 0 for column in made)


def test_logits_of_many_crops_are_those_of_each() -> None:
    torch.manual_seed(0)
    model = AgeModel("resnet18-half").eval()
    images = list(planted_crops(70).images)  # more than one batch
    together = age_logits(model, images)
    assert together.shape == (70, 101)
    alone = age_logits(model, [images[66]])
    assert np.allclose(together[66], alone[0], atol=1e-4)
    assert age_logits(model, []).shape == (0, 101)
