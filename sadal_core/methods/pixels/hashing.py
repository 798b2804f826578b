"""Local binary features that are learned: hash functions and a dictionary of their codes.

Letters: M patches, P values of a patch, K bits.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import eigh, svd
from sklearn.cluster import KMeans

from sadal_core.errors import ConfigError

_ROTATIONS = 20  # rounds of codes and rotations in turn
_ROTATED = 10_000  # patches that decide them, about
_BALANCE = 1.0


def age_costs(
    ages: Float[np.ndarray, " ages"], *, tolerance: float
) -> Float[np.ndarray, "ages ages"]:
    r"""What it is worth that the codes of two ages differ, in [-1, 1].

    .. math:: c_{ij} = \min(|y_i - y_j| / \tau - 1,\ 1)

    Args:
        ages: in years.
        tolerance: tau in years, above 0: nearer ages than this should have equal codes.

    Raises:
        ConfigError: tolerance is not above 0.
    """
    if not tolerance > 0:
        raise ConfigError(f"tolerance must be above 0 years, got {tolerance}.")
    return np.minimum(np.abs(ages[:, None] - ages) / tolerance - 1, 1)


def cost_scatter(
    patches: Float[np.ndarray, "patches values"],
    ages: Float[np.ndarray, " patches"],
    *,
    tolerance: float,
) -> Float[np.ndarray, "values values"]:
    r"""Scatter between patches, weighted by what their difference is worth.

    .. math:: S = \frac{1}{M^2} \sum_{ij} c_{ij} (p_i - p_j)(p_i - p_j)^\top

    Costs depend on the ages alone, so sums over the patches of an age are enough:
    :math:`S = \frac{2}{M^2} (\sum_i d_i p_i p_i^\top - \sum_{ab} c_{ab} s_a s_b^\top)` with
    :math:`d_i = \sum_j c_{ij}` and :math:`s_a` the sum of the patches of age a.
    """
    years, index, counts = np.unique(ages, return_inverse=True, return_counts=True)
    costs = age_costs(years, tolerance=tolerance)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums = np.add.reduceat(patches[np.argsort(index, kind="stable")], starts, axis=0)
    weights = (costs @ counts)[index]
    scatter = (patches * weights[:, None]).T @ patches - sums.T @ costs @ sums
    return 2 * scatter / len(patches) ** 2


def hash_functions(
    patches: Float[np.ndarray, "patches values"],
    ages: Float[np.ndarray, " patches"],
    *,
    bits: int,
    tolerance: float,
) -> Float[np.ndarray, "values bits"]:
    r"""W of the codes :math:`b = \mathrm{sign}(W^\top p)`.

    .. math:: \max_{W^\top W = I} \mathrm{tr}\, W^\top (S - \bar p \bar p^\top) W, \qquad
        \min_{R^\top R = I} \sum_i |\mathrm{sign}(R^\top W^\top p_i) - R^\top W^\top p_i|^2

    S is `cost_scatter`. The mean patch :math:`\bar p` stands for the balance: a bit that is as
    often 1 as -1 has a mean of 0. The first problem leaves signs away and is solved by
    eigenvectors. It does not change when W is turned, so W is then turned to lose least by
    taking signs.

    Args:
        patches: of all faces.
        ages: of their faces, in years.
        bits: K, from 1 to P.
        tolerance: of `age_costs`, in years.

    Raises:
        ConfigError: tolerance is not above 0, or there are not as many bits.

    Reference: the rotation is that of Gong and Lazebnik, "Iterative Quantization: A Procrustean
    Approach to Learning Binary Codes", CVPR 2011.
    """
    size = patches.shape[1]
    if not 1 <= bits <= size:
        raise ConfigError(f"bits must be from 1 to {size}, the values of a patch, got {bits}.")
    mean = patches.mean(axis=0)
    worth = cost_scatter(patches, ages, tolerance=tolerance) - _BALANCE * np.outer(mean, mean)
    weights = np.asarray(eigh(worth, subset_by_index=(size - bits, size - 1))[1])
    projected = patches[:: 1 + len(patches) // _ROTATED] @ weights
    turn = np.eye(bits)
    for _ in range(_ROTATIONS):
        signs = np.where(projected @ turn >= 0, 1.0, -1.0)
        left, _, right = svd(projected.T @ signs)
        turn = left @ right
    return weights @ turn


def codes(
    patches: Float[np.ndarray, "*batch values"], weights: Float[np.ndarray, "values bits"]
) -> Int[np.ndarray, "*batch"]:
    """Codes of patches as whole numbers: bit k is set where hash function k is not below 0."""
    return (patches @ weights >= 0) @ (1 << np.arange(weights.shape[1]))


def dictionary(
    seen: Int[np.ndarray, " patches"], *, bits: int, words: int, seed: int
) -> Int[np.ndarray, " codes"]:
    """The word of each of the 2**bits codes, by k-means on the codes that were seen.

    Args:
        seen: codes of many patches; one seen often counts as often.
        bits: of a code.
        words: how many, at most.
        seed: of the first centres.
    """
    counts = np.bincount(seen, minlength=1 << bits)
    points = ((np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1).astype(np.float64)
    known = counts > 0
    settings: Any = {"n_init": 1, "random_state": seed}
    means = KMeans(min(words, int(known.sum())), **settings)
    means.fit(points[known], sample_weight=counts[known])
    return np.asarray(means.predict(points))
