"""The faces of a run: cached crops of several data sets, and their split."""

from dataclasses import dataclass

import numpy as np

from sadal_core.data.crops import Crops
from sadal_core.errors import DataError


@dataclass(frozen=True)
class FaceSet:
    """Crops with ages, from one or more data sets."""

    images: list[np.ndarray]
    ages: np.ndarray
    where: np.ndarray  # (N, 2): which array of `images`, which row

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.ages)

    def image(self, index: int) -> np.ndarray:
        """Stored crop of one face."""
        part, row = self.where[index]
        return self.images[part][row]


def face_sets(parts: list[Crops], *, fraction: float, seed: int) -> tuple[FaceSet, FaceSet]:
    """Training and validation faces of several data sets.

    Raises:
        DataError: a side is empty, so that nothing could be learned or measured.
    """
    splits = [crops.holdout(fraction=fraction, seed=seed) for crops in parts]
    train = side_of(parts, [split.train for split in splits])
    validation = side_of(parts, [split.validation for split in splits])
    for name, side in (("train on", train), ("measure on", validation)):
        if len(side) == 0:
            raise DataError(f"The split leaves no faces to {name}. Give more pictures.")
    return train, validation


def side_of(parts: list[Crops], masks: list[np.ndarray]) -> FaceSet:
    """The faces for which the mask of their data set is true."""
    where = [
        np.stack([np.full(mask.sum(), part), np.flatnonzero(mask)], axis=1)
        for part, mask in enumerate(masks)
    ]
    ages = [crops.ages[mask] for crops, mask in zip(parts, masks, strict=True)]
    return FaceSet([crops.images for crops in parts], np.concatenate(ages), np.concatenate(where))
