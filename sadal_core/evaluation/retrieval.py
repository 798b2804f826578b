"""Who is nearest in the metric: retrieval of faces of about the same age, one left out.

Every face is a query against all others, never against itself nor its own unit. "Relevant" are
those whose age is within t years of the query's. The calculator of pytorch-metric-learning gives
the same precision@1, R-precision and MAP@R (tested), but knows neither units nor recall@k, so the
ranking is taken from all distances here. Letters: N samples.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from sadal_core.collapse import Vectors
from sadal_core.errors import DataError
from sadal_core.evaluation.ordering import Labels, check_samples, distance_blocks

TOLERANCES = (0, 2, 5)
RANKS = (1, 5, 10)


class Retrieval(NamedTuple):
    """Shares from 0 to 1 for one tolerance, means over the queries; NaN without any.

    Attributes:
        within: t, in years.
        queries: faces that have anybody relevant.
        left_out: faces that have nobody.
        recall: by k of `RANKS`, share of queries with somebody relevant among the k nearest.
        precision: by k of `RANKS`, relevant ones among the k nearest, divided by k.
        r_precision: share of relevant ones among as many nearest as are relevant.
        map_at_r: mean average precision at R; see `retrieval`.
    """

    within: int
    queries: int
    left_out: int
    recall: dict[int, float]
    precision: dict[int, float]
    r_precision: float
    map_at_r: float


def ranking(
    embeddings: Vectors, units: Labels | None = None
) -> tuple[Int[np.ndarray, "samples samples"], Bool[np.ndarray, "samples samples"]]:
    """All faces from near to far for each, ties by position, those of its own unit last.

    Returns:
        Positions, and which of them are of another unit and so may be found.
    """
    own = np.arange(len(embeddings)) if units is None else units
    order = np.empty((len(embeddings), len(embeddings)), np.int64)
    for rows, distances in distance_blocks(embeddings):
        distances[own[rows, None] == own] = np.inf
        order[rows] = np.argsort(distances, axis=1, kind="stable")
    return order, own[order] != own[:, None]


def retrieval(
    embeddings: Vectors,
    ages: Labels,
    *,
    units: Labels | None = None,
    tolerances: tuple[int, ...] = TOLERANCES,
) -> tuple[Retrieval, ...]:
    r"""Recall@k, precision@k, R-precision and MAP@R for each tolerance.

    .. math:: MAP@R = \frac1R \sum_{i=1}^R P(i)\,[\text{i-th neighbour is relevant}]

    with R the number of relevant faces of the query and P(i) the precision among its i nearest.

    Args:
        embeddings: of N faces; time and memory grow with the square of N.
        ages: in whole years.
        units: number of the unit of each face; by default every face is its own.
        tolerances: t, in years.

    Raises:
        DataError: see `ordering.check_samples`.

    Reference: Musgrave et al., "A Metric Learning Reality Check", ECCV 2020, section 3.2.
    """
    check_samples(embeddings, ages, *(() if units is None else (units,)))
    order, others = ranking(embeddings, units)
    gaps = np.abs(ages[order] - ages[:, None])
    return tuple(_measured((gaps <= within) & others, within) for within in tolerances)


def _measured(relevant: Bool[np.ndarray, "samples samples"], within: int) -> Retrieval:
    has_any = relevant.any(axis=1)
    found = relevant[has_any]
    queries, left_out = len(found), int((~has_any).sum())
    if queries == 0:
        nothing: dict[int, float] = {k: float("nan") for k in RANKS}
        return Retrieval(within, 0, left_out, nothing, nothing, float("nan"), float("nan"))
    counts = np.cumsum(found, axis=1)
    wanted = counts[:, -1]
    counted = found & (np.arange(found.shape[1]) < wanted[:, None])
    precision = counts / np.arange(1, found.shape[1] + 1)
    return Retrieval(
        within,
        queries,
        left_out,
        recall={k: float(found[:, :k].any(axis=1).mean()) for k in RANKS},
        precision={k: float(found[:, :k].sum(axis=1).mean() / k) for k in RANKS},
        r_precision=float((counted.sum(axis=1) / wanted).mean()),
        map_at_r=float(((precision * counted).sum(axis=1) / wanted).mean()),
    )


def neighbour_mae(
    embeddings: Vectors, ages: Labels, *, units: Labels | None = None, neighbours: int = 10
) -> float:
    """Mean error, in years, of taking the mean age of the nearest others for one's own.

    Args:
        embeddings: of N faces.
        ages: in whole years.
        units: as in `retrieval`.
        neighbours: how many count; fewer where there are fewer.

    Raises:
        DataError: see `ordering.check_samples`, or a face has no other to be compared with.
    """
    check_samples(embeddings, ages, *(() if units is None else (units,)))
    order, others = ranking(embeddings, units)
    near, known = order[:, :neighbours], others[:, :neighbours]
    if len(ages) == 0 or not known.any(axis=1).all():
        raise DataError("Neighbours need faces of at least two units.")
    mean = np.where(known, ages[near], 0).sum(axis=1) / known.sum(axis=1)
    return float(np.abs(mean - ages).mean())
