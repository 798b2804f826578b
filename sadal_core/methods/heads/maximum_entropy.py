"""Label distribution learning with the maximum entropy model, by two optimisers."""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import log_softmax, softmax
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sadal_core.ages import GRID, gaussian_labels
from sadal_core.methods.heads.components import principal
from sadal_core.methods.heads.losses import soft_cross_entropy
from sadal_core.methods.heads.scaling import (
    Distributions,
    Features,
    Parameters,
    power_terms,
    scaling_step,
)
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.rankers.solver import minimised
from sadal_core.settings import check_choice, check_ranges

_CONVERGED: Final = 1e-7  # gain in mean log-likelihood at which the authors' program stops


def likelihood(features: Features, labels: Distributions, theta: Parameters) -> float:
    r"""Mean log-likelihood, :math:`\frac1N \sum_i \sum_j P(y_j|x_i) \log p(y_j|x_i)`."""
    return float((labels * log_softmax(features @ theta.T, axis=1)).sum(axis=1).mean())


def by_iis(features: Features, labels: Distributions, iterations: int) -> Parameters:
    """Theta by improved iterative scaling from zeros, until the likelihood hardly rises."""
    theta = np.zeros((labels.shape[1], features.shape[1]))
    reached, terms = likelihood(features, labels, theta), power_terms(features)
    for _ in range(iterations):
        p = softmax(features @ theta.T, axis=1)
        theta = theta + scaling_step(features, labels, p, terms)
        before, reached = reached, likelihood(features, labels, theta)
        if reached - before < _CONVERGED:
            break
    return theta


def by_bfgs(features: Features, labels: Distributions, iterations: int) -> Parameters:
    """Theta of the same objective by a quasi-Newton method, L-BFGS, from zeros."""
    x, wanted = torch.from_numpy(features), torch.from_numpy(labels)

    def loss(theta: Tensor) -> Tensor:
        return soft_cross_entropy(x @ theta.T, wanted).mean()  # NK, KA -> NA

    shape = labels.shape[1], features.shape[1]
    return minimised(loss, (shape,), iterations=iterations)[0]


SOLVERS: Final[dict[str, Callable[[Features, Distributions, int], Parameters]]] = {
    "iis": by_iis,
    "bfgs": by_bfgs,
}


class MaximumEntropy(AgeRegressor):
    r"""Distribution of maximum entropy over the age grid, learned from label distributions.

    .. math:: p(y_j|x) = \frac1Z \exp(\sum_k \theta_{jk} g_k(x)), \qquad
        \max_\theta \sum_i \sum_j P(y_j|x_i) \log p(y_j|x_i), \qquad
        \hat y = \sum_j y_j\, p(y_j|x)

    with P a Gaussian around the true age. The g are the constant 1 and principal components of
    the features.

    Departs: the g of the paper are AAM or BIF features. The age is the expectation, where the
    paper takes the most probable one. Theta starts from zeros, that is, from even distributions.

    Reference: Geng, Yin and Zhou, "Facial Age Estimation by Learning from Label Distributions",
    TPAMI 2013; for "bfgs": Geng, "Label Distribution Learning", TKDE 2016.

    Attributes:
        directions_: V of the components (x - m) V; see `components.principal`.
        centre_: m.
        theta_: theta, (101, components + 1), that of the constant last.
    """

    def __init__(
        self, solver: str = "iis", components: int = 40, sigma: float = 2.0, iterations: int = 100
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            solver: name in `SOLVERS`.
            components: of the features, at least 1; fewer where there are not as many.
            sigma: width of the label distributions in years, above 0.
            iterations: of the solver, at most; at least 1.
        """
        self.solver = solver
        self.components = components
        self.sigma = sigma
        self.iterations = iterations

    def fit(self, X: np.ndarray, y: np.ndarray) -> "MaximumEntropy":  # noqa: N803
        """Learn from features (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: an unknown solver, or a setting out of its range.
        """
        check_choice("solver", self.solver, SOLVERS)
        check_ranges(self, {"components": (1, 1e6), "iterations": (1, 1e6)})
        x, ages = checked_training(self, X, y)
        labels = gaussian_labels(torch.from_numpy(ages), sigma=self.sigma).numpy()
        self.directions_, self.centre_ = principal(x, components=self.components)
        self.theta_ = SOLVERS[self.solver](self._features(x), labels, self.iterations)
        return self

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID` of each sample."""
        check_is_fitted(self)
        return softmax(self._features(checked(self, X)) @ self.theta_.T, axis=1)

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Expected age of each sample in years."""
        return self.predict_proba(X) @ GRID

    def _features(self, x: np.ndarray) -> Features:
        return np.column_stack([(x - self.centre_) @ self.directions_, np.ones(len(x))])
