"""Ages from learned local binary features, pooled to histograms by region.

Letters: N faces, P values of a patch.
"""

from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.ndimage import uniform_filter
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from sadal_core.errors import ConfigError, DataError
from sadal_core.methods.pixels.hashing import codes, dictionary, hash_functions
from sadal_core.methods.pixels.reduction import Reduction
from sadal_core.methods.pixels.subsample import spread
from sadal_core.rankers import OHRanker
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training

_REACH = 2  # steps from the centre of a patch to its edge: 5 x 5 values
_STRIDE = 2  # px between centres
_LEARNED_FROM = 1000  # faces that hash functions and dictionaries are learned from
_BATCH = 128
_ITERATIONS = 60  # of L-BFGS
_REGIONS = 4  # a side


def patch_differences(
    pictures: Float[np.ndarray, "faces side side"], scales: tuple[int, ...]
) -> Float[np.ndarray, "faces rows columns values"]:
    """Differences of 5 x 5 values to the middle one, around every second pixel.

    At a scale of s the picture is averaged over s x s px and the values lie s px apart. The
    scales lie side by side, with the same centres.

    Raises:
        DataError: the picture is too small for so many regions and so wide patches.
    """
    side, edge = pictures.shape[1], _REACH * max(scales)
    middle = np.arange(edge, side - edge, _STRIDE)
    if len(middle) < _REGIONS:
        raise DataError(f"Pictures of {side} px are too small for patches of {2 * edge + 1} px.")
    differences = []
    for scale in scales:
        window: Any = (1, scale, scale)
        smooth = uniform_filter(pictures, window, mode="nearest")
        steps = range(-_REACH * scale, _REACH * scale + 1, scale)
        centre = smooth[:, middle[:, None], middle]
        around = [pair for pair in product(steps, steps) if pair != (0, 0)]
        differences += [smooth[:, middle[:, None] + y, middle + x] - centre for y, x in around]
    return np.moveaxis(np.stack(differences), 0, -1)


class LocalBinaryRanker(AgeRegressor):
    """Hash functions and a dictionary for each of 4 x 4 regions, histograms, then OHRanker.

    Departs: only the abstract's idea is kept. The patches are of 5 x 5 differences to the middle
    pixel, the hash functions solve `hashing.hash_functions`, learned with the dictionaries from
    at most 1,000 faces at even steps through the order of their ages. Several scales share one
    set of hash functions, which reads them side by side, where the paper has a set for each.

    Reference: Lu, Liong and Zhou, "Cost-Sensitive Local Binary Feature Learning for Facial Age
    Estimation", TIP 2015.

    Attributes:
        weights_: W of `hashing.hash_functions` of each region.
        words_: `hashing.dictionary` of each region.
        ranker_: principal components and hyperplanes.
    """

    def __init__(
        self,
        scales: tuple[int, ...] = (1,),
        bits: int = 10,
        words: int = 40,
        tolerance: float = 10.0,
        C: float = 100.0,  # noqa: N803
        random_state: int = 0,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            scales: px between the values of a patch, at least one.
            bits: of a code.
            words: of a region's dictionary, at most.
            tolerance: of `hashing.age_costs`, in years.
            C: of `OHRanker`.
            random_state: seed of the dictionaries.
        """
        self.scales = scales
        self.bits = bits
        self.words = words
        self.tolerance = tolerance
        self.C = C
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> "LocalBinaryRanker":  # noqa: N803
        """Learn from square grey pictures (N, side * side), 0 to 255, and ages in years.

        Raises:
            DataError: see `checks.checked_training`; pictures that are not square or too small.
            ConfigError: a setting makes no sense.
        """
        if not self.scales or min(self.scales) < 1 or self.words < 1:
            raise ConfigError("There have to be scales and words, each at least 1.")
        pixels, ages = checked_training(self, X, y)
        pictures = _square(pixels)
        chosen = spread(ages, _LEARNED_FROM)
        self._learn(pictures[chosen], ages[chosen])
        ranker: Any = make_pipeline(Reduction(), OHRanker(C=self.C, iterations=_ITERATIONS))
        self.ranker_ = ranker.fit(self._histograms(pictures), ages)
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Ages in whole years."""
        check_is_fitted(self, "ranker_")
        return self.ranker_.predict(self._histograms(_square(checked(self, X))))

    def _learn(self, pictures: np.ndarray, ages: np.ndarray) -> None:
        self.weights_, self.words_ = [], []
        for region in _regions(patch_differences(pictures, self.scales)):
            patches = region.reshape(-1, region.shape[-1])
            of_faces = np.repeat(ages, region.shape[1])
            settings: Any = {"bits": self.bits, "tolerance": self.tolerance}
            weights = hash_functions(patches.astype(np.float64), of_faces, **settings)
            self.weights_.append(weights.astype(np.float32))
            seen = codes(patches, self.weights_[-1])
            chosen: Any = {"bits": self.bits, "words": self.words, "seed": self.random_state}
            self.words_.append(dictionary(seen, **chosen))

    def _histograms(self, pictures: np.ndarray) -> np.ndarray:
        """Shares of the words in each region, side by side: (N, regions * words)."""
        made = []
        for start in range(0, len(pictures), _BATCH):
            regions = _regions(patch_differences(pictures[start : start + _BATCH], self.scales))
            learned = zip(regions, self.weights_, self.words_, strict=True)
            words = [table[codes(patches, weights)] for patches, weights, table in learned]
            shares = [(one[..., None] == np.arange(self.words)).mean(axis=1) for one in words]
            made.append(np.concatenate(shares, axis=1))
        return np.concatenate(made)


def _square(pixels: Float[np.ndarray, "faces pixels"]) -> Float[np.ndarray, "faces side side"]:
    """Pictures, 0 to 1."""
    side = round(pixels.shape[1] ** 0.5)
    if side * side != pixels.shape[1]:
        raise DataError(f"{pixels.shape[1]} pixels are no square picture.")
    return (pixels.reshape(-1, side, side) / 255).astype(np.float32)


def _regions(patches: np.ndarray) -> list[np.ndarray]:
    """Patches (N, rows, columns, P) as 4 x 4 arrays (N, patches, P)."""
    rows = np.array_split(patches, _REGIONS, axis=1)
    blocks = [block for row in rows for block in np.array_split(row, _REGIONS, axis=2)]
    return [block.reshape(len(block), -1, block.shape[-1]) for block in blocks]
