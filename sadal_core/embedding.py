"""The metric head f: from features to the embedding in which distances are taken."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sadal_core.errors import ConfigError


class EmbeddingHead(nn.Module):
    r"""Embedding of features, :math:`f(x) = (W x + b) / |W x + b|`.

    Departs: the released head is linear only. At unit length squared distances end at 4, which
    keeps the hinges from being met by scale alone.

    Attributes:
        normalise: whether embeddings have unit length; without it f(x) = W x + b.
    """

    def __init__(self, features: int, dim: int = 100, *, normalise: bool = True) -> None:
        """Build the head.

        Args:
            features: length of a feature vector, at least 1.
            dim: length of an embedding, at least 1 (100 in the released code).
            normalise: see the attribute.

        Raises:
            ConfigError: a length below 1.
        """
        super().__init__()
        if min(features, dim) < 1:
            raise ConfigError(f"An embedding needs lengths of at least 1, got {features}, {dim}.")
        self.normalise = normalise
        self.linear = nn.Linear(features, dim)

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch dim"]:
        """Embeddings, one row per row of features."""
        embedding = self.linear(features)
        return functional.normalize(embedding, dim=1) if self.normalise else embedding
