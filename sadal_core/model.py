"""The network that ships: a backbone, and what reads a distribution over ages off its features.

Trained on ages alone it reads with a linear head. After the metric stage the features go through
the metric, and a ranker reads the age off the embedding; the linear head stays as the control.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from sadal_core.ages import OLDEST, median
from sadal_core.backbones import BACKBONES
from sadal_core.calibration import Calibration
from sadal_core.metric import MetricModel
from sadal_core.rankers import Ranker
from sadal_core.settings import check_choice

_LEAST = 1e-12  # probability; below it a ranker's zeros have no logarithm


Engine = Callable[[Tensor], Tensor]  # faces (B, 3, side, side) to features, like the backbone


class Prediction(NamedTuple):
    """What the network says about aligned crops, as arrays.

    Attributes:
        features: of the backbone, over the face and its mirror image.
        embeddings: of unit length; the space in which distances are taken.
        ages: estimates in years.
        probabilities: distributions over `ages.GRID`, from which intervals are cut.
    """

    features: Float[np.ndarray, "batch features"]
    embeddings: Float[np.ndarray, "batch dim"]
    ages: Float[np.ndarray, " batch"]
    probabilities: Float[np.ndarray, "batch ages"]


class AgeModel(nn.Module):
    """Faces to features, to an embedding, and to logits over the age grid.

    The head is linear: p(age | x) = softmax(W x + b), as in DLDL (Gao et al. 2017, eq. 1).

    Attributes:
        spec: geometry and scaling of the input.
        metric: the learned metric; without one the embedding is the features at unit length.
        engine: runs the backbone at inference in place of PyTorch, where it is set.
        ranker: reads the age off the embedding; without one the head reads it off the features.
        temperature: divides the logits (Guo et al., "On Calibration of Modern Neural Networks",
            ICML 2017, eq. 9); 1 in models that have a calibration.
        calibration: gives intervals the coverage they claim, in every decade.
    """

    def __init__(self, backbone: str, *, dropout: float = 0.0) -> None:
        super().__init__()
        check_choice("backbone", backbone, BACKBONES)
        self.backbone_name = backbone
        self.spec = BACKBONES[backbone]
        self.backbone = self.spec.build()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.spec.features, OLDEST + 1)
        self.temperature = 1.0
        self.engine: Engine | None = None
        self.calibration: Calibration | None = None
        self.metric: MetricModel | None = None
        self.ranker: Ranker | None = None

    def forward(self, faces: Float[Tensor, "batch 3 side side"]) -> Float[Tensor, "batch ages"]:
        """Logits of the head over the age grid, before the temperature (the age stage)."""
        return self.head(self.dropout(self.backbone(faces)))

    def features(
        self, faces: Float[Tensor, "batch 3 side side"]
    ) -> Float[Tensor, "batch features"]:
        """Mean features of each face and of its mirror image, which is as old."""
        return self.views(faces).mean(dim=1)

    def views(self, faces: Float[Tensor, "batch 3 side side"]) -> Float[Tensor, "batch 2 features"]:
        """Features of each face and of its mirror image."""
        both = torch.cat([faces, faces.flip(3)])
        made = self.backbone(both) if self.engine is None else self.engine(both)
        return made.view(2, len(faces), -1).transpose(0, 1)

    def embed(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch dim"]:
        """Embedding of features, of unit length."""
        return functional.normalize(features) if self.metric is None else self.metric(features)

    def logits(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch ages"]:
        """What the ages are read with, before the temperature: log p up to a constant per row."""
        return self._read(features, self.embed(features))

    def _read(
        self, features: Float[Tensor, "batch features"], embeddings: Float[Tensor, "batch dim"]
    ) -> Float[Tensor, "batch ages"]:
        if self.ranker is None:
            return self.head(features)
        if len(embeddings) == 0:
            return features.new_empty((0, OLDEST + 1))
        probabilities = self.ranker.predict_proba(embeddings.double().cpu().numpy())
        return torch.from_numpy(probabilities).clamp_min(_LEAST).log().to(features)

    def distributions(
        self, logits: Float[Tensor, "batch ages"]
    ) -> tuple[Float[np.ndarray, " batch"], Float[np.ndarray, "batch ages"]]:
        """Ages in years, and calibrated distributions whose rows sum to 1.

        The age is the median, because it is measured by its absolute error, and it is taken before
        the calibration: what makes the intervals of the old hold their ages would move their
        medians too, and those of others whose faces look alike.
        """
        read = torch.softmax(logits.double() / self.temperature, dim=1).cpu().numpy()
        return median(read), read if self.calibration is None else self.calibration(read)

    @torch.inference_mode()
    def predict(self, crops: UInt8[np.ndarray, "batch side side 3"]) -> Prediction:
        """Features, embeddings and ages of aligned crops; the model must be in eval."""
        features = self.features(self.spec.preprocess(crops))
        embeddings = self.embed(features)
        ages, probabilities = self.distributions(self._read(features, embeddings))
        return Prediction(features.numpy(), embeddings.numpy(), ages, probabilities)
