"""The age as the expectation of a distribution that is linear in the embedding."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from sadal_core.ages import GRID, gaussian_labels
from sadal_core.errors import ConfigError
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.rankers.solver import minimised


class ExpectationRanker(AgeRegressor):
    r"""Softmax over the age grid, learned from label distributions.

    .. math:: p(k|e) \propto \exp(w_k e + b_k), \quad
        \min \frac1N \sum_i KL(D_{y_i} \| p(\cdot|e_i)) + \lambda |W|^2, \quad
        \hat y = \sum_k k\, p(k|e)

    Reference: Gao et al., "Deep Label Distribution Learning with Label Ambiguity", TIP 2017.

    Attributes:
        coef_: W, (101, D).
        intercept_: b, (101,).
    """

    def __init__(self, sigma: float = 2.0, penalty: float = 1e-6, iterations: int = 200) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            sigma: width of the label distributions in years, above 0.
            penalty: lambda.
            iterations: of L-BFGS, at most.
        """
        self.sigma = sigma
        self.penalty = penalty
        self.iterations = iterations

    def fit(self, X: np.ndarray, y: np.ndarray) -> "ExpectationRanker":  # noqa: N803
        """Learn from embeddings (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: sigma is not above 0, or the penalty is below 0.
        """
        if not self.penalty >= 0:
            raise ConfigError(f"penalty must be at least 0, got {self.penalty}.")
        x, ages = (torch.from_numpy(array) for array in checked_training(self, X, y))
        labels = gaussian_labels(ages, sigma=self.sigma)

        def loss(weights: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
            log_p = torch.log_softmax(x @ weights.T + bias, dim=1)  # ND, DA -> NA
            return -(labels * log_p).sum(dim=1).mean() + self.penalty * weights.square().sum()

        shapes = (len(GRID), x.shape[1]), (len(GRID),)
        self.coef_, self.intercept_ = minimised(loss, shapes, iterations=self.iterations)
        return self

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID` of each embedding."""
        check_is_fitted(self)
        return softmax(checked(self, X) @ self.coef_.T + self.intercept_, axis=1)

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Expected age of each embedding in years."""
        return self.predict_proba(X) @ GRID
