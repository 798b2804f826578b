import functools
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.svm import LinearSVC

from sadal_core.ages import GRID, gaussian_labels
from sadal_core.errors import ConfigError, DataError
from sadal_core.rankers import RANKERS, ExpectationRanker, KNNRanker, OHRanker
from sadal_core.rankers.ohranker import bounding_costs
from sadal_core.rankers.stored import ranker_name, ranker_state, restored


def arc(count: int = 300, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors that turn with the age, among noise; ages 0 to 60."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(0, 61, count).astype(float)
    points = rng.normal(0, 0.03, (count, 6))
    points[:, 0] += np.cos(ages / 40)
    points[:, 1] += np.sin(ages / 40)
    return points / np.linalg.norm(points, axis=1, keepdims=True), ages


@functools.cache
def fitted(name: str) -> Any:
    """A ranker that has learned the arc; to be read only."""
    return RANKERS[name]().fit(*arc())


@pytest.mark.parametrize("name", RANKERS)
def test_every_ranker_reads_planted_ages(name: str) -> None:
    (_, ages), (new, true) = arc(), arc(100, seed=1)
    ranker = fitted(name)
    constant = np.abs(true - np.median(ages)).mean()
    probabilities = ranker.predict_proba(new)
    assert probabilities.shape == (100, len(GRID))
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)
    assert np.abs(ranker.predict(new) - true).mean() < 0.25 * constant
    assert np.abs(probabilities @ GRID - true).mean() < 0.25 * constant


@pytest.mark.parametrize("name", RANKERS)
def test_rows_are_read_alone_and_fits_repeat(name: str) -> None:
    (known, ages), (new, _) = arc(), arc(20, seed=1)
    ranker = fitted(name)
    order = np.random.default_rng(0).permutation(20)
    np.testing.assert_allclose(ranker.predict(new)[order], ranker.predict(new[order]))
    again: Any = clone(ranker)
    again.fit(known, ages)
    assert np.array_equal(again.predict_proba(new), ranker.predict_proba(new))


@pytest.mark.parametrize("name", RANKERS)
def test_a_stored_ranker_reads_the_same_ages(name: str) -> None:
    new, _ = arc(20, seed=1)
    ranker = fitted(name)
    back = restored(ranker_name(ranker), ranker.get_params(), ranker_state(ranker))
    assert np.array_equal(back.predict_proba(new), ranker.predict_proba(new))
    assert np.array_equal(back.predict(new), ranker.predict(new))


def test_an_unknown_ranker_is_refused() -> None:
    with pytest.raises(ConfigError, match="Unknown ranker 'svm'"):
        restored("svm", {}, {})


@pytest.mark.parametrize("name", RANKERS)
@pytest.mark.parametrize(
    ("ages", "words"),
    [([-1, 5, 9], "age -1"), ([3, 5, 121], "age 121"), ([40, 40, 40], "All 3 samples are 40")],
)
def test_ages_that_cannot_be_learned_are_refused(name: str, ages: list[float], words: str) -> None:
    with pytest.raises(DataError, match=words):
        RANKERS[name]().fit(np.eye(3), np.array(ages))


@pytest.mark.parametrize("name", RANKERS)
def test_embeddings_that_cannot_be_read_are_refused(name: str) -> None:
    known, _ = arc()
    with pytest.raises(NotFittedError):
        RANKERS[name]().predict(known)
    ranker = fitted(name)
    with pytest.raises(ValueError, match="NaN"):
        ranker.predict(np.full((1, 6), np.nan))
    with pytest.raises(ValueError, match="features"):
        ranker.predict(known[:, :3])


def test_every_hyperplane_is_the_one_that_scikit_learn_finds() -> None:
    known, ages = arc(120)
    ranker = OHRanker(C=50.0, iterations=2000).fit(known, ages)
    for threshold in (5, 20, 45):
        older = ages > threshold
        costs = np.where(older, ages - threshold, threshold - ages + 1)  # years off, at least 1
        # A large scale of the intercept takes it out of the penalty, as here.
        settings: Any = {"dual": False, "intercept_scaling": 1e3, "tol": 1e-10}
        alone: Any = LinearSVC(C=50.0 / 120, loss="squared_hinge", max_iter=200_000, **settings)
        alone.fit(known, older, sample_weight=costs)
        row = int(np.flatnonzero(ranker.thresholds_ == threshold)[0])
        np.testing.assert_allclose(ranker.coef_[row], alone.coef_[0], rtol=2e-3, atol=2e-3)
        assert ranker.intercept_[row] == pytest.approx(float(alone.intercept_[0]), abs=5e-3)


def test_the_ordinal_rule_counts_the_hyperplanes_that_say_older() -> None:
    ranker: Any = OHRanker()
    ranker.coef_, ranker.intercept_ = np.array([[1.0], [1.0], [1.0]]), np.array([0.0, -1.0, -2.0])
    ranker.thresholds_, ranker.slope_, ranker.n_features_in_ = np.arange(20.0, 23.0), 2.0, 1
    points = np.array([[-0.5], [0.5], [1.5], [2.5]])
    assert ranker.predict(points).tolist() == [20, 21, 22, 23]
    assert ranker.inconsistency(points) == 0
    above = 1 / (1 + np.exp(-2 * (0.5 - np.arange(3))))
    expected = [1 - above[0], above[0] - above[1], above[1] - above[2], above[2]]
    np.testing.assert_allclose(ranker.predict_proba(points)[1, 20:24], expected)
    ranker.intercept_ = np.array([0.0, 1.0, -2.0])  # the second says "older" before the first
    assert ranker.inconsistency(np.array([[-0.5], [0.5]])) == 0.5
    assert (ranker.predict_proba(points) >= 0).all()


def test_expectation_reaches_the_entropy_of_the_labels_where_it_can() -> None:
    """Two separable ages: the distributions become the label distributions themselves."""
    known, ages = np.repeat(np.eye(2), 5, axis=0), np.repeat([20.0, 60.0], 5)
    ranker = ExpectationRanker(penalty=0.0, iterations=500).fit(known, ages)
    labels = gaussian_labels(torch.tensor([20.0, 60.0]).double(), sigma=2.0).numpy()
    np.testing.assert_allclose(ranker.predict_proba(np.eye(2)), labels, atol=2e-3)


def test_neighbours_are_averaged_and_never_more_than_there_are() -> None:
    known, ages = np.array([[0.0], [1.0], [10.0]]), np.array([10.0, 20.0, 60.0])
    assert KNNRanker(neighbours=2).fit(known, ages).predict(np.array([[0.4]])).tolist() == [15]
    assert KNNRanker(neighbours=9).fit(known, ages).predict(np.array([[0.4]])).tolist() == [30]


@pytest.mark.parametrize(
    ("ranker", "words"),
    [(OHRanker(C=0), "C must be above 0"), (OHRanker(power=0.5), "power must be at least 1"),
     (KNNRanker(neighbours=0), "neighbours must be"),
     (ExpectationRanker(sigma=0), "sigma must be above 0"),
     (ExpectationRanker(penalty=-1), "penalty must be at least 0")],
)  # fmt: skip
def test_bad_settings_are_refused(ranker: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ranker.fit(*arc(20))


def test_bounding_costs_are_the_steps_of_the_cost_of_the_rank() -> None:
    offsets = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]])  # y - k
    assert bounding_costs(offsets, 1.0).tolist() == [[1, 1, 1, 1, 1, 1]]
    assert bounding_costs(offsets, 2.0).tolist() == [[5, 3, 1, 1, 3, 5]]


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 3.0])
def test_the_cost_of_a_rank_is_bounded_by_those_of_its_wrong_hyperplanes(power: float) -> None:
    rng = np.random.default_rng(0)
    tight = 0
    for _ in range(300):  # decisions that need not fall with k
        age, says_older = int(rng.integers(0, 9)), rng.integers(0, 2, 8)
        rank = int(says_older.sum())
        total = 0.0
        for k in range(8):
            if (age > k) != bool(says_older[k]):
                total += abs(abs(age - k) ** power - abs(age - k - 1) ** power)
        costs = bounding_costs(np.array([age - np.arange(8.0)]), power)[0]
        wrong = (age > np.arange(8)) != (says_older == 1)
        assert costs[wrong].sum() == pytest.approx(total)
        assert abs(age - rank) ** power <= total + 1e-9
        tight += abs(age - rank) ** power == pytest.approx(total)
    assert 0 < tight < 300


def test_the_costs_of_a_power_are_those_that_the_hyperplanes_are_learned_with() -> None:
    known, ages = arc(120)
    ranker = OHRanker(C=50.0, iterations=2000, power=2.0).fit(known, ages)
    older = ages > 20
    settings: Any = {"dual": False, "intercept_scaling": 1e3, "tol": 1e-10}
    alone: Any = LinearSVC(C=50.0 / 120, loss="squared_hinge", max_iter=200_000, **settings)
    alone.fit(known, older, sample_weight=np.abs(2 * (ages - 20) - 1))
    row = int(np.flatnonzero(ranker.thresholds_ == 20)[0])
    np.testing.assert_allclose(ranker.coef_[row], alone.coef_[0], rtol=2e-3, atol=2e-3)
