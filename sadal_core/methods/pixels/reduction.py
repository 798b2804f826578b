"""Many columns to a few: what comes before a ranker that reads a description of the picture."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from sadal_core.errors import ConfigError

_POWER = 3  # iterations of the randomised solver: enough for columns as alike as these
_SEED = 0  # of its first guess, which does not show in the result


class Reduction(TransformerMixin, BaseEstimator):
    r"""Principal components of standardised columns, in a scale that keeps rankers comparable.

    .. math:: z = V^\top (x - \mu) / (\sigma \sqrt{D})

    A sample has a mean squared length of at most 1, however many columns there are: a ranker's
    weight of the penalty means the same for every description.

    Attributes:
        scaler_: the standardisation.
        pca_: V.
    """

    def __init__(self, components: int = 200) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            components: how many are kept, at least 1; fewer, where there are fewer samples or
                columns.
        """
        self.components = components

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> "Reduction":  # noqa: N803
        """Learn the components of samples (N, D).

        Raises:
            ValueError: not two-dimensional, or not finite (scikit-learn's).
            ConfigError: components below 1.
        """
        if self.components < 1:
            raise ConfigError(f"components must be at least 1, got {self.components}.")
        x = self._checked(X, reset=True)
        self.scaler_ = StandardScaler().fit(x)
        count = min(self.components, *x.shape)
        solver: Any = {"svd_solver": "randomized", "iterated_power": _POWER, "random_state": _SEED}
        self.pca_ = PCA(count, **solver).fit(self.scaler_.transform(x))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Samples (N, D) as their components (N, components)."""
        check_is_fitted(self, "pca_")
        x = self._checked(X, reset=False)
        return self.pca_.transform(self.scaler_.transform(x)) / np.sqrt(x.shape[1])

    def _checked(self, samples: Any, *, reset: bool) -> Any:
        return validate_data(self, samples, dtype=[np.float64, np.float32], reset=reset)
