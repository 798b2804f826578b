"""What holds for every row of the comparison."""

import functools
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sadal_core.ages import GRID, OLDEST_LABEL
from sadal_core.errors import DataError
from sadal_core.methods import METHODS
from sadal_core.methods.method import CANDIDATES
from tests.planted_faces import planted

COUNT = 240


@functools.cache
def known(reads: str) -> tuple[np.ndarray, np.ndarray]:
    return planted(reads, COUNT, seed=0)


@functools.cache
def new(reads: str) -> tuple[np.ndarray, np.ndarray]:
    return planted(reads, 60, seed=1)


def extra(name: str) -> dict[str, Any]:
    """What a method of several populations is given besides: two of them."""
    return {"groups": np.arange(COUNT) % 2} if METHODS[name].populations else {}


@functools.cache
def fitted(name: str) -> Any:
    """A row that has learned the planted ages; to be read only."""
    estimator: Any = METHODS[name].estimator(0, 1)
    return estimator.fit(*known(METHODS[name].reads), **extra(name))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_reads_planted_ages(name: str) -> None:
    samples, true = new(METHODS[name].reads)
    made = fitted(name).predict(samples)
    assert made.shape == (60,)
    constant = np.abs(true - np.median(known(METHODS[name].reads)[1])).mean()
    assert np.abs(made - true).mean() < 0.5 * constant
    assert (made >= 0).all()
    assert (made <= OLDEST_LABEL).all()


@pytest.mark.parametrize("name", METHODS)
def test_distributions_are_distributions(name: str) -> None:
    if not hasattr(fitted(name), "predict_proba"):
        pytest.skip("it gives none")
    samples, true = new(METHODS[name].reads)
    made = fitted(name).predict_proba(samples)
    assert made.shape == (60, len(GRID))
    assert (made >= 0).all()
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-6)
    assert np.abs(made @ GRID - true).mean() < 8


@pytest.mark.parametrize("name", METHODS)
def test_rows_are_read_alone(name: str) -> None:
    samples, _ = new(METHODS[name].reads)
    order = np.random.default_rng(0).permutation(len(samples))
    whole = fitted(name).predict(samples)
    np.testing.assert_allclose(whole[order], fitted(name).predict(samples[order]), atol=1e-3)
    np.testing.assert_allclose(whole[:1], fitted(name).predict(samples[:1]), atol=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_a_clone_repeats_the_fit_and_leaves_its_input_alone(name: str) -> None:
    samples, ages = known(METHODS[name].reads)
    before = samples.copy(), ages.copy()
    again: Any = clone(fitted(name))
    assert again.get_params() == fitted(name).get_params()
    again.fit(samples, ages, **extra(name))
    probe, _ = new(METHODS[name].reads)
    np.testing.assert_allclose(again.predict(probe), fitted(name).predict(probe), atol=1e-6)
    assert np.array_equal(samples, before[0])
    assert np.array_equal(ages, before[1])


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.draws])
def test_the_seed_decides_where_something_is_drawn(name: str) -> None:
    samples, ages = known(METHODS[name].reads)
    probe, _ = new(METHODS[name].reads)
    other: Any = METHODS[name].estimator(0, 2)
    other.fit(samples, ages, **extra(name))
    assert not np.array_equal(other.predict(probe), fitted(name).predict(probe))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_the_budget_and_says_where_it_is_from(name: str) -> None:
    method = METHODS[name]
    assert len(method.candidates) == CANDIDATES
    assert len({tuple(sorted(one.items())) for one in method.candidates}) == CANDIDATES
    for candidate in range(CANDIDATES):
        params = method.estimator(candidate, 1).get_params()  # type: ignore[attr-defined]
        assert method.candidates[candidate].items() <= params.items()
    assert any(year in method.paper for year in map(str, range(1900, 2030)))
    assert method.departs.endswith(".")


@pytest.mark.parametrize("name", METHODS)
def test_what_cannot_be_learned_from_is_refused(name: str) -> None:
    samples, ages = known(METHODS[name].reads)
    estimator: Any = METHODS[name].estimator(0, 1)
    with pytest.raises((NotFittedError, AttributeError)):
        estimator.predict(samples)
    with pytest.raises(DataError, match="All 240 samples are 30"):
        estimator.fit(samples, np.full(COUNT, 30.0), **extra(name))
    with pytest.raises(DataError, match="has the age -3"):
        estimator.fit(samples, np.where(np.arange(COUNT) == 5, -3.0, ages), **extra(name))
    broken = samples.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(broken, ages, **extra(name))


def test_every_title_is_told_once() -> None:
    assert len({method.title for method in METHODS.values()}) == len(METHODS)
