import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sadal_core.errors import ConfigError
from sadal_core.methods.pixels.prepared import Prepared, unit_length
from sadal_core.methods.pixels.reduction import Reduction
from sadal_core.methods.pixels.subsample import spread
from sadal_core.rankers import KNNRanker


def mixed(count: int = 90, columns: int = 40) -> np.ndarray:
    """Samples with few directions of large variance and columns of different scales."""
    rng = np.random.default_rng(0)
    few = rng.normal(size=(count, 3)) @ rng.normal(size=(3, columns))
    return (few + rng.normal(0, 0.1, (count, columns))) * rng.uniform(0.1, 100, columns) + 5


def test_all_components_keep_all_distances_of_standardised_samples() -> None:
    samples = mixed()
    made = Reduction(components=40).fit(samples).transform(samples)
    x = (samples - samples.mean(axis=0)) / samples.std(axis=0) / np.sqrt(40)
    np.testing.assert_allclose(made @ made.T, x @ x.T, atol=1e-9)
    assert (made**2).sum(axis=1).mean() == pytest.approx(1)


def test_few_components_are_those_of_largest_variance() -> None:
    samples = mixed()
    made = Reduction(components=3).fit(samples).transform(samples)
    x = (samples - samples.mean(axis=0)) / samples.std(axis=0) / np.sqrt(40)
    largest = np.linalg.svd(x, compute_uv=False)[:3] ** 2 / 90
    np.testing.assert_allclose(made.var(axis=0), largest, rtol=1e-6)
    assert 0.9 < largest.sum() < 1


def test_there_are_never_more_components_than_samples_or_columns() -> None:
    assert Reduction().fit(mixed(9)).transform(mixed(4)).shape == (4, 9)
    assert Reduction().fit(mixed(60, 5)).transform(mixed(4, 5)).shape == (4, 5)


def test_single_precision_is_kept() -> None:
    samples = mixed().astype(np.float32)
    assert Reduction(components=5).fit(samples).transform(samples).dtype == np.float32


def test_a_column_that_never_changes_does_no_harm() -> None:
    samples = mixed()
    samples[:, 7] = 3
    assert np.isfinite(Reduction().fit(samples).transform(samples)).all()


def test_what_cannot_be_reduced_is_refused() -> None:
    with pytest.raises(ConfigError, match="components must be at least 1"):
        Reduction(components=0).fit(mixed())
    with pytest.raises(NotFittedError):
        Reduction().transform(mixed())
    with pytest.raises(ValueError, match="features"):
        Reduction().fit(mixed()).transform(mixed(columns=30))


def test_prepared_rows_have_length_1_before_the_ranker_sees_them() -> None:
    samples = mixed()
    made = unit_length().fit(samples).transform(samples)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1)
    ages = np.arange(90.0) % 60
    fitted = Prepared(unit_length, KNNRanker, setting=1).fit(samples, ages)
    np.testing.assert_allclose(fitted.chain_[-1].gallery_, made, atol=1e-3)
    assert np.array_equal(fitted.predict(samples), ages)


def test_a_subsample_goes_in_even_steps_through_the_ages() -> None:
    ages = np.array([50.0, 10, 20, 30, 40, 0, 60])
    assert spread(ages, 3).tolist() == [3, 5, 6]  # 30, 0 and 60 years
    assert spread(ages, 7).tolist() == spread(ages, 99).tolist() == list(range(7))
    many = np.random.default_rng(0).integers(0, 80, 1000).astype(np.float64)
    chosen = spread(many, 100)
    assert len(np.unique(chosen)) == 100
    assert {many.min(), many.max()} <= set(many[chosen])
    assert abs(many[chosen].mean() - many.mean()) < 0.5
