"""Ages as the count of the sigmoid outputs that say "older", for all faces or by category."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sadal_core.ages import OLDEST
from sadal_core.errors import ConfigError
from sadal_core.methods.pixels.reduction import Reduction
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.rankers.solver import minimised

_FEWEST = 30  # faces of a category that has a layer of its own


def rank_loss(
    logits: Float[Tensor, "samples ranks"], older: Float[Tensor, "samples ranks"]
) -> Float[Tensor, ""]:
    r"""Binary cross-entropy of all ranks, summed over these and averaged over the samples.

    .. math:: -\frac1N \sum_{ik} t_{ik} \log \sigma(f_{ik}) + (1 - t_{ik}) \log \sigma(-f_{ik})

    Args:
        logits: f.
        older: t, 1 where the sample is older than the age of the rank, else 0.
    """
    losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, older, reduction="none")
    return losses.sum(dim=1).mean()


class RankLayer(AgeRegressor):
    r"""One sigmoid output per age k answers "older than k?"; the age is how many say yes.

    .. math:: \min \mathrm{rank\_loss}(W x + b) + \lambda |W|^2, \qquad
        \hat y = \min_i y_i + \sum_k [w_k x + b_k > 0]

    Reference: Yang, Lin, Chang and Chen, "Automatic Age Estimation from Face Images via Deep
    Ranking", BMVC 2015.

    Attributes:
        coef_: W, one row per age.
        intercept_: b.
        thresholds_: the ages k in whole years.
    """

    def __init__(self, penalty: float = 1e-5, iterations: int = 60) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            penalty: lambda, at least 0.
            iterations: of L-BFGS, at most.
        """
        self.penalty = penalty
        self.iterations = iterations

    def fit(self, X: np.ndarray, y: np.ndarray) -> "RankLayer":  # noqa: N803
        """Learn from samples (N, D) and ages in years, taken in whole years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: the penalty is below 0.
        """
        if not self.penalty >= 0:
            raise ConfigError(f"penalty must be at least 0, got {self.penalty}.")
        samples, ages = checked_training(self, X, y)
        years = np.clip(np.floor(ages + 0.5), 0, OLDEST)
        self.thresholds_ = np.arange(years.min(), years.max())
        x = torch.from_numpy(samples)
        older = torch.from_numpy((years[:, None] > self.thresholds_).astype(np.float64))

        def loss(weights: Tensor, bias: Tensor) -> Tensor:
            return rank_loss(x @ weights.T + bias, older) + self.penalty * weights.square().sum()

        count = len(self.thresholds_)
        shapes = (count, x.shape[1]), (count,)
        self.coef_, self.intercept_ = minimised(loss, shapes, iterations=self.iterations)
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Ages in whole years."""
        check_is_fitted(self, "coef_")
        logits = checked(self, X) @ self.coef_.T + self.intercept_
        return self.thresholds_[0] + (logits > 0).sum(axis=1)


class CategoryRankLayers(AgeRegressor):
    """A `RankLayer` for each category of faces, on shared principal components.

    Departs: the paper's categories are known groups, such as sexes; nobody names them here, so
    they are found by k-means among the training faces, and a new face belongs to the nearest
    one. One with fewer than 30 faces or a single age uses a layer that is learned from all faces.

    Reference: see `RankLayer`.

    Attributes:
        reduction_: the principal components.
        means_: k-means on these.
        layers_: the layer of each category.
    """

    def __init__(self, categories: int = 3, penalty: float = 1e-5, random_state: int = 0) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            categories: how many, at least 1; at most one per face.
            penalty: of `RankLayer`.
            random_state: seed of k-means.
        """
        self.categories = categories
        self.penalty = penalty
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> "CategoryRankLayers":  # noqa: N803
        """Learn from samples (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: categories below 1, or the penalty is below 0.
        """
        if self.categories < 1:
            raise ConfigError(f"categories must be at least 1, got {self.categories}.")
        samples, ages = checked_training(self, X, y)
        self.reduction_ = Reduction().fit(samples)
        reduced = self.reduction_.transform(samples)
        count = min(self.categories, len(ages))
        drawn: Any = {"n_init": 1, "random_state": self.random_state}
        self.means_ = KMeans(count, **drawn).fit(reduced)
        layer, category = RankLayer(self.penalty), self.means_.labels_
        self.layers_ = [_own_layer(layer, reduced, ages, category == c) for c in range(count)]
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Ages in whole years."""
        check_is_fitted(self, "layers_")
        reduced = self.reduction_.transform(checked(self, X))
        category = self.means_.predict(reduced)
        every = np.stack([layer.predict(reduced) for layer in self.layers_])
        return every[category, np.arange(len(reduced))]


def _own_layer(
    layer: RankLayer, samples: np.ndarray, ages: np.ndarray, mine: np.ndarray
) -> RankLayer:
    fresh: Any = clone(layer)
    enough = mine.sum() >= _FEWEST and np.ptp(np.floor(ages[mine] + 0.5)) > 0
    return fresh.fit(samples[mine], ages[mine]) if enough else fresh.fit(samples, ages)
