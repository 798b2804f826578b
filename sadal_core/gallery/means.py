"""Points of a gallery that are means of several faces, so that none of them is anybody.

The features of a single face are enough to draw a likeness of it again; the mean over several
faces of one age gives what these have in common. Letters: N points, F features.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery.pictures import disjoint_groups


@dataclass(frozen=True)
class Means:
    """Points, each the mean of the faces of a group.

    Attributes:
        ids: age and number of each group; no name of a face.
        ages: of all faces of a group, in whole years.
        features: mean of the backbone's over the group.
        members: positions of the faces of each group, one face per unit.
    """

    ids: Shaped[np.ndarray, " points"]
    ages: Int[np.ndarray, " points"]
    features: Float[np.ndarray, "points features"]
    members: list[Int[np.ndarray, " _group"]]


def means_of(
    ages: Int[np.ndarray, " faces"],
    units: Int[np.ndarray, " faces"],
    features: Float[np.ndarray, "faces features"],
    embeddings: Float[np.ndarray, "faces dim"],
    fewest: int,
) -> Means:
    r"""Faces of one age that lie near each other in the metric, in groups, and their means.

    .. math:: \bar x_g = \frac{1}{|g|} \sum_{m \in g} x_m, \qquad |g| \ge \text{fewest}

    Every unit is in one group, so that no difference of two means shows fewer than `fewest` faces.
    Ages with fewer units are left out.

    Args:
        ages: in whole years.
        units: number of the unit (subject, duplicate group) of each face.
        features: of the backbone.
        embeddings: in the metric.
        fewest: in a group, at least 2.

    Raises:
        ConfigError: `fewest` is smaller.
        DataError: no age has so many units.

    Reference: microaggregation, after Domingo-Ferrer and Mateo-Sanz, IEEE TKDE 2002.
    """
    if fewest < 2:
        raise ConfigError(f"A mean is taken of at least 2 faces, got {fewest}.")
    first = np.unique(units, return_index=True)[1]
    ids, members = [], []
    for age in np.unique(ages[first]).tolist():
        of_age = first[ages[first] == age]
        if len(of_age) < fewest:
            continue
        groups = disjoint_groups(embeddings[of_age], fewest)
        ids += [f"mean {age}-{number:03d}" for number in range(len(groups))]
        members += [of_age[group] for group in groups]
    if not members:
        raise DataError(f"No age has {fewest} different faces to take a mean of. Give more faces.")
    return Means(
        np.array(ids),
        ages[[group[0] for group in members]],
        np.stack([features[group].mean(axis=0) for group in members]),
        members,
    )
