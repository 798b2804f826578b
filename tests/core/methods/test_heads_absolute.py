from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor
from sklearn.preprocessing import StandardScaler

from sadal_core.errors import ConfigError
from sadal_core.methods.heads.absolute import AbsoluteRegression
from tests.planted_faces import planted


def lines(x: np.ndarray, head: AbsoluteRegression) -> np.ndarray:
    return x.astype(np.float64) @ head.coef_ + head.intercept_


def test_no_line_is_less_off_than_the_one_that_is_found() -> None:
    x, ages = planted("features", 200, seed=0)
    head = AbsoluteRegression(penalty=0.0, iterations=500).fit(x, ages)
    best: Any = QuantileRegressor(quantile=0.5, alpha=0.0, solver="highs").fit(x, ages)
    off, least = np.abs(lines(x, head) - ages).mean(), np.abs(best.predict(x) - ages).mean()
    assert least > 0.5
    assert off - least < 0.02


def test_the_minimum_is_that_of_the_rounded_error_and_the_penalty() -> None:
    """The objective in loops is higher wherever one goes from what was found."""
    x, ages = planted("features", 60, seed=0)
    z: Any = StandardScaler().fit_transform(x.astype(np.float64))
    penalty = 0.05
    head = AbsoluteRegression(penalty=penalty, iterations=500).fit(x, ages)
    scale = x.astype(np.float64).std(axis=0)
    found = np.append(head.coef_ * scale, head.intercept_ + x.mean(axis=0) @ head.coef_)

    def objective(w: np.ndarray) -> float:
        total = 0.0
        for row, age in zip(z, ages, strict=True):
            off = abs(sum(a * b for a, b in zip(row, w[:-1], strict=True)) + w[-1] - age)
            total += off**2 if off < 0.5 else off - 0.25
        return total / len(z) + penalty * sum(w[:-1] ** 2)

    lowest, rng = objective(found), np.random.default_rng(0)
    for _ in range(50):
        assert objective(found + rng.normal(0, 0.1, len(found))) > lowest
    assert objective(found + 1e-4) - lowest < 1e-5


def test_where_nothing_is_told_the_age_is_the_median() -> None:
    ages = np.array([10.0, 20.0, 21.0, 60.0, 90.0])
    made = AbsoluteRegression().fit(np.ones((5, 2)), ages).predict(np.ones((1, 2)))
    np.testing.assert_allclose(made, [21], atol=0.5)


def test_ages_that_are_read_stay_within_a_life() -> None:
    x, ages = planted("features", 100, seed=0)
    made = AbsoluteRegression().fit(x, ages).predict(100 * x)
    assert made.min() == 0
    assert made.max() == 120


def test_a_negative_penalty_is_refused() -> None:
    with pytest.raises(ConfigError, match="penalty must be from 0"):
        AbsoluteRegression(penalty=-1.0).fit(*planted("features", 20, seed=0))
