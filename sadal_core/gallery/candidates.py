"""The faces that a gallery is chosen from: of data sets, all or one side of the split."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt8

from sadal_core.data.crops import Crops
from sadal_core.errors import DataError
from sadal_core.faces.align import CropSpec, centre
from sadal_core.features import FeatureSet, joined
from sadal_core.quadruplets import whole_years
from sadal_core.training.faces import FaceSet, side_of
from sadal_core.training.finish import SplitSettings

SIDES: Final = ("all", "training", "held-out")


@dataclass(frozen=True)
class Candidates:
    """Faces that a gallery may show.

    Attributes:
        ids: data set and file name of each.
        ages: in whole years.
        units: number of the unit (subject, duplicate group) of each.
        features: of the backbone.
        images: the stored crops.
    """

    ids: Shaped[np.ndarray, " faces"]
    ages: Int[np.ndarray, " faces"]
    units: Int[np.ndarray, " faces"]
    features: Float[np.ndarray, "faces features"]
    images: FaceSet

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.ages)

    def picture(self, face: int, spec: CropSpec) -> UInt8[np.ndarray, "size size 3"]:
        """What the backbone sees of a face."""
        return centre(self.images.image(face), spec)


def candidates(
    parts: list[Crops], features: list[FeatureSet], side: str, split: SplitSettings | None
) -> Candidates:
    """Faces of `parts`, all of them or those of one side of the split.

    Args:
        parts: crops of the data sets.
        features: of the same.
        side: in `SIDES`.
        split: of the model; needed for every side but "all".

    Raises:
        DataError: there is no face on this side, or an age makes no sense.
    """
    masks = [_mask(crops, side, split) for crops in parts]
    if not any(mask.any() for mask in masks):
        raise DataError(f"There are no faces on the side {side!r} of the split. Give more faces.")
    kept = [f.select(mask) for f, mask in zip(features, masks, strict=True) if mask.any()]
    together = joined(kept)
    ids = [
        f"{crops.dataset}/{PurePosixPath(sample.name).name}"
        for crops, mask in zip(parts, masks, strict=True)
        for sample, wanted in zip(crops.samples, mask, strict=True)
        if wanted
    ]
    return Candidates(
        np.array(ids),
        whole_years(together.ages),
        together.units,
        together.plain.numpy(),
        side_of(parts, masks),
    )


def _mask(crops: Crops, side: str, split: SplitSettings | None) -> np.ndarray:
    if split is None or side == "all":
        return np.ones(len(crops.samples), bool)
    halves = crops.holdout(**split._asdict())
    return halves.train if side == "training" else halves.validation
