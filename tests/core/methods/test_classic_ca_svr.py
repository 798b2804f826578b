import numpy as np
import pytest

from sadal_core.errors import ConfigError
from sadal_core.methods.pixels.ca_svr import CASVR, cumulative_attributes
from tests.planted_faces import planted


def test_attributes_say_which_ages_have_been_reached() -> None:
    made = cumulative_attributes(np.array([20.0, 23.0, 21.0]))
    assert made.tolist() == [[0, 0, 0], [1, 1, 1], [1, 0, 0]]  # 21, 22, 23


def test_the_first_stage_is_the_ridge_solution_of_all_attributes_at_once() -> None:
    samples, ages = planted("features", 80, seed=0)
    penalty = 0.2
    fitted = CASVR(penalty=penalty).fit(samples, ages)
    x = (samples - samples.mean(axis=0)) / samples.std(axis=0)
    reached = range(int(ages.min()) + 1, int(ages.max()) + 1)
    for column, k in enumerate(reached):
        target = np.array([1.0 if k <= age else 0.0 for age in ages])
        inner = x.T @ x / 80 + penalty * np.eye(12)
        weights = np.linalg.solve(inner, x.T @ (target - target.mean()) / 80)
        expected = x @ weights + target.mean()
        made = fitted.attributes_.predict(samples)[:, column]
        np.testing.assert_allclose(made, expected, atol=1e-5)
        assert np.ptp(expected) > 0.01


def test_two_ages_next_to_each_other_are_enough() -> None:
    samples = np.repeat(np.eye(2), 20, axis=0)
    ages = np.repeat([30.0, 31.0], 20)
    made = CASVR(penalty=0.01).fit(samples, ages).predict(np.eye(2))
    np.testing.assert_allclose(made, [30, 31], atol=0.5)
    assert made[1] > made[0]


def test_a_penalty_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="penalty must be above 0"):
        CASVR(penalty=0).fit(*planted("features", 20, seed=0))
