"""Features of stored crops, computed once per backbone and kept: what the metric stage reads.

Letters: N samples, V views (as it is, mirrored), F features.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sadal_core.data.crops import Crops
from sadal_core.errors import DataError
from sadal_core.kept import kept_array
from sadal_core.model import AgeModel

VIEWS = 2
_BATCH = 64


@dataclass(frozen=True)
class FeatureSet:
    """Backbone features of faces with known ages.

    Attributes:
        features: of every view of every face.
        ages: in years.
        units: subject or duplicate group of each face; views of one unit belong together.
    """

    # Axes of their own, because lengths are compared in plain words below.
    features: Float[Tensor, "samples views features"]
    ages: Float[np.ndarray, " ages"]
    units: Int[np.ndarray, " units"]

    def __post_init__(self) -> None:
        """Refuse features that cannot be learned from.

        Raises:
            DataError: the numbers differ, there are none, or a feature is not finite.
        """
        counts = len(self.features), len(self.ages), len(self.units)
        if len(set(counts)) > 1 or counts[0] == 0:
            raise DataError(f"Features, ages and units must be as many and some, got {counts}.")
        broken = ~torch.isfinite(self.features).flatten(1).all(dim=1)  # NVF -> N
        if bool(broken.any()):
            raise DataError(
                f"The features of {int(broken.sum())} of {counts[0]} faces are not finite, first "
                f"those of face {int(broken.nonzero()[0])}. Leave these faces out."
            )

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.ages)

    @property
    def plain(self) -> Float[Tensor, "samples features"]:
        """Mean over the views of each face: what a model reads the age off."""
        return self.features.mean(dim=1)

    def select(self, chosen: Bool[np.ndarray, " samples"]) -> "FeatureSet":
        """The faces for which `chosen` is true."""
        return FeatureSet(
            self.features[torch.from_numpy(chosen)], self.ages[chosen], self.units[chosen]
        )


def joined(parts: list[FeatureSet]) -> FeatureSet:
    """Several data sets as one, with units that no two of them share."""
    offsets = np.cumsum([0] + [int(part.units.max()) + 1 for part in parts[:-1]])
    return FeatureSet(
        torch.cat([part.features for part in parts]),
        np.concatenate([part.ages for part in parts]),
        np.concatenate([part.units + offset for part, offset in zip(parts, offsets, strict=True)]),
    )


def feature_set(
    model: AgeModel,
    crops: Crops,
    cache: Path | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> FeatureSet:
    """Features of `crops`, from the file `cache` where it is of this backbone and these faces.

    Args:
        model: its backbone is used, in eval.
        crops: of one data set.
        cache: read, and written where it is missing or of something else; None keeps nothing.
        progress: told the faces done and the faces in all.

    Raises:
        DataError: see `FeatureSet`.
    """
    features = kept_array(
        cache,
        features_key(model, crops),
        lambda: torch.cat(list(_computed(model, crops, progress))).numpy(),
    )
    progress(len(crops.ages), len(crops.ages))
    return FeatureSet(torch.from_numpy(features), crops.ages, units(crops))


def units(crops: Crops) -> Int[np.ndarray, " samples"]:
    """Subject of each face where every subject is known, otherwise its duplicate group."""
    subjects = [sample.subject for sample in crops.samples]
    if not all(subjects):
        return crops.groups
    return np.unique(subjects, return_inverse=True)[1].reshape(-1)


@torch.inference_mode()
def backbone_features(
    model: AgeModel, images: np.ndarray
) -> Float[Tensor, "samples views features"]:
    """Features of stored or cut crops and of their mirror images, on the processor."""
    device = model.head.weight.device
    return model.views(model.spec.preprocess(images, device)).cpu()


def _computed(
    model: AgeModel, crops: Crops, progress: Callable[[int, int], object]
) -> Iterator[Float[Tensor, "batch views features"]]:
    for start in range(0, len(crops.images), _BATCH):
        yield backbone_features(model, crops.images[start : start + _BATCH])
        progress(min(start + _BATCH, len(crops.images)), len(crops.images))


def features_key(model: AgeModel, crops: Crops) -> str:
    """Says which backbone, which scaling of its input and which faces features belong to."""
    seen = f"{model.spec.mean} {model.spec.std} {model.spec.white}"
    faces = f"{crops.dataset} {crops.labels} {crops.images.shape}"
    digest = hashlib.sha256(f"{faces} {seen}".encode())
    for name, value in model.backbone.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
