"""How far a map can be believed: what of the neighbourhoods survives, and how placing agrees.

Letters: N samples, D dimensions, P axes of the map, M new points.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float
from sklearn.manifold import trustworthiness

from sadal_core.gallery.placement import place
from sadal_core.neighbours import nearest, recall

NEIGHBOURS: Final = 15
_MOST: Final = 5000  # samples measured; trustworthiness holds all pairs

Space = Float[np.ndarray, "samples dim"]
Map = Float[np.ndarray, "samples axes"]


class Faithfulness(NamedTuple):
    """From 0 to 1, higher is better; NaN where there are too few samples.

    Attributes:
        trustworthiness: near on the map means near in the space (Venna and Kaski 2001).
        overlap: mean share of the 15 nearest in the space that are among the 15 nearest on the
            map.
    """

    trustworthiness: float
    overlap: float


class Agreement(NamedTuple):
    """How far placing and UMAP's `transform` end from each other, in shares of the diagonal.

    Attributes:
        points: how many new points were measured.
        median: of the distance between the two places.
        p90: its 90th percentile.
        own_median: between two runs of `transform` with different seeds: what UMAP itself leaves
            open.
        own_p90: the 90th percentile of that.
    """

    points: int
    median: float
    p90: float
    own_median: float
    own_p90: float


def faithfulness(space: Space, drawn: Map, rng: np.random.Generator) -> Faithfulness:
    """Of the map `drawn` of `space`; measured on at most 5,000 samples.

    Args:
        space: vectors.
        drawn: their places.
        rng: draws the samples that are measured.
    """
    some = np.sort(rng.permutation(len(space))[:_MOST])
    space, drawn = space[some], drawn[some]
    k = min(NEIGHBOURS, (len(space) - 1) // 2)  # trustworthiness is defined below N / 2
    if k < 1:
        return Faithfulness(float("nan"), float("nan"))
    near, shown = nearest(space, k), nearest(drawn, k)
    return Faithfulness(float(trustworthiness(space, drawn, n_neighbors=k)), recall(shown, near))


def agreement(fitted: Any, space: Space, points: Float[np.ndarray, "points dim"]) -> Agreement:
    """Of `placement.place` and the `transform` of a fitted UMAP on new points.

    Args:
        fitted: from `maps.umap_of`.
        space: what it was fitted on.
        points: not among them, at least one.
    """
    places = place(points, space, fitted.embedding_)
    seed = fitted.transform_seed
    first = fitted.transform(points)
    fitted.transform_seed = seed + 1
    second = fitted.transform(points)
    fitted.transform_seed = seed
    diagonal = float(np.linalg.norm(np.ptp(fitted.embedding_, axis=0)))
    ours = np.linalg.norm(places - first, axis=1) / diagonal
    own = np.linalg.norm(second - first, axis=1) / diagonal
    return Agreement(
        len(points),
        float(np.median(ours)),
        float(np.quantile(ours, 0.9)),
        float(np.median(own)),
        float(np.quantile(own, 0.9)),
    )
