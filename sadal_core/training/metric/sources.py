"""Where the features of a batch come from: stored ones, or a backbone that learns along.

Which view of a face is taken is drawn for a whole batch; it is made by whoever works on that face.
"""

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sadal_core.features import FeatureSet, backbone_features
from sadal_core.model import AgeModel
from sadal_core.training.augment import augment
from sadal_core.training.faces import FaceSet

Positions = Int[np.ndarray, " rows"]
Views = Int[np.ndarray, " rows"]
Features = Float[Tensor, "rows features"]


@runtime_checkable
class Source(Protocol):
    """Faces of one side of the split."""

    ages: np.ndarray
    backbone: nn.Module | None  # what learns with the metric, if anything does

    def views(self, count: int, rng: np.random.Generator) -> Views:
        """A random view for each of `count` faces."""
        ...

    def varied(self, positions: Positions, views: Views) -> Features:
        """Features of these views of the faces, with a graph where the backbone learns."""
        ...

    def plain(self, positions: Positions) -> Features:
        """Mean features of the views of each face, without a graph."""
        ...


class StoredFeatures:
    """Features computed once; a random view is the face or its mirror image."""

    backbone: nn.Module | None = None

    def __init__(self, faces: FeatureSet) -> None:
        self.ages = faces.ages
        self._features = faces.features

    def views(self, count: int, rng: np.random.Generator) -> Views:
        """The face, or its mirror image."""
        return rng.integers(0, self._features.shape[1], count)

    def varied(self, positions: Positions, views: Views) -> Features:
        """Features of the face or of its mirror image."""
        return self._features[torch.from_numpy(positions), torch.from_numpy(views)]

    def plain(self, positions: Positions) -> Features:
        """Mean features of the face and of its mirror image."""
        return self._features[torch.from_numpy(positions)].mean(dim=1)


class LiveFaces:
    """Crops that are varied and run through the backbone of `model`, which learns along.

    Its batch statistics stay as they are: a batch of quadruplets is no sample of all faces.
    """

    def __init__(self, model: AgeModel, faces: FaceSet) -> None:
        self.ages = faces.ages
        self.backbone: nn.Module | None = model.backbone.eval()
        model.engine = None  # it runs the weights of before
        self._model = model
        self._faces = faces

    def views(self, count: int, rng: np.random.Generator) -> Views:
        """Seeds of the changes of each face."""
        return rng.integers(0, 2**62, count)

    def varied(self, positions: Positions, views: Views) -> Features:
        """Features of a varied view of each face."""
        spec = self._model.spec
        made = [
            augment(self._faces.image(face), spec.crop, np.random.default_rng(seed))
            for face, seed in zip(positions.tolist(), views.tolist(), strict=True)
        ]
        return self._model.backbone(spec.preprocess(np.stack(made), self._model.head.weight.device))

    def plain(self, positions: Positions) -> Features:
        """Mean features of the face and of its mirror image, in batches."""
        starts = range(0, len(positions), 64)
        return torch.cat([self._plain(positions[start : start + 64]) for start in starts])

    def _plain(self, positions: Positions) -> Features:
        images = np.stack([self._faces.image(i) for i in positions.tolist()])
        return backbone_features(self._model, images).mean(dim=1)
