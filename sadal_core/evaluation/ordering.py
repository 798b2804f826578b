"""How distances of an embedding and age gaps go together: the learned curve, and how sure.

The point figures are `collapse.order_correlation` and `collapse.order_violations`. Everything
here looks at all pairs, so time grows with the square of the samples, while memory does not.
Letters: N samples, D dimensions.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

from sadal_core.collapse import Vectors, order_correlation
from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import Interval

_BLOCK = 1_000_000  # distances held at a time

# One number per sample. The axis has a name of its own because `check_samples` compares lengths.
Labels = Int[np.ndarray, " labels"]


class GapCurve(NamedTuple):
    """Squared distance as a function of the age gap: what was learned, to be drawn over Q.

    Attributes:
        gaps: in whole years, 0 to the largest.
        mean: of the squared distance at each gap; NaN without a pair.
        deviation: standard deviation of the squared distance at each gap; NaN without a pair.
        pairs: how many pairs have each gap.
    """

    gaps: Int[np.ndarray, " gaps"]
    mean: Float[np.ndarray, " gaps"]
    deviation: Float[np.ndarray, " gaps"]
    pairs: Int[np.ndarray, " gaps"]


def check_samples(embeddings: Vectors, *columns: Labels) -> None:
    """Refuse embeddings that cannot be measured, and columns of another length.

    Raises:
        DataError: an embedding is not finite, or ages or units are not one per embedding.
    """
    for column in columns:
        if len(column) != len(embeddings):
            raise DataError(
                f"There are {len(embeddings)} embeddings but {len(column)} ages or units. "
                "Give one age and one unit per embedding."
            )
    broken = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if len(broken):
        raise DataError(
            f"{len(broken)} embeddings are not finite, the first at position {broken[0]}. "
            "Leave out these faces, or train the metric again with a lower learning rate."
        )


def distance_blocks(
    embeddings: Vectors,
) -> Iterator[tuple[Int[np.ndarray, " rows"], Float[np.ndarray, "rows samples"]]]:
    """Squared distances from some samples to all, block by block, with the samples' positions.

    Taken from differences, not from inner products, so that equal embeddings are at 0 exactly.
    """
    exact = embeddings.astype(np.float64)
    step = max(1, _BLOCK // max(1, len(exact)))
    for start in range(0, len(exact), step):
        rows = np.arange(start, min(start + step, len(exact)))
        yield rows, cdist(exact[rows], exact, "sqeuclidean")


def gap_curve(embeddings: Vectors, ages: Labels) -> GapCurve:
    r"""Mean and standard deviation of the squared distance at each age gap, over all pairs.

    .. math::
        \mu_g = \frac1{n_g} \sum_{m < n,\; |y_m - y_n| = g} d(m, n), \qquad
        \sigma_g^2 = \frac1{n_g} \sum_{m < n,\; |y_m - y_n| = g} (d(m, n) - \mu_g)^2

    Args:
        embeddings: of N faces.
        ages: in whole years.

    Raises:
        DataError: an embedding is not finite, or ages are not one per embedding.
    """
    check_samples(embeddings, ages)
    size = int(ages.max()) - int(ages.min()) + 1 if len(ages) else 0
    pairs, sums, squares = np.zeros(size, np.int64), np.zeros(size), np.zeros(size)
    for gaps, distances in _pairs(embeddings, ages):
        pairs += np.bincount(gaps, minlength=size)
        sums += np.bincount(gaps, distances, size)
    mean = _per_pair(sums, pairs)
    # A second pass: the mean of the squares less the square of the mean would lose small spreads.
    for gaps, distances in _pairs(embeddings, ages):
        squares += np.bincount(gaps, np.square(distances - mean[gaps]), size)
    return GapCurve(np.arange(size), mean, np.sqrt(_per_pair(squares, pairs)), pairs)


def order_interval(
    embeddings: Vectors,
    ages: Labels,
    units: Labels,
    *,
    rng: np.random.Generator,
    draws: int = 200,
) -> Interval:
    """95 % percentile interval of `order_correlation` when whole units are drawn anew.

    Every draw takes its own random pairs, so the interval also covers the chance in choosing
    them. A unit drawn twice pairs samples with their copies, at distance and gap 0; they are 1 in
    N of all pairs, which moves the interval upwards: by far less than its width for thousands of
    samples, visibly below a few hundred.

    Args:
        embeddings: of N faces.
        ages: in whole years.
        units: number of the unit (subject, duplicate group) of each.
        rng: of units and pairs.
        draws: how many.

    Returns:
        The interval; NaN at both ends with fewer than two units or where no draw has a value.

    Raises:
        DataError: an embedding is not finite, or ages or units are not one per embedding.
    """
    check_samples(embeddings, ages, units)
    names, unit = np.unique(units, return_inverse=True)
    nothing = Interval(float("nan"), float("nan"))
    if len(names) < 2:
        return nothing
    values = np.empty(draws)
    for draw in range(draws):
        times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        chosen = np.repeat(np.arange(len(ages)), times[unit.reshape(-1)])
        values[draw] = order_correlation(embeddings[chosen], ages[chosen], rng=rng)
    if np.isnan(values).all():
        return nothing
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))


def _pairs(
    embeddings: Vectors, ages: Labels
) -> Iterator[tuple[Int[np.ndarray, " pairs"], Float[np.ndarray, " pairs"]]]:
    """Age gap and squared distance of every unordered pair, block by block."""
    years = ages.astype(np.int64)
    for rows, distances in distance_blocks(embeddings):
        once = np.arange(len(years)) > rows[:, None]
        yield np.abs(years[rows, None] - years)[once], distances[once]


def _per_pair(
    sums: Float[np.ndarray, " gaps"], pairs: Int[np.ndarray, " gaps"]
) -> Float[np.ndarray, " gaps"]:
    return np.divide(sums, pairs, out=np.full(len(sums), np.nan), where=pairs > 0)
