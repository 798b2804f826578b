"""Detectors of training gone wrong, as pure functions of arrays, and the thresholds of alarm.

Measured on all samples of an epoch or on a few thousand of them, and shown in the page. Letters:
N samples, D dimensions.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

Vectors = Float[np.ndarray, "samples dim"]
Ages = Int[np.ndarray, " samples"]


class Alarm(StrEnum):
    """What went wrong, in one sentence."""

    EMBEDDING_POINT = "All embeddings lie nearly at one point."
    EMBEDDING_LINE = "The embeddings vary in a single direction."
    COPIES_ANCHOR = "The generator copies the anchor."
    COPIES_SOURCE = "The generator hands back the negative it was given."
    MIDPOINT = "The generator does no more than take the midpoint."
    INERT_ADVERSARY = "The adversarial term never acts."
    IDLE_METRIC = "Every negative is far enough already, so the metric learns nothing from them."
    UNSATISFIED_METRIC = "No negative is far enough: the margin may be out of reach."
    NO_ORDER = "Distances do not grow with the age gap."


@dataclass(frozen=True)
class CollapseReport:
    """The detectors of one moment of training; NaN is "cannot be told".

    Attributes:
        total_variance: of the embeddings.
        effective_rank: of the embeddings, in dimensions.
        copy_ratio: median over generated negatives.
        midpoint_residual: median over generated negatives.
        adversary_active: share of generated negatives with G_adv above 0.
        metric_active: share of generated negatives whose hinge in D is above 0.
        order_correlation: Spearman's, of squared distance and age gap.
        order_violations: share of triplets in which the smaller gap is not nearer.
    """

    total_variance: float
    effective_rank: float
    copy_ratio: float
    midpoint_residual: float
    adversary_active: float
    metric_active: float
    order_correlation: float
    order_violations: float

    def alarms(self) -> tuple[Alarm, ...]:
        """What went wrong, most basic first; the thresholds are for embeddings of unit length."""
        checks = (
            (Alarm.EMBEDDING_POINT, self.total_variance < 1e-3),
            (Alarm.EMBEDDING_LINE, self.effective_rank < 1.5),
            (Alarm.COPIES_ANCHOR, self.copy_ratio < 0.05),
            (Alarm.COPIES_SOURCE, abs(self.copy_ratio - 1) < 0.05),
            (Alarm.MIDPOINT, self.midpoint_residual < 0.1),
            (Alarm.INERT_ADVERSARY, self.adversary_active < 0.01),
            (Alarm.IDLE_METRIC, self.metric_active == 0),
            (Alarm.UNSATISFIED_METRIC, self.metric_active == 1),
            (Alarm.NO_ORDER, self.order_correlation < 0.05),
        )
        return tuple(alarm for alarm, fires in checks if fires)


def space_figures(embeddings: Vectors, ages: Ages, rng: np.random.Generator) -> dict[str, float]:
    """The entries of a `CollapseReport` that need no generator."""
    return {
        "total_variance": total_variance(embeddings),
        "effective_rank": effective_rank(embeddings),
        "order_correlation": order_correlation(embeddings, ages, rng=rng),
        "order_violations": order_violations(embeddings, ages, rng=rng),
    }


def total_variance(embeddings: Vectors) -> float:
    r"""Variance around the mean, :math:`\frac1N \sum_n |e_n - \bar e|^2`; at most 1 on the sphere.

    NaN without samples.
    """
    if len(embeddings) == 0:
        return float("nan")
    return float(embeddings.astype(np.float64).var(axis=0).sum())


def effective_rank(embeddings: Vectors) -> float:
    r"""How many directions the embeddings use, from 1 to D; 0 when they do not vary at all.

    .. math:: \exp\left(-\sum_k p_k \ln p_k\right), \quad p_k = \sigma_k / \sum_m \sigma_m

    with the singular values :math:`\sigma` of the centred embeddings. NaN without samples.

    Reference: Roy and Vetterli, "The effective rank", EUSIPCO 2007.
    """
    if len(embeddings) == 0:
        return float("nan")
    exact = embeddings.astype(np.float64)
    values = np.linalg.svd(exact - exact.mean(axis=0), compute_uv=False)
    # Identical rows leave rounding errors in all directions, which are not a rank of D.
    if values.sum() <= 1e-12 * np.linalg.norm(exact):
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def copy_ratio(
    synthetic: Vectors, anchor: Vectors, negative: Vectors
) -> Float[np.ndarray, " samples"]:
    r"""Where each generated negative lies from anchor to source.

    .. math:: r = |\tilde x_k - x_i| / |x_k - x_i|

    0 copies the anchor, 1 is as far as the source, 1/2 fits the midpoint. NaN where anchor and
    source coincide.
    """
    return _ratio(synthetic - anchor, negative - anchor)


def midpoint_residual(
    synthetic: Vectors, anchor: Vectors, negative: Vectors
) -> Float[np.ndarray, " samples"]:
    r"""How far each generated negative lies off the midpoint of anchor and source.

    .. math:: |\tilde x_k - (x_i + x_k)/2| \, / \, |x_i - x_k|

    NaN where anchor and source coincide.
    """
    return _ratio(synthetic - (anchor + negative) / 2, anchor - negative)


def _ratio(part: Vectors, whole: Vectors) -> Float[np.ndarray, " samples"]:
    above = np.linalg.norm(part.astype(np.float64), axis=1)
    below = np.linalg.norm(whole.astype(np.float64), axis=1)
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def active_fraction(
    hinges: Float[np.ndarray, " samples"] | Bool[np.ndarray, " samples"],
) -> float:
    """Share of hinges above 0; NaN without any."""
    return float((hinges > 0).mean()) if len(hinges) else float("nan")


def order_correlation(
    embeddings: Vectors, ages: Ages, *, rng: np.random.Generator, pairs: int = 20_000
) -> float:
    """Spearman's correlation of squared distance and age gap over random pairs of samples.

    NaN where it has no value: below two samples, or all distances or all gaps equal.
    """
    if len(ages) < 2:
        return float("nan")
    first, second = _distinct(len(ages), pairs, rng)
    distances = _squared_distances(embeddings, first, second)
    gaps = np.abs(ages[first] - ages[second])
    if np.ptp(distances) == 0 or np.ptp(gaps) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(distances), rankdata(gaps))[0, 1])


def order_violations(
    embeddings: Vectors, ages: Ages, *, rng: np.random.Generator, triplets: int = 20_000
) -> float:
    r"""Share of random triplets that break the slides' first criterion.

    .. math:: |y_a - y_b| < |y_a - y_c| \;\text{ but }\; d(a, b) \ge d(a, c)

    Equal distances break it too, so that a collapsed embedding scores 1; chance is 1/2. NaN
    where no triplet has two different gaps.
    """
    if len(ages) < 2:
        return float("nan")
    anchor, near = _distinct(len(ages), triplets, rng)
    far = rng.integers(0, len(ages), triplets)
    gaps = np.abs(ages[anchor] - ages[near]), np.abs(ages[anchor] - ages[far])
    chosen = (gaps[0] != gaps[1]) & (far != anchor)
    if not chosen.any():
        return float("nan")
    first = _squared_distances(embeddings, anchor[chosen], near[chosen])
    second = _squared_distances(embeddings, anchor[chosen], far[chosen])
    swapped = gaps[0][chosen] > gaps[1][chosen]
    return float(np.where(swapped, second >= first, first >= second).mean())


def _distinct(
    samples: int, count: int, rng: np.random.Generator
) -> tuple[Int[np.ndarray, " count"], Int[np.ndarray, " count"]]:
    """Random pairs of two different samples."""
    first = rng.integers(0, samples, count)
    return first, (first + rng.integers(1, samples, count)) % samples


def _squared_distances(
    embeddings: Vectors, first: Int[np.ndarray, " pairs"], second: Int[np.ndarray, " pairs"]
) -> Float[np.ndarray, " pairs"]:
    return np.square(embeddings[first] - embeddings[second]).sum(axis=1)
