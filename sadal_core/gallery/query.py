"""Questions to a gallery: who is near, which quadruplet, what lies in a selection.

Arrays only, without torch. Distances are squared Euclidean, as everywhere in SADAL. Rows of
generated negatives come in pairs: quadruplet q has its younger one in row q and its older one
in row q + A, with A quadruplets.
"""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from sadal_core.errors import DataError
from sadal_core.gallery.stored import Gallery

_BLOCK: Final = 1024  # samples looked at in one step, so that the differences stay in the cache


class Near(NamedTuple):
    """Samples near to something, near to far.

    Attributes:
        samples: their positions.
        distances: squared, in the space that was asked for.
    """

    samples: Int[np.ndarray, " near"]
    distances: Float[np.ndarray, " near"]


class Quadruplet(NamedTuple):
    """One stored quadruplet.

    Attributes:
        number: q.
        anchor: position of the sample i.
        positive: position of the sample j, of the same age.
        younger: position of the negative k.
        older: position of the negative l.
        rows: of the generated younger and older negative.
    """

    number: int
    anchor: int
    positive: int
    younger: int
    older: int
    rows: tuple[int, int]


def squared_distances(
    point: Float[np.ndarray, " dim"], samples: Float[np.ndarray, "samples dim"]
) -> Float[np.ndarray, " samples"]:
    """From one point to each sample, taken from differences, so that a copy is at 0 exactly."""
    distances = np.empty(len(samples))
    for start in range(0, len(samples), _BLOCK):
        rows = slice(start, start + _BLOCK)
        distances[rows] = ((samples[rows].astype(np.float64) - point) ** 2).sum(axis=1)
    return distances


def near(
    point: Float[np.ndarray, " dim"],
    samples: Float[np.ndarray, "samples dim"],
    count: int,
    *,
    without: int | None = None,
) -> Near:
    """The samples nearest to a point, ties by position.

    Args:
        point: in the space of the samples.
        samples: where to look.
        count: how many; fewer where there are fewer.
        without: position of a sample to leave out: the point itself.
    """
    distances = squared_distances(point, samples)
    if without is not None:
        distances[without] = np.inf
    count = min(count, len(samples) - (without is not None))
    if count == 0:
        return Near(np.empty(0, np.int64), np.empty(0))
    # Only what may be among the nearest is sorted, with all that is as far as the last of them.
    some = np.flatnonzero(distances <= np.partition(distances, count - 1)[count - 1])
    order = some[np.argsort(distances[some], kind="stable")][:count]
    return Near(order, distances[order])


def quadruplet(gallery: Gallery, number: int) -> Quadruplet:
    """Quadruplet `number` of the gallery.

    Raises:
        DataError: there is none of this number.
    """
    total = quadruplets(gallery)
    if not 0 <= number < total:
        raise DataError(f"There is no quadruplet {number}; the gallery has {total}.")
    anchor, positive, source = (gallery.negatives[n] for n in ("anchor", "positive", "source"))
    return Quadruplet(
        number,
        int(anchor[number]),
        int(positive[number]),
        int(source[number]),
        int(source[number + total]),
        (number, number + total),
    )


def quadruplets(gallery: Gallery) -> int:
    """A, the number of quadruplets."""
    return gallery.generated // 2


def anchored_by(gallery: Gallery, sample: int) -> Quadruplet | None:
    """The quadruplet whose anchor is this sample; None where its age allows none."""
    anchors = gallery.negatives["anchor"][: quadruplets(gallery)]
    found = np.flatnonzero(anchors == sample)
    return quadruplet(gallery, int(found[0])) if len(found) else None


def hardness(negatives: "dict[str, np.ndarray]") -> Float[np.ndarray, " rows"]:
    r"""How far each generated negative stays below the distance demanded of it.

    .. math:: h = d^* - d_f(x_i, \tilde x_k)

    with d* the distance at which the metric's hinge is met; above 0 the hinge acts.
    """
    return negatives["demanded"] - negatives["distance_after"]


def hardest_first(gallery: Gallery, age: int | None = None) -> Int[np.ndarray, " numbers"]:
    """Numbers of the quadruplets, those with the hardest generated negative first.

    Args:
        gallery: whose.
        age: of the anchor in whole years; None is any.
    """
    total = quadruplets(gallery)
    hard = hardness(dict(gallery.negatives)).reshape(2, total).max(axis=0)
    order = np.argsort(-hard, kind="stable")
    if age is None:
        return order
    return order[gallery.negatives["anchor_age"][:total][order] == age]


def pairs_within(
    samples: Int[np.ndarray, " samples"], rng: np.random.Generator, *, most: int = 3000
) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """All pairs of different samples, or `most` random ones of them where there are more."""
    count = len(samples)
    if count < 2:
        nothing = np.empty(0, np.int64)
        return nothing, nothing
    if count * (count - 1) // 2 <= most:
        first, second = np.triu_indices(count, 1)
    else:
        first = rng.integers(0, count, most)
        second = (first + rng.integers(1, count, most)) % count
    return samples[first], samples[second]


def medoid(vectors: Float[np.ndarray, "samples dim"]) -> int:
    """Position of the sample nearest to the mean of all."""
    return int(squared_distances(vectors.mean(axis=0), vectors).argmin())
