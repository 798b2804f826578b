import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import (
    Predictions,
    bands,
    bootstrap_mae,
    coverage,
    cumulative_scores,
    mae,
)

TRUE = np.array([5.0, 12.0, 30.0, 31.0, 85.0])
AGE = np.array([6.0, 10.0, 30.0, 41.5, 80.0])  # errors 1, 2, 0, 10.5, 5
MADE = Predictions(TRUE, AGE, AGE - 3, AGE + 2)


def test_mae_and_cs_of_a_table_computed_by_hand() -> None:
    assert mae(TRUE, AGE) == pytest.approx(18.5 / 5)
    assert mae(TRUE, TRUE) == 0
    expected = [20, 40, 60, 60, 60, 80, 80, 80, 80, 80, 80]
    assert cumulative_scores(TRUE, AGE) == pytest.approx(expected)


def test_an_error_of_exactly_the_threshold_counts() -> None:
    assert cumulative_scores(np.array([20.0]), np.array([25.0]))[4:6] == [0, 100]


def test_coverage_counts_true_ages_inside_the_interval() -> None:
    assert coverage(MADE) == pytest.approx(3 / 5)  # 85 lies above 80 + 2, 31 below 41.5 - 3
    touching = Predictions(*(np.array([x]) for x in (20.0, 18.0, 16.0, 19.6)))
    assert coverage(touching) == 1  # 19.6 years lies in the bin of age 20


def test_bands_are_by_true_age_and_name_both_counts() -> None:
    rows = bands(MADE, np.array([1.0, 2.0, 33.0, 99.0]))
    assert [(row["low"], row["n"], row["n_train"]) for row in rows] == [
        (0, 1, 2), (10, 1, 0), (30, 2, 1), (80, 1, 1),
    ]  # fmt: skip
    assert rows[2]["mae"] == pytest.approx(5.25)
    assert rows[2]["bias"] == pytest.approx(5.25)
    assert rows[1]["bias"] == pytest.approx(-2)


def test_the_bootstrap_draws_whole_units() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(40), 25)
    error = np.repeat(rng.normal(0, 8, 40), 25)  # everybody is always wrong by the same
    true = np.full(1000, 40.0)
    made = Predictions(true, true + error, true, true)
    by_person = bootstrap_mae(made, person, seed=1)
    by_picture = bootstrap_mae(made, np.arange(1000), seed=1)
    assert by_person.low < mae(true, true + error) < by_person.high
    assert by_person.high - by_person.low > 3 * (by_picture.high - by_picture.low)
    assert bootstrap_mae(made, person, seed=1) == by_person


def test_the_bootstrap_interval_has_the_width_that_theory_gives() -> None:
    rng = np.random.default_rng(1)
    error = np.abs(rng.normal(0, 5, 2000))
    made = Predictions(np.zeros(2000), error, error, error)
    low, high = bootstrap_mae(made, np.arange(2000), seed=0)
    assert high - low == pytest.approx(2 * 1.96 * error.std() / np.sqrt(2000), rel=0.1)


def test_no_faces_is_an_error() -> None:
    with pytest.raises(DataError, match="no faces"):
        mae(np.empty(0), np.empty(0))
