"""Pictures of a gallery: own thumbnails or k-same averages, and the sheet that holds them all.

Letters: N pictures, T side of a tile in px.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8
from sklearn.neighbors import NearestNeighbors

from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery.stored import Sheet

FEWEST_AVERAGED: Final = 30
TILE: Final = 64
LARGEST_SHEET: Final = 8192  # px, side of a picture that browsers hold without trouble


def k_same(
    image: Callable[[int], UInt8[np.ndarray, "side side 3"]],
    embeddings: Float[np.ndarray, "faces dim"],
    units: Int[np.ndarray, " faces"],
    shown: Float[np.ndarray, "shown dim"],
    *,
    k: int = FEWEST_AVERAGED,
) -> UInt8[np.ndarray, "shown side side 3"]:
    r"""For each shown place the mean picture of the group of at least k faces nearest to it.

    .. math:: \bar I_g = \frac{1}{|g|} \sum_{m \in g} I_m

    Every unit is in one group, with one picture. So two means are either the same or have no face
    in common, and no difference of means shows fewer than k faces.

    Args:
        image: aligned picture of a face by its position, all of equal size.
        embeddings: of all faces.
        units: number of the unit (subject, duplicate group) of each.
        shown: places in the same space to make a picture for.
        k: at least `FEWEST_AVERAGED`.

    Raises:
        ConfigError: k is smaller.
        DataError: there are fewer than k units.

    Reference: Newton, Sweeney and Malin, "Preserving privacy by de-identifying face images",
    IEEE TKDE 2005. What it proves, that no picture is matched by more than 1/k, holds as far as
    units are known: copies that are not known as such, and other pictures of one person, count as
    others, so that a k above 30 leaves room for them.
    """
    if k < FEWEST_AVERAGED:
        raise ConfigError(f"A k-same picture averages at least {FEWEST_AVERAGED} faces, got {k}.")
    first = np.unique(units, return_index=True)[1]
    if len(first) < k:
        raise DataError(
            f"A k-same picture averages {k} different faces, and there are "
            f"{len(first)}. Give more faces, or show their own pictures."
        )
    groups = [first[group] for group in disjoint_groups(embeddings[first], k)]
    centres = np.stack([embeddings[group].mean(axis=0) for group in groups])
    search = NearestNeighbors(n_neighbors=1).fit(centres)
    nearest = search.kneighbors(shown, return_distance=False)[:, 0]
    made = {
        number: np.rint(np.mean([image(face) for face in groups[number].tolist()], axis=0))
        for number in np.unique(nearest).tolist()
    }
    return np.stack([made[number] for number in nearest.tolist()]).astype(np.uint8)


def disjoint_groups(
    places: Float[np.ndarray, "units dim"], k: int
) -> list[Int[np.ndarray, " group"]]:
    """Positions in groups of k to 2k - 1 that lie near each other; all in one below 2k.

    Halved across the direction of greatest spread, as long as both halves keep k.
    """
    done, open_parts = [], [np.arange(len(places))]
    while open_parts:
        part = open_parts.pop()
        if len(part) < 2 * k:
            done.append(part)
            continue
        centred = places[part] - places[part].mean(axis=0)
        direction = np.linalg.svd(centred, full_matrices=False)[2][0]
        order = part[np.argsort(centred @ direction, kind="stable")]
        open_parts += np.array_split(order, 2)
    return done


def sheet(pictures: UInt8[np.ndarray, "shown side side 3"], *, tile: int = TILE) -> Sheet:
    """All pictures, shrunk to tiles, on one sheet that is about square.

    Where there are many, tiles are smaller, so that the sheet stays within `LARGEST_SHEET`.
    """
    columns = max(1, int(np.ceil(np.sqrt(len(pictures)))))
    tile = max(1, min(tile, LARGEST_SHEET // columns))
    rows = max(1, -(-len(pictures) // columns))
    image = np.zeros((rows * tile, columns * tile, 3), np.uint8)
    for place, picture in enumerate(pictures):
        top, left = tile * (place // columns), tile * (place % columns)
        small = cv2.resize(picture, (tile, tile), interpolation=cv2.INTER_AREA)
        image[top : top + tile, left : left + tile] = small
    return Sheet(image, columns, tile)
