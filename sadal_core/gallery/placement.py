"""Where a new point goes on a map that is already there, without the library that drew it.

Letters: M new points, N samples of the map, D dimensions, P axes of the map.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from sadal_core.neighbours import approximately, is_quick

NEIGHBOURS: Final = 15
_BLOCK: Final = 4_000_000  # distances held at a time
_NEAR: Final = 1e-12  # squared distance below which a point is its neighbour

_Block = tuple[slice, np.ndarray, np.ndarray]  # rows of points, positions and squared distances


def place(
    points: Float[np.ndarray, "points dim"],
    samples: Float[np.ndarray, "samples dim"],
    coordinates: Float[np.ndarray, "samples axes"],
    *,
    neighbours: int = NEIGHBOURS,
) -> Float[np.ndarray, "points axes"]:
    r"""The mean of the places of the nearest samples, near ones weighing more (Shepard 1968).

    .. math::
        p(z) = \frac{\sum_n w_n p_n}{\sum_n w_n}, \qquad w_n = \frac1{d(z, z_n)}

    over the nearest n, with d the squared distance. UMAP's own `transform` starts from such a
    mean too and then moves the point for some epochs; `faithfulness.agreement` measures how far
    the two end from each other. Placing changes no other point, and a sample of the map lies
    where it is.

    Args:
        points: in the space in which `samples` are.
        samples: those that the map shows, at least one.
        coordinates: their places.
        neighbours: how many are averaged; fewer where there are fewer.
    """
    k = min(neighbours, len(samples))
    placed = np.empty((len(points), coordinates.shape[1]), coordinates.dtype)
    for rows, near, distances in _found(points, samples, k):
        weights = 1 / np.maximum(distances, _NEAR)
        weights /= weights.sum(axis=1, keepdims=True)
        placed[rows] = np.einsum("mk,mkp->mp", weights, coordinates[near])
    return placed


def _found(points: np.ndarray, samples: np.ndarray, k: int) -> Iterator[_Block]:
    """The nearest samples of some points at a time: exact, or approximate where there are many."""
    quick = is_quick(len(samples), points)
    found = None if quick else approximately(samples, k, points)
    step = max(1, _BLOCK // (len(samples) if quick else k * points.shape[1]))
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        if found is None:
            distances = cdist(points[rows], samples, "sqeuclidean")
            near = np.argpartition(distances, k - 1, axis=1)[:, :k]
            yield rows, near, np.take_along_axis(distances, near, axis=1)
        else:
            differences = points[rows, None].astype(np.float64) - samples[found[rows]]  # M K D
            yield rows, found[rows], (differences**2).sum(axis=2)


def place_on(
    name: str,
    points: Float[np.ndarray, "points dim"],
    samples: Float[np.ndarray, "samples dim"],
    coordinates: Float[np.ndarray, "samples axes"],
) -> Float[np.ndarray, "points axes"]:
    """`place` on a map by its name; on a linear one, such as "after-pca", exactly instead.

    Args:
        name: of the map.
        points: as in `place`.
        samples: as in `place`.
        coordinates: as in `place`.
    """
    if not name.endswith("pca"):
        return place(points, samples, coordinates)
    centre = samples.mean(axis=0, dtype=np.float64)  # in 32 bits rounding adds a direction
    # Of all linear maps that give these coordinates the smallest one, which is PCA's.
    axes = np.linalg.lstsq(samples - centre, coordinates, rcond=None)[0]
    return ((points - centre) @ axes + coordinates.mean(axis=0)).astype(coordinates.dtype)
