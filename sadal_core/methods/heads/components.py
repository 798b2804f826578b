"""Few inputs from many features, for the methods that were made for few."""

from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler


def principal(
    x: Float[np.ndarray, "samples features"], *, components: int
) -> tuple[Float[np.ndarray, "features components"], Float[np.ndarray, " features"]]:
    r"""Directions V and centre m of the first principal components of standardised features.

    The components of samples x are (x - m) V. They are scaled together, such that the first has
    variance 1 and the others less: with variances of 1 iterative scaling would need many times
    the iterations.

    Args:
        x: features to learn them from.
        components: how many; fewer where there are fewer samples or features.
    """
    scaler: Any = StandardScaler().fit(x)
    pca: Any = PCA(min(components, *x.shape), svd_solver="covariance_eigh")
    with np.errstate(invalid="ignore"):  # it divides by the variance, 0 if all samples are the same
        pca.fit(scaler.transform(x))
    largest = np.sqrt(pca.explained_variance_[0]) or 1.0
    return pca.components_.T / scaler.scale_[:, None] / largest, scaler.mean_
