"""What the lab learns from: the faces of a gallery, or a toy of two features.

Letters: N samples, F features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.decomposition import PCA

from sadal_core.errors import ConfigError
from sadal_core.features import FeatureSet
from sadal_core.gallery.stored import Gallery
from sadal_core.metric import MetricModel
from sadal_core.training.metric.sources import StoredFeatures

_HELD_OUT: Final = 10  # every tenth sample, in order of age
_TOY_SAMPLES, _TOY_OLDEST, _TOY_SEED = 750, 69, 0
_TOY_NOISE, _TOY_TURN = 0.12, 0.6  # of the feature that tells the age; in radians


@dataclass(frozen=True)
class LabFaces:
    """Samples with known ages, in two parts.

    Attributes:
        name: in `LAB_DATA`.
        features: of all samples.
        ages: in whole years.
        held_out: positions of the samples that are only measured on; the others are learned from.
    """

    name: str
    features: Float[np.ndarray, "samples features"]
    ages: Int[np.ndarray, " samples"]
    held_out: Int[np.ndarray, " held_out"]

    @cached_property
    def learned(self) -> Int[np.ndarray, " learned"]:
        """Positions of the samples that are learned from, rising."""
        return np.setdiff1d(np.arange(len(self.ages)), self.held_out)

    @cached_property
    def x(self) -> Float[np.ndarray, "samples features"]:
        """All samples as f and G take them: standardised to those that are learned from."""
        space = MetricModel(self.features.shape[1], dim=1)
        features = torch.from_numpy(self.features)
        space.standardise_to(features[torch.from_numpy(self.learned)])
        return space.standardise(features).numpy()

    @cached_property
    def plane(self) -> PCA:
        """The plane in which x varies most; it is x itself where there are two features."""
        return PCA(2, random_state=0).fit(self.x[self.learned])

    def source(self, positions: Int[np.ndarray, " some"]) -> StoredFeatures:
        """Some of the samples, as the metric stage reads them."""
        features = torch.from_numpy(self.features[positions])
        ages = self.ages[positions].astype(np.float64)
        return StoredFeatures(FeatureSet(features[:, None], ages, np.arange(len(positions))))


def split_by_age(
    name: str, features: Float[np.ndarray, "samples features"], ages: Int[np.ndarray, " samples"]
) -> LabFaces:
    """Hold every tenth sample out, of the samples in order of age, so that all ages are in both."""
    order = np.argsort(ages, kind="stable")
    return LabFaces(name, features, ages, np.sort(order[_HELD_OUT // 2 :: _HELD_OUT]))


def faces_of(gallery: Gallery | None) -> LabFaces:
    """The real faces of a gallery, before SADAL.

    Raises:
        ConfigError: there is no gallery.
    """
    if gallery is None:
        raise ConfigError("There is no gallery to take faces from. Take the toy instead.")
    return split_by_age("faces", gallery.features.astype(np.float32), gallery.ages)


def toy(gallery: Gallery | None = None) -> LabFaces:
    r"""Two features: one direction tells the age, the other varies as much and tells nothing.

    With ages y from 0 to 69, :math:`u = y / 35 - 1 + .12\,n_1` and :math:`v = .6\,n_2` with
    normal n, turned together by .6 radians, so that neither axis is the answer.
    """
    rng = np.random.default_rng(_TOY_SEED)
    ages = np.arange(_TOY_SAMPLES) % (_TOY_OLDEST + 1)
    told = ages / ((_TOY_OLDEST + 1) / 2) - 1 + _TOY_NOISE * rng.standard_normal(len(ages))
    untold = 0.6 * rng.standard_normal(len(ages))
    cos, sin = np.cos(_TOY_TURN), np.sin(_TOY_TURN)
    features = np.stack([cos * told - sin * untold, sin * told + cos * untold], axis=1)
    return split_by_age("toy", features.astype(np.float32), ages)


LAB_DATA: Final[dict[str, Callable[[Gallery | None], LabFaces]]] = {"faces": faces_of, "toy": toy}
