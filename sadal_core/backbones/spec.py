"""What has to be known about a backbone to feed it correctly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from sadal_core.faces.align import CropSpec, centre
from sadal_core.faces.exposure import WHITE, exposed

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class Backbone(nn.Module):
    """A network in stages, ended by global average pooling."""

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """Parts from input to output, one per resolution change."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "batch 3 side side"]) -> Float[Tensor, "batch features"]:
        """Pooled features of normalised faces."""
        for stage in self.stages:
            x = stage(x)
        return x.mean(dim=(2, 3))


@dataclass(frozen=True)
class BackboneSpec:
    """A backbone's constructor together with its input geometry, scaling and origin.

    Attributes:
        build: makes the module with fresh weights; it maps (B, 3, size, size) to (B, features).
        features: length of the feature vector.
        crop: geometry of the aligned crop.
        mean: per-channel mean of the input in 0..1, subtracted.
        std: per-channel standard deviation, divided by.
        white: see `exposed`, which brightens dark faces; 0 leaves them as they are.
        source: paper and origin of the design.
    """

    build: Callable[[], Backbone]
    features: int
    source: str
    crop: CropSpec = CropSpec()
    mean: tuple[float, float, float] = _MEAN
    std: tuple[float, float, float] = _STD
    white: float = WHITE

    def preprocess(
        self,
        crops: UInt8[np.ndarray, "batch side side 3"],
        device: torch.device | str = "cpu",
    ) -> Float[Tensor, "b 3 s s"]:
        """Input of the backbone for aligned crops, stored (canvas) or already cut to size.

        The only way from pixels to this backbone: training, evaluation and the page share it.
        The pixels travel to `device` as bytes.
        """
        if crops.shape[1] == self.crop.canvas:
            crops = centre(crops, self.crop)
        lit = np.array([exposed(crop, self.white) for crop in crops], np.uint8)
        pixels = torch.from_numpy(lit.reshape(crops.shape)).to(device)
        pixels = pixels.permute(0, 3, 1, 2)  # BSS3 -> B3SS
        mean = torch.tensor(self.mean, device=device).view(1, 3, 1, 1) * 255
        std = torch.tensor(self.std, device=device).view(1, 3, 1, 1) * 255
        return ((pixels.float() - mean) / std).contiguous(memory_format=torch.channels_last)
