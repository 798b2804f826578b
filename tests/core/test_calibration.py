from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from sadal_core.ages import GRID, summaries, summarise
from sadal_core.calibration import NORMAL_90, Calibration, standard_normal
from sadal_core.errors import ConfigError

UNCHANGED = Calibration((0.0,), (-NORMAL_90,), (NORMAL_90,))
STEEP = Calibration((0.0, 40.0, 80.0), (-0.4, -1.2, -0.7), (0.2, 1.0, 1.9))


def bells(*centres: float, width: float = 6.0) -> np.ndarray:
    masses = np.exp(-((GRID - np.array(centres)[:, None]) ** 2) / (2 * width**2))
    return masses / masses.sum(axis=1, keepdims=True)


def test_the_curves_of_a_normal_distribution_change_nothing() -> None:
    np.testing.assert_allclose(UNCHANGED(bells(3, 40, 99)), bells(3, 40, 99), atol=1e-9)


def test_mapped_masses_are_those_of_the_formula_in_a_slow_loop() -> None:
    (plain,) = bells(22)
    (mapped,) = STEEP(plain[None])
    cumulative = []
    for year in range(102):
        edge = year - 0.5
        low = np.interp(edge, STEEP.knots, STEEP.low)
        high = np.interp(edge, STEEP.knots, STEEP.high)
        z = ndtri(np.clip(plain[:year].sum(), 1e-12, 1 - 1e-12))
        cumulative.append(ndtr(ndtri(0.9) * (2 * z - low - high) / (high - low)))
    expected = np.diff(cumulative)
    np.testing.assert_allclose(mapped, expected / expected.sum(), atol=1e-8)
    assert np.abs(mapped - plain).max() > 0.005


def test_intervals_end_where_z_meets_the_curves() -> None:
    (plain,) = bells(47)
    _, low, high = summarise(STEEP(plain[None])[0])
    z = np.interp((low, high), np.arange(102) - 0.5, standard_normal(plain[None])[0])
    assert z[0] == pytest.approx(np.interp(low, STEEP.knots, STEEP.low), abs=0.02)
    assert z[1] == pytest.approx(np.interp(high, STEEP.knots, STEEP.high), abs=0.02)


def test_curves_that_lie_higher_move_the_interval_up() -> None:
    higher = Calibration((0.0,), (-NORMAL_90 + 0.5,), (NORMAL_90 + 0.5,))
    before, after = summaries(bells(50))[0], summaries(higher(bells(50)))[0]
    assert (after > before + 2).all()


@given(st.integers(0, 2**32 - 1))
def test_whatever_is_mapped_is_a_distribution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(-3, 2, 5)
    curves = Calibration(
        (0.0, 20.0, 40.0, 60.0, 80.0),
        tuple(low.tolist()),
        tuple((low + rng.uniform(0.3, 3, 5)).tolist()),
    )
    masses = curves(rng.dirichlet(np.full(101, 0.05), 4))
    assert (masses >= 0).all()
    np.testing.assert_allclose(masses.sum(axis=1), 1)


def test_no_faces_stay_no_faces() -> None:
    assert STEEP(np.empty((0, 101))).shape == (0, 101)


@pytest.mark.parametrize(
    "curves",
    [((), (), ()), ((0.0,), (-1.0,), ()), ((0.0, 0.0), (-1.0, -1.0), (1.0, 1.0)),
     ((0.0,), (1.0,), (1.0,)), ((float("nan"), 1.0), (-1.0, -1.0), (1.0, 1.0))],
)  # fmt: skip
def test_curves_that_make_no_distribution_are_refused(curves: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigError, match="A calibration needs"):
        Calibration(*curves)


@pytest.mark.parametrize("stored", [{}, {"knots": [0], "low": [-1]}, {"knots": 3}, [], 0.8])
def test_a_stored_calibration_without_its_curves_is_refused(stored: Any) -> None:
    with pytest.raises(ConfigError, match="A calibration needs lists of knots, low and high"):
        Calibration.restored(stored)
