"""The nearest samples of each point: exact where that is quick, approximate where it is not.

Letters: N samples, M points, D dimensions, K neighbours. Exact search looks at all M N pairs
(scikit-learn); approximate search follows a graph of neighbours (pynndescent; Dong, Moses and Li,
"Efficient K-Nearest Neighbor Graph Construction for Generic Similarity Measures", WWW 2011) in
about N log N. `benchmarks/neighbours.py` measures what it misses.
"""

import warnings
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors

EXACT_PAIRS: Final = 400_000_000  # of samples and points, such as 20,000 times 20,000
_GRAPH: Final = 30  # neighbours in the graph at least; fewer lose the way
_WIDTH: Final = 0.2  # of the search along the graph; more finds more, and takes longer
_SEED: Final = 0

Space = Float[np.ndarray, "samples dim"]
Points = Float[np.ndarray, "points dim"]
Found = Int[np.ndarray, "rows k"]


def nearest(space: Space, k: int, points: Points | None = None) -> Found:
    """Positions of the k nearest samples of each, near to far; exact up to `EXACT_PAIRS` pairs.

    Args:
        space: the samples.
        k: how many, fewer than there are samples.
        points: whose neighbours; by default those of the samples, each without itself.
    """
    search = exactly if is_quick(len(space), space if points is None else points) else approximately
    return search(space, k, points)


def is_quick(samples: int, points: Points) -> bool:
    """Whether an exact search among so many samples is a matter of seconds."""
    return samples * len(points) <= EXACT_PAIRS


def exactly(space: Space, k: int, points: Points | None = None) -> Found:
    """As `nearest`, whatever it takes."""
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(space)
    return search.kneighbors(points, return_distance=False)


def approximately(space: Space, k: int, points: Points | None = None) -> Found:
    """As `nearest`, a few of them missed, and the same ones whenever it is asked."""
    index = Index(space, k)
    return index.of_samples() if points is None else index.of(points)


class Index:
    """Samples with a graph of their neighbours, which takes seconds to minutes to build."""

    def __init__(self, space: Space, k: int) -> None:
        """Build the graph.

        Args:
            space: the samples, at least two.
            k: neighbours that will be asked for, fewer than there are samples.
        """
        self._space, self._k = space, k
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old numpy, and graphs that lead nowhere
            from pynndescent import NNDescent  # takes seconds, and few need it

            self._graph: Any = NNDescent(
                space.astype(np.float32, copy=False),
                n_neighbors=min(max(k + 1, _GRAPH), len(space)),
                random_state=_SEED,
            )

    def of_samples(self) -> Found:
        """The k nearest others of each sample."""
        rows = np.arange(len(self._space))
        # A copy of a sample may have put it out of the first place.
        found = _others(self._graph.neighbor_graph[0], rows, self._k).astype(np.int64)
        lost = _lost(found)
        if len(lost):
            found[lost] = _others(
                exactly(self._space, self._k + 1, self._space[lost]), lost, self._k
            )
        return found

    def of(self, points: Points) -> Found:
        """The k nearest samples of each point."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self._graph.query(points.astype(np.float32), self._k, epsilon=_WIDTH)[0]
        found, lost = found.astype(np.int64), _lost(found)
        if len(lost):
            found[lost] = exactly(self._space, self._k, points[lost])
        return found


def recall(found: Found, exact: Found) -> float:
    """Mean share of the exact neighbours that were found, from 0 to 1."""
    shared = [len(np.intersect1d(a, b)) for a, b in zip(found, exact, strict=True)]
    return float(np.mean(shared) / exact.shape[1])


def _lost(found: Int[np.ndarray, "rows k"]) -> Int[np.ndarray, " lost"]:
    """Rows in which the graph led nowhere."""
    return np.flatnonzero((found < 0).any(axis=1))


def _others(found: Int[np.ndarray, "rows more"], rows: Int[np.ndarray, " rows"], k: int) -> Found:
    own = found == rows[:, None]
    return np.take_along_axis(found, np.argsort(own, axis=1, kind="stable"), axis=1)[:, :k]
