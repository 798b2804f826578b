"""All figures of a metric on held-out faces, typed and as result files store them."""

from typing import Any, NamedTuple

import numpy as np

from sadal_core.collapse import Vectors, order_correlation, order_violations
from sadal_core.evaluation.metrics import Interval
from sadal_core.evaluation.ordering import (
    GapCurve,
    Labels,
    check_samples,
    gap_curve,
    order_interval,
)
from sadal_core.evaluation.retrieval import Retrieval, neighbour_mae, retrieval
from sadal_core.files import jsonable


class MetricReport(NamedTuple):
    """How good a metric is on held-out faces; NaN is "cannot be told".

    Attributes:
        faces: how many.
        units: how many different units (subjects, duplicate groups).
        retrieval: one entry per tolerance; faces of the query's own unit are not ranked.
        neighbour_mae: of the 10 nearest faces of other units, in years.
        order_correlation: Spearman's, of squared distance and age gap.
        order_interval: its 95 % interval over units.
        order_violations: share of triplets in which the smaller gap is not nearer.
        gap_curve: squared distance by age gap.
    """

    faces: int
    units: int
    retrieval: tuple[Retrieval, ...]
    neighbour_mae: float
    order_correlation: float
    order_interval: Interval
    order_violations: float
    gap_curve: GapCurve

    def figures(self) -> dict[str, Any]:
        """The report as JSON can hold it: plain lists and numbers, None for NaN."""
        return jsonable({**self._asdict(), "order_interval": list(self.order_interval)})


def metric_report(
    embeddings: Vectors, ages: Labels, units: Labels, rng: np.random.Generator
) -> MetricReport:
    """All figures of a metric on held-out faces.

    Args:
        embeddings: of the faces.
        ages: in whole years.
        units: number of the unit (subject, duplicate group) of each.
        rng: of the random pairs, triplets and draws.

    Raises:
        DataError: an embedding is not finite, or ages or units are not one per embedding.
    """
    check_samples(embeddings, ages, units)
    return MetricReport(
        faces=len(ages),
        units=len(np.unique(units)),
        retrieval=retrieval(embeddings, ages, units=units),
        neighbour_mae=neighbour_mae(embeddings, ages, units=units),
        order_correlation=order_correlation(embeddings, ages, rng=rng),
        order_interval=order_interval(embeddings, ages, units, rng=rng),
        order_violations=order_violations(embeddings, ages, rng=rng),
        gap_curve=gap_curve(embeddings, ages),
    )


def measured_metric(
    embeddings: Vectors, ages: Labels, units: Labels, rng: np.random.Generator
) -> dict[str, Any]:
    """`metric_report` as the plain dictionary that result files store."""
    return metric_report(embeddings, ages, units, rng).figures()
