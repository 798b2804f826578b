"""A ranker behind what its inputs need before: one estimator with one setting."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.utils.validation import check_is_fitted

from sadal_core.rankers.checks import AgeRegressor


def unit_length() -> Any:
    """Unfitted: standardised columns, then rows of length 1, as the rankers expect them."""
    return make_pipeline(StandardScaler(), Normalizer())


class Prepared(AgeRegressor):
    """A ranker on prepared samples.

    Scikit-learn's own pipeline is what is fitted; it is not the estimator itself, since its
    parameters are estimators, which are never equal to those of a clone.

    Attributes:
        chain_: the fitted pipeline.
    """

    def __init__(
        self, preparation: Callable[[], Any], ranker: Callable[[Any], Any], setting: float = 1.0
    ) -> None:
        """Take the parts; they are made in `fit`.

        Args:
            preparation: makes an unfitted transformer.
            ranker: makes an unfitted ranker of the setting.
            setting: of the ranker.
        """
        self.preparation = preparation
        self.ranker = ranker
        self.setting = setting

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Prepared":  # noqa: N803
        """Learn from samples (N, D) and ages in years.

        Raises:
            DataError, ConfigError: those of the ranker.
        """
        chain: Any = make_pipeline(self.preparation(), self.ranker(self.setting))
        self.chain_ = chain.fit(X, y)
        return self

    @property
    def n_features_in_(self) -> int:
        """How many columns the samples had that were learned from."""
        return self.chain_.n_features_in_

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Ages in years."""
        check_is_fitted(self, "chain_")
        return self.chain_.predict(X)
