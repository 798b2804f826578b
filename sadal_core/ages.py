"""The age grid in years: label distributions, expectation, median and interval.

Ages are in years everywhere. A distribution over ages has one probability for each
whole year of `GRID`; bin k stands for the ages from k - 1/2 to k + 1/2.

Letters: B batch, A number of ages in the grid (101).
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.errors import ConfigError

OLDEST = 100
OLDEST_LABEL = 120  # beyond it an age in a data set is taken to be wrong
GRID = np.arange(OLDEST + 1, dtype=np.float64)
DECADES = tuple((low, low + 9) for low in range(0, 80, 10)) + ((80, 120),)


class AgeSummary(NamedTuple):
    """One estimate in years: the age and a central interval around it."""

    age: float
    low: float
    high: float


def gaussian_labels(ages: Float[Tensor, " batch"], *, sigma: float) -> Float[Tensor, "batch ages"]:
    r"""Label distributions: a Gaussian around each true age, normalised on the grid.

    .. math:: D_k(y) \propto \exp(-(k - y)^2 / 2 \sigma^2), \quad k = 0..100

    Args:
        ages: true ages in years; values beyond the grid are clipped to it.
        sigma: width of the label in years, above 0.

    Raises:
        ConfigError: sigma is not above 0.

    Reference: Gao et al., "Deep Label Distribution Learning with Label Ambiguity", TIP 2017, eq. 2.
    """
    if not sigma > 0:
        raise ConfigError(f"The label width sigma must be above 0 years, got {sigma}.")
    grid = torch.arange(OLDEST + 1, dtype=ages.dtype, device=ages.device)
    offsets = grid - ages.clamp(0, OLDEST)[:, None]  # A, B1 -> BA
    return torch.softmax(-(offsets**2) / (2 * sigma**2), dim=1)


def expectation(probabilities: Float[Tensor, "batch ages"]) -> Float[Tensor, " batch"]:
    r"""Expected age in years, :math:`\hat y = \sum_k k\, p_k` (Rothe et al., DEX, 2015, eq. 2)."""
    grid = torch.arange(
        probabilities.shape[1], dtype=probabilities.dtype, device=probabilities.device
    )
    return probabilities @ grid


def quantiles(
    probabilities: Float[np.ndarray, "batch ages"], level: float
) -> Float[np.ndarray, " batch"]:
    """Age in years below which a share `level` of each distribution lies.

    Each bin's mass is spread evenly over its year, so the result is continuous in the
    probabilities; it is clipped to the grid.
    """
    cumulative = np.cumsum(probabilities, axis=1, dtype=np.float64)
    wanted = level * cumulative[:, -1:]  # B1
    year = np.argmax(cumulative >= wanted, axis=1)[:, None]  # first bin that reaches it
    mass = np.take_along_axis(probabilities, year, axis=1)
    before = np.take_along_axis(cumulative, year, axis=1) - mass
    age = year - 0.5 + (wanted - before) / np.maximum(mass, np.finfo(np.float64).tiny)
    return np.clip(age[:, 0], 0, OLDEST)


def median(probabilities: Float[np.ndarray, "batch ages"]) -> Float[np.ndarray, " batch"]:
    r"""Median age in years: of all estimates the one with the least expected absolute error.

    .. math:: \hat y = \arg\min_y \sum_k p_k |k - y|

    It is what `AgeModel` shows. The expectation would minimise the squared error.
    """
    return quantiles(probabilities, 0.5)


def summaries(
    probabilities: Float[np.ndarray, "batch ages"],
    *,
    age: Float[np.ndarray, " batch"] | None = None,
    coverage: float = 0.8,
) -> Float[np.ndarray, "batch 3"]:
    """Age and ends of the central interval that holds `coverage` of each distribution.

    Args:
        probabilities: distributions on `GRID`, each summing to 1.
        age: estimates in years; the medians where none are given.
        coverage: share of the mass inside the interval, between 0 and 1.

    Returns:
        Columns age, low and high in years. The interval is widened where needed so that it
        contains the age, which may lie past a quantile of a skewed distribution.
    """
    age = median(probabilities) if age is None else age
    tail = (1 - coverage) / 2
    low, high = quantiles(probabilities, tail), quantiles(probabilities, 1 - tail)
    return np.stack([age, np.minimum(low, age), np.maximum(high, age)], axis=1)


def summarise(
    probabilities: Float[np.ndarray, " ages"], *, age: float | None = None, coverage: float = 0.8
) -> AgeSummary:
    """`summaries` of one distribution."""
    ages = None if age is None else np.array([age])
    return AgeSummary(*summaries(probabilities[None], age=ages, coverage=coverage)[0].tolist())


def decade_index(ages: np.ndarray) -> np.ndarray:
    """Position in `DECADES` of each age; everything from 80 on shares the last band."""
    return np.clip(np.asarray(ages) // 10, 0, len(DECADES) - 1).astype(int)


def decade_name(low: int) -> str:
    """Name of the band that starts at `low`, such as "20-29" or "80+"."""
    return "80+" if low >= 80 else f"{low}-{low + 9}"
