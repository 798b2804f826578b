"""The age as the expectation of a softmax that is linear in the features, under several losses."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sadal_core.ages import GRID, OLDEST
from sadal_core.methods.heads.linear import fitted_linear
from sadal_core.methods.heads.losses import LOSSES
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_choice, check_ranges


class SoftmaxHead(AgeRegressor):
    r"""Softmax over the age grid on standardised features, learned under one of `LOSSES`.

    .. math:: p(k|x) \propto \exp(w_k x + b_k), \quad
        \min \frac1N \sum_i \ell(p(\cdot|x_i), y_i) + \lambda |W|^2, \quad
        \hat y = \sum_k k\, p(k|x)

    Departs: the papers of these losses train a network; here W and b alone are learned, full
    batch, on features that stay as they are.

    Attributes:
        coef_: W, (101, D), for features as they come.
        intercept_: b, (101,).
    """

    def __init__(
        self,
        loss: str = "cross_entropy",
        strength: float = 1.0,
        penalty: float = 1e-3,
        iterations: int = 50,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            loss: name in `LOSSES`.
            strength: the loss's own setting, at least 0.
            penalty: lambda, at least 0.
            iterations: of L-BFGS, at most.
        """
        self.loss = loss
        self.strength = strength
        self.penalty = penalty
        self.iterations = iterations

    def fit(self, X: np.ndarray, y: np.ndarray) -> "SoftmaxHead":  # noqa: N803
        """Learn from features (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: an unknown loss, or a setting out of its range.
        """
        check_choice("loss", self.loss, LOSSES)
        check_ranges(self, {"strength": (0, 1e6), "penalty": (0, 1e6)})
        x, years = checked_training(self, X, y)
        ages = torch.from_numpy(years.clip(0, OLDEST))

        def loss(logits: Tensor) -> Tensor:
            return LOSSES[self.loss](logits, ages, strength=self.strength).mean()

        self.coef_, self.intercept_ = fitted_linear(
            loss,
            x,
            normals=len(GRID),
            offsets=len(GRID),
            penalty=self.penalty,
            iterations=self.iterations,
        )
        return self

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID` of each sample."""
        check_is_fitted(self)
        return softmax(checked(self, X) @ self.coef_.T + self.intercept_, axis=1)

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Expected age of each sample in years."""
        return self.predict_proba(X) @ GRID
