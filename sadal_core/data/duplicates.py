"""Groups of pictures that show the same photograph, so that no split separates them."""

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

HASH_BITS = 256
NEAR = 40  # differing bits of 256; crops of different photographs differ in 56 and more
_CHUNK = 2048


def perceptual_hash(crop: UInt8[np.ndarray, "side side 3"]) -> UInt8[np.ndarray, " 32"]:
    """256 bits that survive scaling, recompression and small shifts of `crop`.

    The signs of the 16 x 16 lowest frequencies of the cosine transform, against their median
    (pHash; Zauner 2010, section 3.2.1, with 16 x 16 coefficients for 8 x 8).
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:16, :16].ravel()
    return np.packbits(low > np.median(low))


def duplicate_groups(
    hashes: UInt8[np.ndarray, "samples 32"], *, near: int = NEAR
) -> Int[np.ndarray, " samples"]:
    """Group number of each sample: hashes within `near` bits are joined, transitively."""
    signs = np.unpackbits(hashes, axis=1).astype(np.float32) * 2 - 1
    rows, columns = [], []
    for start in range(0, len(signs), _CHUNK):
        # For +-1 vectors the inner product is HASH_BITS - 2 * Hamming distance.
        agreement = signs[start : start + _CHUNK] @ signs.T
        row, column = np.nonzero(agreement >= HASH_BITS - 2 * near)
        rows.append(row + start)
        columns.append(column)
    row = np.concatenate(rows) if rows else np.empty(0, int)
    column = np.concatenate(columns) if columns else np.empty(0, int)
    links = coo_matrix((np.ones(len(row), bool), (row, column)), shape=(len(signs),) * 2)
    return connected_components(links, directed=False)[1].astype(np.int64)


def conflicting(
    groups: Int[np.ndarray, " samples"], ages: Float[np.ndarray, " samples"], *, tolerance: float
) -> np.ndarray:
    """True for samples whose group's ages differ by more than `tolerance` years."""
    count = int(groups.max(initial=-1)) + 1
    oldest, youngest = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(oldest, groups, ages)
    np.minimum.at(youngest, groups, ages)
    return (oldest - youngest > tolerance)[groups]
