"""The network that ships: a backbone and a head that reads a distribution over ages."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from sadal_core.ages import OLDEST
from sadal_core.backbones import BACKBONES
from sadal_core.settings import check_choice


class AgeModel(nn.Module):
    """Faces to features and to logits over the age grid.

    The head is linear: p(age | x) = softmax(W x + b), as in DLDL (Gao et al. 2017, eq. 1).

    Attributes:
        spec: geometry and scaling of the input.
        temperature: divides the logits, so that the intervals have the coverage they claim
            (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 9).
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

    def forward(self, faces: Float[Tensor, "batch 3 side side"]) -> Float[Tensor, "batch ages"]:
        """Logits over the age grid, before the temperature."""
        return self.head(self.dropout(self.backbone(faces)))

    @torch.inference_mode()
    def predict(
        self, crops: UInt8[np.ndarray, "batch side side 3"]
    ) -> tuple[Float[np.ndarray, "batch features"], Float[np.ndarray, "batch ages"]]:
        """Features and age distributions of aligned crops, as arrays; the model must be in eval.

        Rows of the second array sum to 1.
        """
        features = self.backbone(self.spec.preprocess(crops))
        probabilities = torch.softmax(self.head(features) / self.temperature, dim=1)
        return features.numpy(), probabilities.double().numpy()
