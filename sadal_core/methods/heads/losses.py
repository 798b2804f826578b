r"""Losses of a softmax over the age grid, one value per sample. No sums, no means.

Each takes the logits (B, A), the true ages in years (B,) and `strength`, the one setting that its
paper leaves open. p is the softmax of the logits, E = sum_k k p_k its expectation.

Letters: B batch, A number of ages in the grid (101).
"""

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.ages import OLDEST, expectation, gaussian_labels

Logits = Float[Tensor, "batch ages"]
Rows = Float[Tensor, " batch"]

_SIGMA = 2.0  # years, of DLDL-v2's label distributions
_VARIANCE_SHARE = 0.05 / 0.2  # of the mean-variance loss: lambda_2 / lambda_1 in the paper


def cross_entropy(logits: Logits, ages: Rows, *, strength: float) -> Rows:
    r"""Cross-entropy of the age in whole years, :math:`-\log p_y`; it has no strength."""
    years = (ages + 0.5).floor().clamp(0, OLDEST).long()
    return torch.nn.functional.cross_entropy(logits, years, reduction="none")


def soft_cross_entropy(logits: Logits, labels: Logits) -> Rows:
    r"""Cross-entropy of label distributions, :math:`-\sum_k D_k \log p_k`."""
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


def gaussian(logits: Logits, ages: Rows, *, strength: float) -> Rows:
    r"""Cross-entropy of `gaussian_labels`, with sigma in years the `strength`.

    It is the loss of `rankers.ExpectationRanker` too, which takes embeddings as they are.

    Reference: Gao et al., "Deep Label Distribution Learning with Label Ambiguity", TIP 2017.
    """
    return soft_cross_entropy(logits, gaussian_labels(ages, sigma=strength))


def dldl_v2(logits: Logits, ages: Rows, *, strength: float) -> Rows:
    r"""Label distribution and expectation learned jointly.

    .. math:: KL(D_y \| p) + \lambda |E - y|

    with D_y a Gaussian of 2 years around y and lambda the `strength`, 1 in the paper. The
    entropy of D_y, which no parameter changes, is left out.

    Reference: Gao et al., "Age Estimation Using Expectation of Label Distribution Learning",
    IJCAI 2018.
    """
    off = expectation(torch.softmax(logits, dim=1)) - ages
    return gaussian(logits, ages, strength=_SIGMA) + strength * off.abs()


def mean_variance(logits: Logits, ages: Rows, *, strength: float) -> Rows:
    r"""Cross-entropy, with a mean near the age and a small variance around the mean.

    .. math:: -\log p_y + \lambda_1 \tfrac12 (E - y)^2
        + \lambda_2 \sum_k p_k (k - E)^2

    with lambda_1 the `strength`, 0.2 in the paper, and lambda_2 a quarter of it as there.

    Reference: Pan et al., "Mean-Variance Loss for Deep Age Estimation from a Face", CVPR 2018.
    """
    p = torch.softmax(logits, dim=1)
    mean = expectation(p)
    grid = torch.arange(OLDEST + 1, dtype=logits.dtype)
    variance = (p * (grid - mean[:, None]).square()).sum(dim=1)  # BA, (A, B1 -> BA) -> B
    off = (mean - ages).square() / 2
    hard = cross_entropy(logits, ages, strength=strength)
    return hard + strength * (off + _VARIANCE_SHARE * variance)


def sord_labels(ages: Rows, *, alpha: float) -> Logits:
    r"""Soft labels that fall with the distance to the true age.

    .. math:: D_k(y) = \frac{e^{-\phi(y, k)}}{\sum_j e^{-\phi(y, j)}}, \qquad
        \phi(y, k) = \alpha |y - k|

    Args:
        ages: true ages in years, clipped to the grid.
        alpha: per year.
    """
    grid = torch.arange(OLDEST + 1, dtype=ages.dtype)
    away = (grid - ages.clamp(0, OLDEST)[:, None]).abs()  # A, B1 -> BA
    return torch.softmax(-alpha * away, dim=1)


def sord(logits: Logits, ages: Rows, *, strength: float) -> Rows:
    r"""Cross-entropy of SORD's soft labels, with alpha the `strength`; see `sord_labels`.

    Departs: phi is the absolute difference times alpha. The squared one makes a Gaussian, which
    is learned from elsewhere.

    Reference: Diaz and Marathe, "Soft Labels for Ordinal Regression", CVPR 2019.
    """
    return soft_cross_entropy(logits, sord_labels(ages, alpha=strength))


LOSSES: Final[dict[str, Callable[..., Rows]]] = {
    "cross_entropy": cross_entropy,
    "gaussian": gaussian,
    "dldl_v2": dldl_v2,
    "mean_variance": mean_variance,
    "sord": sord,
}
