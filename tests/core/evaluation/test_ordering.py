import json

import numpy as np
import pytest

from sadal_core.collapse import order_correlation
from sadal_core.errors import DataError
from sadal_core.evaluation import ordering
from sadal_core.evaluation.metric_report import measured_metric, metric_report
from sadal_core.evaluation.ordering import gap_curve, order_interval


def test_the_curve_is_that_of_all_pairs(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "_BLOCK", 60)  # several blocks
    ages, embeddings = rng.integers(30, 36, 25), rng.normal(0, 1, (25, 3))
    curve = gap_curve(embeddings, ages)
    for gap in range(6):
        distances = [
            ((embeddings[m] - embeddings[n]) ** 2).sum()
            for m in range(25)
            for n in range(m)
            if abs(ages[m] - ages[n]) == gap
        ]
        assert curve.pairs[gap] == len(distances)
        assert curve.mean[gap] == pytest.approx(np.mean(distances))
        assert curve.deviation[gap] == pytest.approx(np.std(distances))
    assert curve.pairs.sum() == 25 * 24 / 2


def test_a_gap_that_no_pair_has_is_unknown() -> None:
    curve = gap_curve(np.array([[0.0], [3.0]]), np.array([20, 22]))
    assert curve.pairs.tolist() == [0, 0, 1]
    assert np.isnan(curve.mean[:2]).all()
    assert curve.mean[2] == 9
    assert len(gap_curve(np.empty((0, 2)), np.empty(0, int)).gaps) == 0


def test_the_interval_covers_the_correlation_and_narrows_with_more_faces(
    rng: np.random.Generator,
) -> None:
    widths = []
    for count in (60, 1000):
        ages = rng.integers(0, 80, count)
        embeddings = ages[:, None] + rng.normal(0, 15, (count, 1))
        point = order_correlation(embeddings, ages, rng=rng)
        low, high = order_interval(embeddings, ages, np.arange(count), rng=rng, draws=60)
        assert 0 < low < point < high < 1
        widths.append(high - low)
    assert widths[1] < 0.5 * widths[0]


def test_one_unit_has_no_interval(rng: np.random.Generator) -> None:
    low, high = order_interval(np.zeros((3, 1)), np.array([1, 2, 3]), np.zeros(3, int), rng=rng)
    assert np.isnan([low, high]).all()


def test_a_report_of_a_perfect_metric_says_so_and_fits_into_json(rng: np.random.Generator) -> None:
    ages = np.repeat(np.arange(10, 50), 12)
    report = metric_report(ages[:, None].astype(float), ages, np.arange(480), rng)
    assert report.order_correlation == pytest.approx(1)
    assert report.order_violations == 0
    assert report.neighbour_mae == 0
    figures = measured_metric(ages[:, None].astype(float), ages, np.arange(480), rng)
    assert json.loads(json.dumps(figures, allow_nan=False))["retrieval"][0]["recall"]["1"] == 1


def test_columns_that_do_not_belong_together_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(DataError, match="2 embeddings but 3 ages or units"):
        metric_report(np.zeros((2, 1)), np.array([1, 2, 3]), np.array([1, 2, 3]), rng)


def test_a_report_never_finds_the_copies_of_a_face(rng: np.random.Generator) -> None:
    """Every face is there twice; found by its own copy, everybody would be perfectly placed."""
    ages = np.repeat(rng.integers(0, 80, 40), 2)
    embeddings = np.repeat(rng.normal(0, 1, (40, 3)), 2, axis=0)
    report = metric_report(embeddings, ages, np.arange(80) // 2, rng)
    assert report.retrieval[0].recall[1] < 0.5
    assert report.neighbour_mae > 5
    assert report.units == 40
