"""Which faces of a large set a gallery shows: all ages as evenly as the data allow."""

import numpy as np
from jaxtyping import Int

from sadal_core.errors import ConfigError

Positions = Int[np.ndarray, " chosen"]


def chosen_faces(
    ages: Int[np.ndarray, " faces"],
    units: Int[np.ndarray, " faces"],
    count: int,
    rng: np.random.Generator,
) -> Positions:
    """Positions of at most `count` faces, rising, one per unit, flat over the ages.

    Every age gives all its faces or the same number q, the largest with which the sum stays
    within `count`; what is left over goes, one each, to the ages that have more, youngest first.

    Args:
        ages: in whole years.
        units: number of the unit (subject, duplicate group) of each face.
        count: at least 1.
        rng: decides between the faces of an age.

    Raises:
        ConfigError: the count is below 1.
    """
    if count < 1:
        raise ConfigError(f"A gallery needs a count of at least 1 face, got {count}.")
    shuffled = rng.permutation(len(ages))
    first = np.unique(units[shuffled], return_index=True)[1]
    order = shuffled[np.sort(first)]  # one face per unit, in random order
    quota = _quotas(np.bincount(ages[order], minlength=1), count)
    kept = [order[ages[order] == age][: quota[age]] for age in np.flatnonzero(quota)]
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, np.int64)


def _quotas(available: Int[np.ndarray, " ages"], count: int) -> Int[np.ndarray, " ages"]:
    """How many of each age: level q, and one more for some."""
    level = 0
    while np.minimum(available, level + 1).sum() <= count and level < available.max():
        level += 1
    quota = np.minimum(available, level)
    more = np.flatnonzero(available > level)[: count - quota.sum()]
    quota[more] += 1
    return quota
