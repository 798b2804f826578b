import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from sadal_core.ages import gaussian_labels
from sadal_core.errors import ConfigError
from sadal_core.methods.heads.components import principal
from sadal_core.methods.heads.maximum_entropy import MaximumEntropy, by_bfgs, by_iis, likelihood
from sadal_core.methods.heads.scaling import power_terms, scaling_step
from tests.planted_faces import planted


def problem(*, ages: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of both signs, label distributions and even ones."""
    rng = np.random.default_rng(seed)
    features = np.column_stack([rng.normal(0, 1, (40, 3)), np.ones(40)])
    labels = rng.dirichlet(np.ones(ages), 40)
    return features, labels, np.full((40, ages), 1 / ages)


def left_over(
    delta: float, k: int, j: int, g: np.ndarray, wanted: np.ndarray, p: np.ndarray
) -> float:
    """Left side less right side of the paper's equation for one parameter, in loops."""
    total = 0.0
    for i in range(len(g)):
        norm = sum(abs(value) for value in g[i])
        total += p[i, j] * g[i, k] * math.exp(delta * math.copysign(1, g[i, k]) * norm)
        total -= wanted[i, j] * g[i, k]
    return total


def test_a_step_solves_the_equation_of_every_parameter() -> None:
    features, labels, p = problem()
    made = scaling_step(features, labels, p, power_terms(features))
    assert made.shape == (5, 4)
    for j in range(5):
        for k in range(4):
            wanted = brentq(left_over, -1, 1, args=(k, j, features, labels, p), xtol=1e-14)
            assert made[j, k] == pytest.approx(wanted, abs=1e-6)
    assert made.min() < -0.005
    assert made.max() > 0.005


def test_a_step_of_the_constant_alone_is_made_by_hand() -> None:
    """With g = 1 the equation is p exp(delta) = P, and one step is enough."""
    labels = np.tile([0.2, 0.3, 0.5], (4, 1))
    even = np.full((4, 3), 1 / 3)
    made = scaling_step(np.ones((4, 1)), labels, even, power_terms(np.ones((4, 1))))
    np.testing.assert_allclose(made[:, 0], np.log([0.6, 0.9, 1.5]), atol=1e-5)


def test_a_long_step_is_cut_in_its_direction() -> None:
    features, labels, p = np.full((4, 1), 2.0), np.tile([1.0, 0.0], (4, 1)), np.full((4, 2), 0.5)
    made = scaling_step(features, labels, np.array([[0.01, 0.99]] * 4), power_terms(features))
    np.testing.assert_allclose(made[:, 0], [0.5, -0.5])  # 1 over the largest g#, which is 2
    assert scaling_step(features, labels, p, power_terms(features))[0, 0] < 0.5


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_likelihood_rises_in_every_iteration(seed: int) -> None:
    features, labels, _ = problem(ages=9, seed=seed)
    labels = labels**4 / (labels**4).sum(axis=1, keepdims=True)  # far from even
    theta, terms = np.zeros((9, 4)), power_terms(features)
    reached = [likelihood(features, labels, theta)]
    for _ in range(60):
        theta = theta + scaling_step(features, labels, softmax(features @ theta.T, axis=1), terms)
        reached.append(likelihood(features, labels, theta))
    assert (np.diff(reached) > -1e-12).all()
    assert reached[-1] - reached[0] > 0.1


def test_an_age_that_has_become_impossible_is_left_alone() -> None:
    features, labels, p = problem()
    p[:, 2], labels[:, 2] = 0.0, 0.0
    made = scaling_step(features, labels, p, power_terms(features))
    assert np.isfinite(made).all()
    assert (made[2] == 0).all()


def test_both_solvers_reach_the_same_maximum() -> None:
    features, labels, _ = problem()
    slow, quick = by_iis(features, labels, 3000), by_bfgs(features, labels, 300)
    best = likelihood(features, labels, quick)
    assert best - likelihood(features, labels, np.zeros((5, 4))) > 0.01
    assert likelihood(features, labels, slow) == pytest.approx(best, abs=1e-4)
    made = [softmax(features @ theta.T, axis=1) for theta in (slow, quick)]
    np.testing.assert_allclose(made[0], made[1], atol=0.02)


def test_scaling_stops_where_nothing_is_gained() -> None:
    even = np.full((6, 3), 1 / 3)
    assert (by_iis(np.ones((6, 1)), even, 10**9) == 0).all()


def test_the_likelihood_is_the_published_formula() -> None:
    features, labels, _ = problem()
    theta = np.random.default_rng(1).normal(0, 1, (5, 4))
    total = 0.0
    for x, wanted in zip(features, labels, strict=True):
        scores = [math.exp(sum(t * g for t, g in zip(row, x, strict=True))) for row in theta]
        for j, score in enumerate(scores):
            total += wanted[j] * math.log(score / sum(scores))
    assert likelihood(features, labels, theta) == pytest.approx(total / 40)


def test_maximum_entropy_meets_the_label_means_of_every_feature() -> None:
    """The model of maximum entropy is the one that has the moments of the labels."""
    features, labels, _ = problem()
    p = softmax(features @ by_bfgs(features, labels, 500).T, axis=1)
    np.testing.assert_allclose(p.T @ features, labels.T @ features, atol=1e-4)


def test_components_are_those_of_scikit_learn_scaled_together() -> None:
    x = planted("features", 100, seed=0)[0].astype(np.float64)
    directions, centre = principal(x, components=3)
    made = (x - centre) @ directions
    wanted = PCA(3).fit_transform(StandardScaler().fit_transform(x))
    wanted = wanted / wanted[:, 0].std(ddof=1)
    np.testing.assert_allclose(np.abs(made), np.abs(wanted), atol=1e-8)
    assert principal(x[:5], components=99)[0].shape == (12, 5)


@pytest.mark.parametrize("solver", ["iis", "bfgs"])
def test_where_nothing_is_told_the_mean_label_distribution_is_learned(solver: str) -> None:
    ages = np.array([20.0, 20.0, 22.0, 25.0])
    head = MaximumEntropy(solver, sigma=2.0, iterations=300).fit(np.ones((4, 3)), ages)
    wanted = gaussian_labels(torch.from_numpy(ages), sigma=2.0).numpy().mean(axis=0)
    np.testing.assert_allclose(head.predict_proba(np.ones((1, 3)))[0], wanted, atol=5e-3)


@pytest.mark.parametrize(
    ("head", "words"),
    [(MaximumEntropy("newton"), "Unknown solver 'newton'. Known: iis, bfgs"),
     (MaximumEntropy(components=0), "components must be from 1"),
     (MaximumEntropy(iterations=0), "iterations must be from 1"),
     (MaximumEntropy(sigma=0.0), "sigma must be above 0")],
)  # fmt: skip
def test_bad_settings_are_refused(head: MaximumEntropy, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        head.fit(*planted("features", 20, seed=0))
