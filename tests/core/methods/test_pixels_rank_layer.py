from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.errors import ConfigError
from sadal_core.methods.pixels.rank_layer import CategoryRankLayers, RankLayer, rank_loss
from tests.planted_faces import planted


def opposed(count: int = 200, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two distant groups of samples in which the same sign means "older" and "younger"."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, count)
    ages = rng.integers(20, 60, count).astype(np.float64)
    samples = rng.normal(0, 0.1, (count, 3))
    samples[:, 0] += (2 * group - 1) * (ages - 40) / 20
    samples[:, 1] += 6 * group
    samples[:, 2] += 6 * group
    return samples, ages


def test_the_loss_is_the_cross_entropy_of_every_rank() -> None:
    rng = np.random.default_rng(0)
    logits, older = rng.normal(0, 2, (5, 4)), rng.integers(0, 2, (5, 4)).astype(np.float64)
    total = 0.0
    for sample, wanted in zip(logits, older, strict=True):
        for logit, true in zip(sample, wanted, strict=True):
            output = 1 / (1 + np.exp(-logit))
            total -= np.log(output) if true == 1 else np.log(1 - output)
    made = rank_loss(torch.from_numpy(logits), torch.from_numpy(older))
    assert 0 < older.mean() < 1
    assert float(made) == pytest.approx(total / 5)


def test_the_gradient_of_the_loss_is_right() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    older = torch.randint(0, 2, (3, 4)).double()
    assert torch.autograd.gradcheck(lambda f: rank_loss(f, older), (logits,))


def test_no_step_from_the_learned_layer_lowers_its_loss() -> None:
    samples, ages = planted("features", 60, seed=0)
    layer = RankLayer(penalty=1e-2, iterations=500).fit(samples, ages)
    x, older = torch.from_numpy(samples).double(), ages[:, None] > layer.thresholds_
    weights = torch.tensor(layer.coef_, requires_grad=True)
    bias = torch.tensor(layer.intercept_, requires_grad=True)
    loss = rank_loss(x @ weights.T + bias, torch.from_numpy(older.astype(np.float64)))
    (loss + 1e-2 * weights.square().sum()).backward()
    for gradient in (weights.grad, bias.grad):
        assert gradient is not None
        assert gradient.abs().max() < 1e-4
    assert np.abs(layer.coef_).max() > 0.1


def test_the_age_counts_the_outputs_that_say_older() -> None:
    layer: Any = RankLayer()
    layer.coef_, layer.intercept_ = np.array([[1.0], [1.0], [1.0]]), np.array([0.0, -1.0, -2.0])
    layer.thresholds_, layer.n_features_in_ = np.arange(20.0, 23.0), 1
    assert layer.predict(np.array([[-0.5], [0.5], [1.5], [2.5]])).tolist() == [20, 21, 22, 23]


def test_categories_learn_what_one_layer_cannot() -> None:
    (samples, ages), (new, true) = opposed(), opposed(100, seed=1)
    alone = RankLayer(penalty=1e-4).fit(samples, ages).predict(new)
    apart = CategoryRankLayers(categories=2, penalty=1e-6).fit(samples, ages).predict(new)
    assert np.abs(apart - true).mean() < 0.4 * np.abs(alone - true).mean()


def test_a_small_category_uses_the_layer_of_all() -> None:
    samples, ages = planted("features", 100, seed=0)
    samples = np.concatenate([samples, samples[:5] + 50])
    ages = np.concatenate([ages, ages[:5]])
    fitted = CategoryRankLayers(categories=2).fit(samples, ages)
    sizes = np.bincount(np.asarray(fitted.means_.labels_))
    assert sorted(sizes) == [5, 100]
    reduced = fitted.reduction_.transform(samples)
    whole = RankLayer(fitted.penalty).fit(reduced, ages)
    small = fitted.layers_[int(np.argmin(sizes))]
    assert np.array_equal(small.predict(reduced), whole.predict(reduced))
    large = fitted.layers_[int(np.argmax(sizes))]
    assert not np.array_equal(large.coef_, small.coef_)


def test_there_are_no_more_categories_than_faces() -> None:
    samples, ages = np.eye(3), np.array([10.0, 20.0, 30.0])
    fitted = CategoryRankLayers(categories=9).fit(samples, ages)
    assert len(fitted.layers_) == 3


@pytest.mark.parametrize(
    ("estimator", "words"),
    [(RankLayer(penalty=-1), "penalty must be at least 0"),
     (CategoryRankLayers(penalty=-1), "penalty must be at least 0"),
     (CategoryRankLayers(categories=0), "categories must be at least 1")],
)  # fmt: skip
def test_bad_settings_are_refused(estimator: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        estimator.fit(*planted("features", 40, seed=0))
