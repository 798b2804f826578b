"""The age as that of the nearest faces in the metric."""

import numpy as np
import torch
from jaxtyping import Float
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from sadal_core.ages import gaussian_labels
from sadal_core.errors import ConfigError
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training


class KNNRanker(AgeRegressor):
    """Mean age of the nearest training faces, and the mean of their label distributions.

    Attributes:
        gallery_: embeddings of the training faces, rounded to 16 bits so that a stored ranker
            finds the same neighbours.
        ages_: their ages in years.
    """

    def __init__(self, neighbours: int = 30, sigma: float = 2.0) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            neighbours: how many count, at least 1; all, where there are fewer faces.
            sigma: width of each neighbour's label distribution in years, above 0.
        """
        self.neighbours = neighbours
        self.sigma = sigma

    def fit(self, X: np.ndarray, y: np.ndarray) -> "KNNRanker":  # noqa: N803
        """Remember embeddings (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: neighbours below 1.
        """
        if self.neighbours < 1:
            raise ConfigError(f"neighbours must be at least 1, got {self.neighbours}.")
        embeddings, self.ages_ = checked_training(self, X, y)
        self.gallery_ = embeddings.astype(np.float16)
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Mean age of the neighbours in years."""
        nearest = self._nearest(X)
        return self.ages_[nearest].mean(axis=1)

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Mean label distribution of the neighbours, on `ages.GRID`."""
        nearest = self._nearest(X)
        labels = gaussian_labels(torch.from_numpy(self.ages_), sigma=self.sigma).numpy()
        return np.stack([labels[row].mean(axis=0) for row in nearest])

    def _nearest(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        check_is_fitted(self, "gallery_")
        embeddings = checked(self, X)
        # A tree does not pay in a hundred dimensions, and building none keeps loading quick.
        index = NearestNeighbors(algorithm="brute").fit(self.gallery_.astype(np.float64))
        count = min(self.neighbours, len(self.ages_))
        return index.kneighbors(embeddings, count, return_distance=False)
