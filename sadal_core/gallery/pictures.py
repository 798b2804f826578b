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
_BLOCK: Final = 256  # faces whose neighbours are looked for at a time


def k_same(
    image: Callable[[int], UInt8[np.ndarray, "side side 3"]],
    embeddings: Float[np.ndarray, "faces dim"],
    units: Int[np.ndarray, " faces"],
    shown: Int[np.ndarray, " shown"],
    *,
    k: int = FEWEST_AVERAGED,
) -> UInt8[np.ndarray, "shown side side 3"]:
    r"""For each shown face the mean of the k faces nearest in the metric, itself among them.

    .. math:: \bar I_n = \frac1k \sum_{m \in N_k(n)} I_m

    The k faces are of k different units: copies of one picture would weigh more than 1/k.

    Args:
        image: aligned picture of a face by its position, all of equal size.
        embeddings: of all faces.
        units: number of the unit (subject, duplicate group) of each.
        shown: positions of the faces to make a picture for.
        k: at least `FEWEST_AVERAGED`.

    Raises:
        ConfigError: k is smaller.
        DataError: there are fewer than k units.

    Reference: Newton, Sweeney and Malin, "Preserving privacy by de-identifying face images",
    IEEE TKDE 2005. There disjoint groups of k are averaged, which bounds how often a picture can
    be matched by 1/k; here every face has its own k neighbours, which comes close to that, but
    is no proof: copies that are not known as such, and other pictures of one person, count as
    others, so that a k above 30 leaves room for them.
    """
    if k < FEWEST_AVERAGED:
        raise ConfigError(f"A k-same picture averages at least {FEWEST_AVERAGED} faces, got {k}.")
    if len(np.unique(units)) < k:
        raise DataError(
            f"A k-same picture averages {k} different faces, and there are "
            f"{len(np.unique(units))}. Give more faces, or show their own pictures."
        )
    repeats = int(np.bincount(units - units.min()).max())
    wanted = min(len(units), k * repeats)  # among so many there are k different units
    search = NearestNeighbors(n_neighbors=wanted, algorithm="brute").fit(embeddings)
    made = []
    for start in range(0, len(shown), _BLOCK):
        rows = shown[start : start + _BLOCK]
        found = search.kneighbors(embeddings[rows], return_distance=False)
        for near in np.column_stack([rows, found]):  # itself first, even where a copy is as near
            first = np.sort(np.unique(units[near], return_index=True)[1])[:k]
            mean = np.mean([image(face) for face in near[first].tolist()], axis=0)
            made.append(np.rint(mean).astype(np.uint8))
    return np.stack(made)


def sheet(pictures: UInt8[np.ndarray, "shown side side 3"], *, tile: int = TILE) -> Sheet:
    """All pictures, shrunk to tiles, on one sheet that is about square."""
    columns = max(1, int(np.ceil(np.sqrt(len(pictures)))))
    rows = max(1, -(-len(pictures) // columns))
    image = np.zeros((rows * tile, columns * tile, 3), np.uint8)
    for place, picture in enumerate(pictures):
        top, left = tile * (place // columns), tile * (place % columns)
        small = cv2.resize(picture, (tile, tile), interpolation=cv2.INTER_AREA)
        image[top : top + tile, left : left + tile] = small
    return Sheet(image, columns, tile)
