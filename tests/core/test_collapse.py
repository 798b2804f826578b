import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from sadal_core.collapse import (
    Alarm,
    CollapseReport,
    active_fraction,
    copy_ratio,
    effective_rank,
    midpoint_residual,
    order_correlation,
    order_violations,
    total_variance,
)
from tests import reference

HEALTHY = CollapseReport(
    total_variance=0.5,
    effective_rank=6.0,
    copy_ratio=0.4,
    midpoint_residual=0.2,
    adversary_active=0.3,
    metric_active=0.6,
    order_correlation=0.7,
    order_violations=0.2,
)


def test_the_variance_is_the_mean_squared_distance_from_the_mean(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(9, 3)) + 5
    mean = [sum(column) / 9 for column in zip(*rows.tolist(), strict=True)]
    expected = sum(reference.d(row, mean) for row in rows.tolist()) / 9
    assert total_variance(rows) == pytest.approx(expected)
    assert total_variance(np.ones((4, 3), np.float32)) == 0
    assert total_variance(rows[:1]) == 0
    assert math.isnan(total_variance(rows[:0]))


def test_the_effective_rank_is_the_entropy_of_the_singular_values() -> None:
    # Two rows per axis, at a distance of s on either side: s is that axis's singular value.
    spread = np.diag([3.0, 2.0, 1.0])
    rows = np.vstack([spread, -spread]) + 7
    assert effective_rank(rows) == pytest.approx(reference.effective_rank([3, 2, 1]))
    assert effective_rank(np.vstack([np.eye(4), -np.eye(4)])) == pytest.approx(4)
    assert effective_rank(np.outer(np.arange(5.0), [1, 2, 3])) == pytest.approx(1, abs=1e-6)


def test_points_that_coincide_have_no_rank() -> None:
    assert effective_rank(np.full((6, 5), 0.1)) == 0
    assert effective_rank(np.full((1, 5), 0.1)) == 0
    assert math.isnan(effective_rank(np.zeros((0, 5))))


def test_the_copy_ratio_and_the_residual_say_where_the_generated_negative_lies() -> None:
    anchor, source = np.zeros((5, 2)), np.tile([4.0, 0], (5, 1))
    made = np.array([[0, 0], [4, 0], [2, 0], [1, 0], [2, 3.0]])
    assert copy_ratio(made, anchor, source) == pytest.approx([0, 1, 0.5, 0.25, 13**0.5 / 4])
    assert midpoint_residual(made, anchor, source) == pytest.approx([0.5, 0.5, 0, 0.25, 0.75])
    shift = np.array([3.0, -2])
    moved = copy_ratio(made + shift, anchor + shift, source + shift)
    assert moved == pytest.approx(copy_ratio(made, anchor, source))
    assert np.isnan(copy_ratio(made, anchor, anchor)).all()
    assert midpoint_residual(made[:0], anchor[:0], source[:0]).shape == (0,)


def test_the_active_fraction_counts_hinges_above_zero() -> None:
    assert active_fraction(np.array([0.0, 0.1, 2.0, 0.0])) == 0.5
    assert active_fraction(np.array([True, False, False, False])) == 0.25
    assert math.isnan(active_fraction(np.zeros(0)))


def test_the_order_correlation_is_spearmans(rng: np.random.Generator) -> None:
    ages = rng.integers(0, 80, 40)
    rows = np.stack([ages / 80 + rng.normal(0, 0.3, 40), rng.normal(0, 0.3, 40)], axis=1)
    first, second = np.triu_indices(40, 1)
    distances = [
        reference.d(*pair) for pair in zip(rows[first].tolist(), rows[second].tolist(), strict=True)
    ]
    expected = spearmanr(distances, np.abs(ages[first] - ages[second]))[0]
    assert 0.2 < expected < 0.9
    assert order_correlation(rows, ages, rng=rng) == pytest.approx(expected, abs=0.03)
    line = (ages / 80)[:, None]
    assert order_correlation(line, ages, rng=rng) == pytest.approx(1, abs=1e-3)


def test_the_violations_are_those_of_all_triplets(rng: np.random.Generator) -> None:
    ages = rng.integers(0, 80, 25)
    rows = np.stack([ages / 80 + rng.normal(0, 0.2, 25), rng.normal(0, 0.2, 25)], axis=1)
    expected = reference.violations(rows.tolist(), ages.tolist())
    assert 0.1 < expected < 0.45
    assert order_violations(rows, ages, rng=rng) == pytest.approx(expected, abs=0.02)
    line = (ages.astype(float))[:, None]
    assert order_violations(line, ages, rng=rng) == 0
    assert order_violations(np.zeros((25, 2)), ages, rng=rng) == 1


def test_what_cannot_be_told_is_not_a_number(rng: np.random.Generator) -> None:
    for measure in (order_correlation, order_violations):
        for size in (0, 1):
            assert math.isnan(measure(np.zeros((size, 2)), np.zeros(size, int), rng=rng))
        assert math.isnan(measure(rng.normal(size=(9, 2)), np.full(9, 30), rng=rng))
    assert math.isnan(order_correlation(np.zeros((9, 2)), np.arange(9), rng=rng))
    unknown = CollapseReport(*[math.nan] * 8)
    assert unknown.alarms() == ()


@pytest.mark.parametrize(
    ("planted", "alarm"),
    [
        ({"total_variance": 5e-4}, Alarm.EMBEDDING_POINT),
        ({"effective_rank": 1.2}, Alarm.EMBEDDING_LINE),
        ({"copy_ratio": 0.02}, Alarm.COPIES_ANCHOR),
        ({"copy_ratio": 0.97}, Alarm.COPIES_SOURCE),
        ({"copy_ratio": 1.03}, Alarm.COPIES_SOURCE),
        ({"midpoint_residual": 0.05}, Alarm.MIDPOINT),
        ({"adversary_active": 0.005}, Alarm.INERT_ADVERSARY),
        ({"metric_active": 0.0}, Alarm.IDLE_METRIC),
        ({"metric_active": 1.0}, Alarm.UNSATISFIED_METRIC),
        ({"order_correlation": -0.2}, Alarm.NO_ORDER),
    ],
)
def test_each_planted_failure_rings_its_own_alarm(planted: dict, alarm: Alarm) -> None:
    assert HEALTHY.alarms() == ()
    assert dataclasses.replace(HEALTHY, **planted).alarms() == (alarm,)
