"""Plain regression of the age under the absolute error."""

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sadal_core.ages import OLDEST_LABEL
from sadal_core.methods.heads.linear import fitted_linear
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_ranges

_ROUNDED = 0.5  # years around 0 within which the absolute error is rounded off


class AbsoluteRegression(AgeRegressor):
    r"""Age that is linear in the standardised features and least off in years.

    .. math:: \min \frac1N \sum_i |w x_i + b - y_i| + \lambda |w|^2

    Departs: within half a year the absolute error is a parabola, without which L-BFGS would stop
    at the kink. Ages read are clipped to 0 to 120 years.

    Reference: Boscovich's least absolute deviations; as the loss of networks for ages e.g. in
    Paplham and Franc, "A Call to Reflect on Evaluation Practices for Age Estimation", CVPR 2024.

    Attributes:
        coef_: w, (D,), for features as they come.
        intercept_: b.
    """

    def __init__(self, penalty: float = 0.01, iterations: int = 200) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            penalty: lambda in years, at least 0.
            iterations: of L-BFGS, at most.
        """
        self.penalty = penalty
        self.iterations = iterations

    def fit(self, X: np.ndarray, y: np.ndarray) -> "AbsoluteRegression":  # noqa: N803
        """Learn from features (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: the penalty is out of its range.
        """
        check_ranges(self, {"penalty": (0, 1e6)})
        x, ages = checked_training(self, X, y)
        middle = float(np.median(ages))
        targets = torch.from_numpy(ages - middle)[:, None]

        def loss(outputs: Tensor) -> Tensor:
            return torch.nn.functional.smooth_l1_loss(outputs, targets, beta=_ROUNDED)

        coef, intercept = fitted_linear(
            loss, x, normals=1, offsets=1, penalty=self.penalty, iterations=self.iterations
        )
        self.coef_, self.intercept_ = coef[0], float(intercept[0]) + middle
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Age of each sample in years."""
        check_is_fitted(self)
        return np.clip(checked(self, X) @ self.coef_ + self.intercept_, 0, OLDEST_LABEL)
