"""The learned metric as one module: standardised features x, the head f and the generator G.

Letters: B batch, F features, D dimensions of the embedding.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sadal_core.embedding import EmbeddingHead
from sadal_core.errors import ConfigError, DataError
from sadal_core.generator import HardNegativeGenerator

_LEAST_SPREAD = 1e-3  # a feature that hardly varies is not blown up to unit variance


class MetricModel(nn.Module):
    r"""From features of the backbone to the embedding in which distances are taken.

    .. math:: x_m = (b_m - \mu_m) / (\sigma_m \sqrt F), \qquad e = f(x)

    with the backbone's features b, and mean and deviation of the training faces. So :math:`|x|^2`
    is 1 on average, and the terms of G in features have the scale of its term in the metric.

    Attributes:
        head: f.
        generator: G; None where the metric was learned from real negatives only.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, features: int, *, dim: int = 100, generator: str = "none", hidden: int = 256
    ) -> None:
        """Build the networks with fresh weights and the identity as standardisation.

        Args:
            features: F, at least 1.
            dim: D, at least 1.
            generator: name in `generator.GENERATORS`, or "none".
            hidden: width of the generator's hidden layer.

        Raises:
            ConfigError: an unknown generator, or a width below 1.
        """
        super().__init__()
        if features < 1:
            raise ConfigError(f"A metric needs at least 1 feature, got {features}.")
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.full((features,), 1 / math.sqrt(features)))
        self._hidden = hidden
        self.head = EmbeddingHead(features, dim)
        self.generator = (
            None
            if generator == "none"
            else HardNegativeGenerator(features, kind=generator, hidden=hidden)
        )

    def shape(self) -> dict[str, Any]:
        """The arguments that build a metric with these widths."""
        net = self.generator
        return {
            "features": len(self.mean),
            "dim": self.head.linear.out_features,
            "generator": "none" if net is None else net.kind,
            "hidden": self._hidden,
        }

    @torch.no_grad()
    def standardise_to(self, features: Float[Tensor, "samples features"]) -> None:
        """Take mean and deviation from these features of training faces.

        Raises:
            DataError: there are fewer than two samples, or a feature is not finite.
        """
        if len(features) < 2 or not bool(torch.isfinite(features).all()):
            raise DataError(
                "A metric needs finite features of at least two faces. Leave out the others."
            )
        deviation = features.std(dim=0).clamp_min(_LEAST_SPREAD)  # BF -> F
        self.mean.copy_(features.mean(dim=0))
        self.scale.copy_(1 / (deviation * math.sqrt(features.shape[1])))

    def standardise(
        self, features: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch features"]:
        """X of the backbone's features: what f and G take."""
        return (features - self.mean) * self.scale

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch dim"]:
        """Embedding of the backbone's features, of unit length."""
        return self.head(self.standardise(features))
