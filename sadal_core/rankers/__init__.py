"""Age predictors on an embedding, with scikit-learn's fit, predict and predict_proba."""

from collections.abc import Callable
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from sadal_core.rankers.expectation import ExpectationRanker
from sadal_core.rankers.knn import KNNRanker
from sadal_core.rankers.ohranker import OHRanker


@runtime_checkable  # so that the checks of types at run time can name it
class Ranker(Protocol):
    """A scikit-learn estimator of ages that gives distributions over `ages.GRID` too.

    What `fit` learns is in attributes that end in an underscore, each a number or an array: that
    is what a model folder holds of it.
    """

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Ranker":  # noqa: N803
        """Learn from embeddings (N, D) and ages in years (N,)."""
        ...

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Ages in years, (N,)."""
        ...

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Distributions over `ages.GRID`, (N, A)."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings that build it."""
        ...


RANKERS: Final[dict[str, Callable[..., Ranker]]] = {
    "expectation": ExpectationRanker,
    "ohranker": OHRanker,
    "knn": KNNRanker,
}
