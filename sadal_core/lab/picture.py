"""A lab at one moment as two pictures: in features, where G works, and in the metric, where f does.

The axes of both stay: those of the features are the plane in which x varies most, those of the
metric are turned to lie over it and never stretched, so that a space that shrinks is seen to.
Letters: N samples, M generated negatives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import orthogonal_procrustes

from sadal_core.lab.lab import Lab

_QUADRUPLETS: Final = 20  # whose negatives are drawn; more hide the samples

Places = Float[np.ndarray, "points 2"]


@dataclass(frozen=True)
class Picture:
    """Places of samples and generated negatives.

    Attributes:
        ages: of the samples, in whole years.
        features: places of the samples in x.
        metric: the same in the metric.
        source: the sample that each generated negative was made from.
        anchor: the sample that it is held against.
        generated_features: places of the generated negatives in x.
        generated_metric: the same in the metric.
    """

    ages: Int[np.ndarray, " samples"]
    features: Float[np.ndarray, "samples 2"]
    metric: Float[np.ndarray, "samples 2"]
    source: Int[np.ndarray, " generated"]
    anchor: Int[np.ndarray, " generated"]
    generated_features: Float[np.ndarray, "generated 2"]
    generated_metric: Float[np.ndarray, "generated 2"]


def picture(lab: Lab) -> Picture:
    """The lab as it is now: the samples of its probe, and some of the negatives made of them."""
    sight, probe = lab.look(), lab.probe
    x = lab.faces.x[lab.faces.learned[probe.faces]]
    features = _plane(lab, x)
    reduced = _metric_plane(sight.embeddings, features)
    made = sight.negatives
    if made is None:
        none, nowhere = np.zeros(0, np.int64), np.zeros((0, 2))
        return Picture(
            probe.ages, features, reduced(sight.embeddings), none, none, nowhere, nowhere
        )
    half = len(made) // 2  # the younger negatives come first
    rows = np.concatenate(
        [np.arange(half)[:_QUADRUPLETS], np.arange(half, 2 * half)[:_QUADRUPLETS]]
    )
    return Picture(
        probe.ages,
        features,
        reduced(sight.embeddings),
        made.source[rows],
        made.anchor[rows],
        _plane(lab, made.features[rows]),
        reduced(made.embeddings[rows]),
    )


def _plane(lab: Lab, x: Float[np.ndarray, "points features"]) -> Places:
    return x.astype(np.float64) if x.shape[1] == 2 else lab.faces.plane.transform(x)


def _metric_plane(
    embeddings: Float[np.ndarray, "samples dim"], reference: Places
) -> Callable[[Float[np.ndarray, "points dim"]], Places]:
    """Embeddings to the plane: themselves, or their own two largest directions laid over x's."""
    if embeddings.shape[1] == 2:
        return lambda points: points.astype(np.float64)
    centre = embeddings.mean(axis=0, dtype=np.float64)
    # not PCA, which divides by the variance of embeddings that may have none
    axes = np.linalg.svd(embeddings - centre, full_matrices=False)[2][:2].T
    turn, _ = orthogonal_procrustes((embeddings - centre) @ axes, reference)
    return lambda points: (points - centre) @ axes @ turn
