"""Ages by way of cumulative attributes."""

from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.utils.validation import check_is_fitted

from sadal_core.ages import OLDEST_LABEL
from sadal_core.errors import ConfigError
from sadal_core.methods.pixels.subsample import spread
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training

_SVR_SAMPLES = 4000  # its time grows with their square: 4 s on one core
_SVR_C = 10.0


def cumulative_attributes(
    years: Float[np.ndarray, " samples"],
) -> Float[np.ndarray, "samples attributes"]:
    r"""Whether each sample has reached each age: :math:`a_k = 1` where :math:`k \le y`, else 0.

    Ages that everybody or nobody has reached tell nothing and are left out: k runs from one year
    above the youngest to the oldest.
    """
    reached = np.arange(years.min() + 1, years.max() + 1)
    return (reached <= years[:, None]).astype(np.float64)


class CASVR(AgeRegressor):
    r"""Ridge regression to cumulative attributes, then support vector regression on these.

    .. math:: \min \tfrac1N \sum_i |W x_i + b - a_i|^2 + \lambda |W|^2,
        \qquad \hat y = \mathrm{SVR}(W x + b)

    Departs: the regression of the ages has a Gaussian kernel of scikit-learn's default width and
    is learned from at most 4,000 samples, at even steps through the order of their ages.

    Reference: Chen, Gong, Xiang and Loy, "Cumulative Attribute Space for Age and Crowd Density
    Estimation", CVPR 2013.

    Attributes:
        attributes_: standardisation, W and b.
        svr_: the regression of ages on attributes.
    """

    def __init__(self, penalty: float = 0.1) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            penalty: lambda, above 0, of standardised columns.
        """
        self.penalty = penalty

    def fit(self, X: np.ndarray, y: np.ndarray) -> "CASVR":  # noqa: N803
        """Learn from features (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: the penalty is not above 0.
        """
        if not self.penalty > 0:
            raise ConfigError(f"penalty must be above 0, got {self.penalty}.")
        features, ages = checked_training(self, X, y)
        ridge = Ridge(alpha=self.penalty * len(ages))
        self.attributes_: Any = make_pipeline(StandardScaler(), ridge)
        self.attributes_.fit(features, cumulative_attributes(np.floor(ages + 0.5)))
        chosen = spread(ages, _SVR_SAMPLES)
        self.svr_ = SVR(C=_SVR_C).fit(self._attributes(features[chosen]), ages[chosen])
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Ages in years."""
        check_is_fitted(self, "svr_")
        return np.clip(self.svr_.predict(self._attributes(checked(self, X))), 0, OLDEST_LABEL)

    def _attributes(self, features: np.ndarray) -> np.ndarray:
        """Estimated attributes as (N, K), also where there is but one."""
        return self.attributes_.predict(features).reshape(len(features), -1)
