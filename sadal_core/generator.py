"""The hard-negative generator G: from a real negative to a synthetic one near the anchor.

G works on features x, before the metric head f; see `objective` for what it is trained on.
Letters: B batch, F features.
"""

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sadal_core.errors import ConfigError
from sadal_core.quadruplets import Negatives, Roles
from sadal_core.settings import check_choice


class HardNegativeGenerator(nn.Module):
    r"""Features of a synthetic negative, :math:`\tilde x_k = G([x_k; x_i; x_j])`.

    One set of weights serves the younger and the older negative, as in the released code.

    Attributes:
        kind: name in `GENERATORS`.
    """

    def __init__(self, features: int, *, kind: str = "mlp", hidden: int | None = None) -> None:
        """Build the network.

        Args:
            features: length of a feature vector, at least 1.
            kind: name in `GENERATORS`.
            hidden: width of the hidden layer; as wide as the features by default.

        Raises:
            ConfigError: an unknown kind, or a width below 1.
        """
        super().__init__()
        check_choice("generator", kind, GENERATORS)
        width = features if hidden is None else hidden
        if min(features, width) < 1:
            raise ConfigError(f"A generator needs widths of at least 1, got {features}, {width}.")
        self.kind = kind
        self.net = GENERATORS[kind](features, width)

    def forward(
        self,
        negative: Float[Tensor, "batch features"],
        anchor: Float[Tensor, "batch features"],
        positive: Float[Tensor, "batch features"],
    ) -> Float[Tensor, "batch features"]:
        """Features of one synthetic negative for each real one."""
        return self.net(torch.cat([negative, anchor, positive], dim=1))  # BF, BF, BF -> B3F

    def both(self, features: Roles) -> Negatives:
        r"""Features of the synthetic younger and older negatives of each quadruplet.

        Departs: the released code feeds :math:`[x_l; x_i; x_j]` for the older one too, although
        the printed G holds it against x_j. Nothing then tells G which of the two to approach, so
        here the one that a negative is held against comes first: :math:`[x_l; x_j; x_i]`.
        """
        anchor, positive, younger, older = features
        return Negatives(self(younger, anchor, positive), self(older, positive, anchor))


class Midpoint(nn.Module):
    r"""What G_hard and G_reg alone lead to, without weights: :math:`(x_k + x_i) / 2`."""

    def forward(self, triple: Float[Tensor, "batch triple"]) -> Float[Tensor, "batch features"]:
        """Midpoints of negative and anchor, from `[negative; anchor; positive]`."""
        negative, anchor, _ = triple.chunk(3, dim=1)  # B3F -> BF, BF, BF
        return (negative + anchor) / 2


def _mlp(features: int, hidden: int) -> nn.Module:
    """Departs: the released code has no activation; without one G is linear interpolation."""
    return nn.Sequential(nn.Linear(3 * features, hidden), nn.ReLU(), nn.Linear(hidden, features))


def _linear(features: int, hidden: int) -> nn.Module:
    """As released: two linear layers without an activation."""
    return nn.Sequential(nn.Linear(3 * features, hidden), nn.Linear(hidden, features))


def _midpoint(features: int, hidden: int) -> nn.Module:
    return Midpoint()


GENERATORS: Final[dict[str, Callable[[int, int], nn.Module]]] = {
    "mlp": _mlp,
    "linear": _linear,
    "midpoint": _midpoint,
}
