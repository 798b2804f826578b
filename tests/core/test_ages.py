import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sadal_core.ages import (
    DECADES,
    GRID,
    OLDEST,
    decade_index,
    decade_name,
    expectation,
    gaussian_labels,
    median,
    quantiles,
    summarise,
)
from sadal_core.errors import ConfigError

MASSES = arrays(np.float64, OLDEST + 1, elements=st.floats(0, 1, width=32)).filter(
    lambda masses: masses.sum() > 1e-3
)


@given(st.lists(st.floats(-5, 130), min_size=1, max_size=8), st.floats(0.5, 20))
def test_labels_are_gaussians_that_sum_to_one(ages: list[float], sigma: float) -> None:
    labels = gaussian_labels(torch.tensor(ages, dtype=torch.float64), sigma=sigma)
    for row, age in zip(labels.tolist(), ages, strict=True):
        centre = min(max(age, 0), 100)
        masses = [math.exp(-((k - centre) ** 2) / (2 * sigma**2)) for k in range(101)]
        np.testing.assert_allclose(row, [mass / sum(masses) for mass in masses], atol=1e-12)
        assert sum(row) == pytest.approx(1)


def test_a_label_away_from_the_ends_has_its_age_as_expectation() -> None:
    ages = torch.tensor([20.0, 35.5, 60.25], dtype=torch.float64)
    torch.testing.assert_close(
        expectation(gaussian_labels(ages, sigma=2.0)), ages, atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan")])
def test_a_label_width_that_is_not_above_zero_is_refused(sigma: float) -> None:
    with pytest.raises(ConfigError, match="sigma must be above 0 years"):
        gaussian_labels(torch.tensor([30.0]), sigma=sigma)


def test_the_expectation_of_one_certain_age_is_that_age() -> None:
    torch.testing.assert_close(expectation(torch.eye(101)), torch.arange(101.0))


def _slow_quantile(masses: np.ndarray, level: float) -> float:
    """Walk through the years until the wanted share is reached, then into the last one."""
    wanted, reached = level * masses.sum(), 0.0
    for year, mass in enumerate(masses):
        if mass > 0 and reached + mass >= wanted:
            return min(max(year - 0.5 + (wanted - reached) / mass, 0), OLDEST)
        reached += mass
    raise AssertionError("the distribution is empty")


@given(MASSES, st.floats(0.01, 0.99))
def test_the_quantile_agrees_with_a_walk_through_the_years(
    masses: np.ndarray, level: float
) -> None:
    found, expected = float(quantiles(masses[None], level)[0]), _slow_quantile(masses, level)
    # Between years of no mass every age is a quantile: then compare what lies below, not the age.
    edges = np.concatenate([GRID - 0.5, [OLDEST + 0.5]])
    below = np.concatenate([[0.0], np.cumsum(masses)])
    share = np.interp([found, expected], edges, below) / masses.sum()
    assert found == pytest.approx(expected, abs=1e-6) or share[0] == pytest.approx(
        share[1], abs=1e-6
    )


def test_quantiles_of_one_year_lie_inside_it() -> None:
    certain = np.zeros(101)
    certain[40] = 1
    assert [quantiles(certain[None], level)[0] for level in (0.1, 0.5, 0.9)] == pytest.approx(
        [39.6, 40, 40.4]
    )


@given(MASSES, st.floats(0.05, 0.99))
def test_the_interval_contains_the_age_and_both_stay_on_the_grid(
    masses: np.ndarray, coverage: float
) -> None:
    age, low, high = summarise(masses / masses.sum(), coverage=coverage)
    assert 0 <= low <= age <= high <= OLDEST
    assert age == pytest.approx(float(median(masses[None])[0]))


@given(MASSES)
def test_no_age_is_off_by_less_on_average_than_the_median(masses: np.ndarray) -> None:
    def off(age: float) -> float:  # each bin's mass is spread evenly over its year
        steps = GRID[:, None] + np.linspace(-0.495, 0.495, 100)
        return float((masses[:, None] * np.abs(steps - age)).sum() / masses.sum() / 100)

    (age,) = median(masses[None])
    others = np.append(np.linspace(0, OLDEST, 201), masses @ GRID / masses.sum())
    assert off(float(age)) <= min(map(off, others)) + 1e-3


@given(MASSES)
def test_the_interval_holds_at_least_its_share(masses: np.ndarray) -> None:
    _, low, high = summarise(masses / masses.sum())
    edges = np.concatenate([GRID - 0.5, [OLDEST + 0.5]])
    below = np.concatenate([[0.0], np.cumsum(masses / masses.sum())])
    start = 0.0 if low == 0 else np.interp(low, edges, below)
    end = 1.0 if high == OLDEST else np.interp(high, edges, below)
    assert end - start >= 0.8 - 1e-6


def test_a_wide_gaussian_has_the_interval_of_the_normal_distribution() -> None:
    probabilities = np.exp(-((GRID - 50) ** 2) / (2 * 8.0**2))
    age, low, high = summarise(probabilities / probabilities.sum())
    # 1.2816 standard deviations hold 80 % of a normal distribution.
    assert [age, low, high] == pytest.approx([50, 50 - 1.2816 * 8, 50 + 1.2816 * 8], abs=0.02)


def test_every_age_lies_in_the_decade_of_its_number() -> None:
    ages = np.array([0, 9.9, 10, 25, 79, 80, 99, 116])
    assert decade_index(ages).tolist() == [0, 0, 1, 2, 7, 8, 8, 8]
    for age, number in zip(ages, decade_index(ages), strict=True):
        low, high = DECADES[number]
        assert low <= age < high + 1
    assert [decade_name(low) for low, _ in DECADES][-2:] == ["70-79", "80+"]
