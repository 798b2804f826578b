import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from sadal_core.methods.heads.losses import LOSSES, sord_labels

YEARS = (0, 1, 30, 31, 77, 100)


def logits(count: int = len(YEARS), *, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 2, (count, 101)))


def probabilities(row: list[float]) -> list[float]:
    total = sum(math.exp(value) for value in row)
    return [math.exp(value) / total for value in row]


def hard(p: list[float], age: int, strength: float) -> float:
    return -math.log(p[age])


def against(labels: list[float], p: list[float]) -> float:
    total = sum(labels)
    return -sum(label / total * math.log(p[k]) for k, label in enumerate(labels))


def gaussian(p: list[float], age: int, sigma: float) -> float:
    return against([math.exp(-((k - age) ** 2) / (2 * sigma**2)) for k in range(101)], p)


def mean(p: list[float]) -> float:
    return sum(k * p[k] for k in range(101))


def dldl_v2(p: list[float], age: int, strength: float) -> float:
    return gaussian(p, age, 2.0) + strength * abs(mean(p) - age)


def mean_variance(p: list[float], age: int, strength: float) -> float:
    """For one sample; the paper's weights are 0.2 and 0.05, a quarter of it."""
    off = 0.5 * (mean(p) - age) ** 2
    variance = sum(p[k] * (k - mean(p)) ** 2 for k in range(101))
    return -math.log(p[age]) + strength * off + strength / 4 * variance


def sord(p: list[float], age: int, alpha: float) -> float:
    return against([math.exp(-alpha * abs(k - age)) for k in range(101)], p)


REFERENCES: dict[str, Callable[[list[float], int, float], float]] = {
    "cross_entropy": hard,
    "gaussian": gaussian,
    "dldl_v2": dldl_v2,
    "mean_variance": mean_variance,
    "sord": sord,
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("strength", [0.2, 1.5])
def test_every_loss_is_the_published_formula(name: str, strength: float) -> None:
    given = logits()
    made = LOSSES[name](given, torch.tensor(YEARS).double(), strength=strength)
    rows = given.tolist()
    wanted = [REFERENCES[name](probabilities(row), age, strength)
              for row, age in zip(rows, YEARS, strict=True)]  # fmt: skip
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(made.numpy(), wanted, rtol=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_the_values(name: str) -> None:
    given = logits(3).requires_grad_()
    ages = torch.tensor([5.0, 40.0, 99.0]).double()  # expectations of noise are far from these
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, ages, strength=0.7), (given,))


@pytest.mark.parametrize("name", LOSSES)
def test_no_samples_have_no_losses_and_an_order_of_samples_is_kept(name: str) -> None:
    ages = torch.tensor(YEARS).double()
    made = LOSSES[name](logits(), ages, strength=1.0)
    turned = LOSSES[name](logits().flip(0), ages.flip(0), strength=1.0)
    np.testing.assert_allclose(turned.flip(0).numpy(), made.numpy())
    assert LOSSES[name](logits()[:0], ages[:0], strength=1.0).shape == (0,)


def test_losses_of_two_even_peaks_are_those_made_by_hand() -> None:
    """Half of the mass at 20 years and half at 40: mean 30, variance 100."""
    peaks = torch.full((1, 101), -100.0).double()
    peaks[0, [20, 40]] = 0.0
    age = torch.tensor([20.0]).double()
    assert LOSSES["cross_entropy"](peaks, age, strength=1.0).item() == pytest.approx(math.log(2))
    made = LOSSES["mean_variance"](peaks, age, strength=0.2).item()
    assert made == pytest.approx(math.log(2) + 0.2 * 50 + 0.05 * 100)
    pulled = LOSSES["dldl_v2"](peaks, age, strength=3.0) - LOSSES["gaussian"](
        peaks, age, strength=2.0
    )
    assert pulled.item() == pytest.approx(3 * 10)


def test_a_mean_variance_loss_without_strength_is_the_cross_entropy() -> None:
    ages = torch.tensor(YEARS).double()
    plain = LOSSES["cross_entropy"](logits(), ages, strength=1.0)
    np.testing.assert_allclose(LOSSES["mean_variance"](logits(), ages, strength=0.0), plain)


def test_soft_labels_fall_by_the_same_factor_with_every_year() -> None:
    labels = sord_labels(torch.tensor([40.0]).double(), alpha=0.5)[0].numpy()
    assert labels.sum() == pytest.approx(1)
    np.testing.assert_allclose(labels[41:] / labels[40:-1], math.exp(-0.5))
    np.testing.assert_allclose(labels[:40] / labels[1:41], math.exp(-0.5))


def test_steep_soft_labels_are_the_single_label() -> None:
    ages = torch.tensor(YEARS).double()
    plain = LOSSES["cross_entropy"](logits(), ages, strength=1.0)
    np.testing.assert_allclose(LOSSES["sord"](logits(), ages, strength=50.0), plain)


def test_soft_labels_beyond_the_grid_are_those_of_its_end() -> None:
    beyond = sord_labels(torch.tensor([120.0]).double(), alpha=1.0)
    np.testing.assert_array_equal(beyond, sord_labels(torch.tensor([100.0]).double(), alpha=1.0))
