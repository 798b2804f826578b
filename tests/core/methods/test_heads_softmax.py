from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sadal_core.ages import gaussian_labels
from sadal_core.errors import ConfigError
from sadal_core.methods.heads.losses import LOSSES
from sadal_core.methods.heads.softmax import SoftmaxHead
from sadal_core.rankers import ExpectationRanker
from tests.planted_faces import planted


def standardised(x: np.ndarray) -> np.ndarray:
    made: Any = StandardScaler().fit_transform(x.astype(np.float64))
    return made


def test_the_head_of_gaussian_labels_is_the_expectation_ranker_on_standardised_features() -> None:
    x, ages = planted("features", 80, seed=0)
    head = SoftmaxHead("gaussian", strength=3.0, penalty=1e-2, iterations=300).fit(x, ages)
    ranker = ExpectationRanker(sigma=3.0, penalty=1e-2, iterations=300).fit(standardised(x), ages)
    np.testing.assert_allclose(head.predict(x), ranker.predict(standardised(x)), atol=1e-3)


def test_the_head_of_single_labels_is_the_logistic_regression_of_scikit_learn() -> None:
    x, ages = planted("features", 90, seed=0)
    ages = np.floor(ages / 10) * 10  # few classes, so that none of them is hard to find
    head = SoftmaxHead("cross_entropy", penalty=1e-2, iterations=3000).fit(x, ages)
    alone = LogisticRegression(C=1 / (2 * 90 * 1e-2), tol=1e-8, max_iter=5000)
    alone.fit(standardised(x), ages.astype(int))
    made = head.predict_proba(x)[:, [10, 20, 30, 40]]
    wanted = alone.predict_proba(standardised(x))
    assert wanted.std() > 0.1
    np.testing.assert_allclose(made, wanted, atol=2e-3)


@pytest.mark.parametrize("loss", LOSSES)
def test_scale_and_origin_of_a_feature_do_not_matter(loss: str) -> None:
    x, ages = planted("features", 120, seed=0)
    moved = x * np.linspace(0.1, 10, x.shape[1]) + 5
    head = SoftmaxHead(loss, iterations=15)
    plain = head.fit(x, ages).predict(x)
    np.testing.assert_allclose(head.fit(moved, ages).predict(moved), plain, atol=1e-2)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    x, ages = planted("features", 120, seed=0)
    more = np.column_stack([x, np.full(len(x), 7.0)])
    plain, made = (
        SoftmaxHead(iterations=15).fit(x, ages),
        SoftmaxHead(iterations=15).fit(more, ages),
    )
    np.testing.assert_allclose(made.predict(more), plain.predict(x), atol=1e-6)


def test_a_head_without_penalty_reaches_labels_that_it_can_express() -> None:
    x, ages = np.repeat(np.eye(2), 5, axis=0), np.repeat([20.0, 60.0], 5)
    head = SoftmaxHead("gaussian", strength=2.0, penalty=0.0, iterations=500).fit(x, ages)
    labels = gaussian_labels(torch.tensor([20.0, 60.0]).double(), sigma=2.0).numpy()
    np.testing.assert_allclose(head.predict_proba(np.eye(2)), labels, atol=2e-3)


def test_ages_beyond_the_grid_are_learned_as_its_end() -> None:
    x, _ = planted("features", 40, seed=0)
    ages = np.where(np.arange(40) % 2 == 0, 110.0, 20.0)
    ended = SoftmaxHead("mean_variance").fit(x, np.minimum(ages, 100)).predict(x)
    np.testing.assert_array_equal(SoftmaxHead("mean_variance").fit(x, ages).predict(x), ended)


@pytest.mark.parametrize(
    ("head", "words"),
    [(SoftmaxHead("hinge"), "Unknown loss 'hinge'. Known: cross_entropy"),
     (SoftmaxHead(penalty=-1.0), "penalty must be from 0"),
     (SoftmaxHead(penalty=float("nan")), "penalty must be from 0"),
     (SoftmaxHead("sord", strength=-1.0), "strength must be from 0"),
     (SoftmaxHead("gaussian", strength=0.0), "sigma must be above 0")],
)  # fmt: skip
def test_bad_settings_are_refused(head: SoftmaxHead, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        head.fit(*planted("features", 20, seed=0))
