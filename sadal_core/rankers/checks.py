"""What every ranker says of itself to scikit-learn, and what it refuses."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from sadal_core.ages import OLDEST_LABEL
from sadal_core.errors import DataError


class AgeRegressor(RegressorMixin, BaseEstimator):
    """An estimator of ages in years, none of which is negative."""

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn may expect; its own checks draw their targets accordingly."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags


class LabelError(DataError, ValueError):
    """Ages that nothing can be learned from; a ValueError too, as scikit-learn's callers expect."""


def checked_training(
    ranker: BaseEstimator, embeddings: np.ndarray, ages: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 arrays, (N, D) and (N,).

    Raises:
        ValueError: not two-dimensional, not finite, or of different lengths (scikit-learn's).
        LabelError: an age is negative or above 120 years, or all have one age.
    """
    given: Any = embeddings, ages  # scikit-learn annotates neither
    x: Any
    x, y = validate_data(ranker, *given, dtype=np.float64, y_numeric=True)
    y = np.asarray(y, dtype=np.float64)
    wrong = np.flatnonzero(~((y >= 0) & (y <= OLDEST_LABEL)))
    if len(wrong):
        raise LabelError(
            f"Sample {wrong[0]} has the age {y[wrong[0]]:g}; a ranker takes ages from 0 to "
            f"{OLDEST_LABEL} years. Leave such samples out."
        )
    if np.ptp(np.floor(y + 0.5)) == 0:
        raise LabelError(
            f"All {len(y)} samples are {y[0]:g} years old. A ranker needs at least two ages (two "
            "classes, in scikit-learn's words)."
        )
    return x, y


def checked(ranker: BaseEstimator, embeddings: np.ndarray) -> np.ndarray:
    """Embeddings to read ages from, as a float64 array (N, D).

    Raises:
        ValueError: not finite, or of another width than those that were learned from.
    """
    given: Any = embeddings
    x: Any = validate_data(ranker, given, dtype=np.float64, reset=False)
    return x
